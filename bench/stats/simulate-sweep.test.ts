import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { isLong } from '../testing/long.ts';
import { procedureRules } from './procedure.ts';
import { usualNoise } from './simulate.ts';
import { type SimulatedSweep, simulateSweep } from './simulate-sweep.ts';

/** 300 sweeps, in which a wrong figure shows if it is far off; thousands in the long run. */
const sweeps = isLong ? 4000 : 300;
const percent = (...effects: number[]): number[] => effects.map((effect) => Math.log(1 + effect / 100));
const seedLike = percent(0, 1, 3, 2, 0, 4, 2, 3, 3, 0, 6);
const equal = percent(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

const simulate = (effects: readonly number[], firstSeed: number): SimulatedSweep[] =>
  Array.from({ length: sweeps }, (_, index) =>
    simulateSweep({ effects }, { noise: usualNoise, rules: procedureRules }, seededRandom(firstSeed + index)),
  );

const shareOf = <T>(all: readonly T[], holds: (each: T) => boolean): number => all.filter(holds).length / all.length;

/** Three standard errors of a share. */
const slack = (share: number): number => 3 * Math.sqrt((share * (1 - share)) / sweeps);

test('of sweeps of eleven equal variants at most about 5 % claim one, and their gains are covered', () => {
  const all = simulate(equal, 10_000);
  const claims = shareOf(all, ({ verdict }) => verdict.better.length > 0);
  assert.ok(claims > 0 && claims <= 0.05 + slack(0.05), `${claims}`);
  const covered = shareOf(all, ({ verdict }) =>
    verdict.comparisons.every(({ gain }) => gain !== null && gain.lower <= 0 && gain.upper >= 0),
  );
  assert.ok(covered >= 0.9 - slack(0.9), `${covered}`);
});

test('sweeps like the one that began it mostly claim, rightly, and deploy one within 2 % of the best', () => {
  const all = simulate(seedLike, 50_000);
  const isFalse = (id: string): boolean => (seedLike[Number(id)] ?? 0) <= 0;
  const correct = shareOf(all, ({ verdict: { better } }) => better.length > 0 && !better.some(isFalse));
  const near = shareOf(all, ({ verdict: { pick } }) => Math.exp(seedLike[Number(pick)] ?? 0) >= 1.04 - 1e-9);
  const trials = all.reduce((sum, each) => sum + each.trials, 0) / all.length;
  assert.ok(correct >= 0.93 - slack(0.93), `${correct} correct`);
  assert.ok(near >= 0.82 - slack(0.82), `${near} within 2 %`);
  assert.ok(trials <= 115, `${trials} trials`);
});

test('a sweep with a seed is the same each time, and its trials are those of its blocks', () => {
  const once = () =>
    simulateSweep({ effects: seedLike }, { noise: usualNoise, rules: procedureRules }, seededRandom(3));
  const first = once();
  assert.deepEqual(once(), first);
  assert.equal(
    first.trials,
    first.blocks.reduce((sum, { y }) => sum + y.size, 0),
  );
  assert.equal(first.blocks.filter(({ stage }) => stage === 'screen').length, 7);
});
