import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { isLong } from '../testing/long.ts';
import { procedureRules } from './procedure.ts';
import { usualNoise } from './simulate.ts';
import { type CapacitySweep, simulateCapacity, simulatedLevels } from './simulate-capacity.ts';

/** 120 sweeps, in which a wrong figure shows if it is far off; thousands in the long run. */
const sweeps = isLong ? 4000 : 120;
const levels = simulatedLevels;

/** The limit lies anywhere from that of about 3 outstanding to that of about 48. */
function simulate(effects: readonly number[], firstSeed: number): CapacitySweep[] {
  return Array.from({ length: sweeps }, (_, index) => {
    const random = seededRandom(firstSeed + index);
    const limit = 1.79 * ((3 * 16 ** random.next() + 4) / 5);
    return simulateCapacity({ effects, levels, limit }, { noise: usualNoise, rules: procedureRules }, random);
  });
}

const shareOf = (all: readonly CapacitySweep[], holds: (sweep: CapacitySweep) => boolean): number =>
  all.filter(holds).length / all.length;

/** Three standard errors of a share. */
const slack = (share: number): number => 3 * Math.sqrt((share * (1 - share)) / sweeps);

for (const variants of [3, 10])
  test(`of sweeps for the capacity of ${variants + 1} equal variants at most about 5 % claim one`, () => {
    const all = simulate(Array<number>(variants + 1).fill(0), 30_000);
    const claims = shareOf(all, ({ verdict }) => verdict.better.length > 0);
    assert(claims > 0 && claims <= 0.05 + slack(0.05), `${claims}`);
    const above = shareOf(all, ({ choices }) => choices.some(({ level }) => (level ?? 0) > (choices[0]?.level ?? 0)));
    assert(above <= 0.05 + slack(0.05), `${above} have a variant above the baseline's level`);
  });

test('a variant with 20 % more capacity is mostly found, and is the only one claimed', () => {
  const all = simulate([0, 0, Math.log(1.2), 0, 0], 60_000);
  const found = shareOf(all, ({ verdict }) => verdict.pick === '2');
  assert(found >= 0.9 - slack(0.9), `${found}`);
  const wrong = shareOf(all, ({ verdict }) => verdict.better.some((id) => id !== '2'));
  assert(wrong <= 0.05 + slack(0.05), `${wrong}`);
});

test('a simulated sweep with a seed is the same each time', () => {
  const once = () =>
    simulateCapacity(
      { effects: [0, 0.1], levels, limit: 5 },
      { noise: usualNoise, rules: procedureRules },
      seededRandom(3),
    );
  assert.deepEqual(once(), once());
});
