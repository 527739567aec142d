import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { type Evidence, evidenceOf, noiseFrom, residualNoise } from './components.ts';
import { normalQuantile } from './normal.ts';
import { detectableDifference } from './power.ts';
import { procedureRules } from './procedure.ts';
import { resolution } from './resolution.ts';
import type { Noise as HostNoise } from './simulate.ts';
import { simulateSweep } from './simulate-sweep.ts';

const random = seededRandom(3);
const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
const [sliceSd, slices, blocks] = [0.08, 4, 30];

const steady: HostNoise = {
  runSd: 0,
  withinSd: 0,
  driftSd: 0,
  driftTrials: 1,
  neighbourChance: 0,
  neighbourLoss: 0,
  neighbourTrials: 1,
  outlierShare: 0,
  outlierLoss: 0,
};

/** Two variants, so many slices of each in every process, as a pilot has them: the last process has more where time allows. */
function pilotOf(slicesOf: readonly number[], blockSd: number): Evidence[] {
  const cell = (count: number): number[] => {
    const level = blockSd * normal();
    return Array.from({ length: count }, () => level + sliceSd * normal());
  };
  return evidenceOf([0, 1].map(() => slicesOf.map(cell)));
}

/** As a noise floor of an earlier day tells it. */
function floorOf(freedom: number, residualSd: number): Evidence {
  const squares = Array.from({ length: freedom }, () => (residualSd * normal()) ** 2).reduce((a, b) => a + b, 0);
  return { squares, freedom, block: 1, slice: 1 / slices };
}

/** In residual deviations; by freedom, in steps too small to matter. */
const resolutions = new Map<number, number>();
function unitResolution(freedom: number): number {
  const step = freedom === Number.POSITIVE_INFINITY ? freedom : Math.max(1, Math.round(2 * freedom) / 2);
  const plan = { ...procedureRules, residualSd: 1, freedom: step, variantCount: 1, confirmBlocks: blocks };
  const known = resolutions.get(step) ?? resolution(plan) ?? Number.NaN;
  resolutions.set(step, known);
  return known;
}

/** Sweeps whose one variant gains exactly what was printed before them: the share that claims it, and the mean of ln(printed / seen after). */
function sweepsAtResolution(
  count: number,
  ratioOf: () => number,
  evidence: (blockSd: number, sd: number) => Evidence[],
) {
  let [claimed, logs] = [0, 0];
  for (let sweep = 0; sweep < count; sweep += 1) {
    const blockSd = sliceSd * Math.sqrt(ratioOf());
    const trueSd = Math.sqrt(sliceSd ** 2 / slices + blockSd ** 2);
    const noise = noiseFrom(evidence(blockSd, trueSd));
    assert(noise !== null);
    const { residualSd, freedom } = residualNoise(noise, slices);
    const gain = residualSd * unitResolution(freedom);
    const { verdict } = simulateSweep(
      { effects: [0, gain] },
      { noise: { ...steady, runSd: trueSd }, rules: procedureRules },
      random,
    );
    claimed += verdict.better.length;
    const { alpha } = procedureRules;
    logs += Math.log(gain / detectableDifference(blocks, { alpha, residualSd: trueSd }));
  }
  return { power: claimed / count, agreement: Math.exp(logs / count) };
}

describe('the resolution that a pilot promises', () => {
  /** Most of the noise lies in the slices, as on the hosts that were seen. */
  const ratioOf = (): number => ([0, 0, 1 / 64, 1 / 16, 1 / 4] as const)[random.integer(5)] ?? 0;

  const whole = [2, 2, 8];

  it('is so from the least that three processes show', () => {
    const { power } = sweepsAtResolution(1_000, ratioOf, (blockSd) => pilotOf([2, 2, 2], blockSd));
    assert(power > 0.78 && power < 0.85, `${power}`);
  });

  it('is claimed in about 80 % of sweeps, and agrees with what the blocks then resolve', () => {
    const { power, agreement } = sweepsAtResolution(1_000, ratioOf, (blockSd) => pilotOf(whole, blockSd));
    assert(power > 0.78 && power < 0.85, `${power}`);
    assert(agreement > 1 && agreement < 1.25, `${agreement}`);
  });

  it('is so with the noise floor of an earlier day', () => {
    const { power, agreement } = sweepsAtResolution(1_000, ratioOf, (blockSd, sd) => [
      ...pilotOf(whole, blockSd),
      floorOf(16, sd),
    ]);
    assert(power > 0.78 && power < 0.85, `${power}`);
    assert(agreement > 0.95 && agreement < 1.15, `${agreement}`);
  });

  it('is so with one server process alone', () => {
    const { power } = sweepsAtResolution(1_000, ratioOf, (blockSd) => pilotOf([2], blockSd));
    assert(power > 0.78 && power < 0.85, `${power}`);
  });
});

describe('a resolution from an uncertain deviation', () => {
  const plan = { ...procedureRules, residualSd: 0.05, variantCount: 1, confirmBlocks: blocks };
  const percent = (freedom?: number): number =>
    Math.round(1e4 * (resolution(freedom === undefined ? plan : { ...plan, freedom }) ?? 0)) / 100;

  it('is larger the fewer degrees of freedom there are', () => {
    assert.deepEqual([percent(), percent(20), percent(8), percent(4)], [3.42, 3.55, 3.76, 4.18]);
  });
});
