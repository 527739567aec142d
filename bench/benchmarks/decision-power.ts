import type { Random } from '../random.ts';
import { procedureRules } from '../stats/procedure.ts';
import { resolution } from '../stats/resolution.ts';
import { type Noise, usualNoise } from '../stats/simulate.ts';
import { simulateSweep } from '../stats/simulate-sweep.ts';
import type { Tally } from './decision-tally.ts';

/** Independent normal blocks of 5 %: what the resolution is computed for. */
export const plainNoise: Noise = {
  ...usualNoise,
  runSd: 0.05,
  withinSd: 0,
  driftSd: 0,
  neighbourChance: 0,
  outlierShare: 0,
};

const remembered = new Map<number, number>();

/** The resolution that would be printed for `variantCount` variants at a residual sd of 5 % (natural log). */
export function printed(variantCount: number): number {
  const known = remembered.get(variantCount) ?? compute(variantCount);
  remembered.set(variantCount, known);
  return known;
}

function compute(variantCount: number): number {
  const { alpha, looks } = procedureRules;
  const plan = { residualSd: 0.05, variantCount, alpha, looks, confirmBlocks: looks.at(-1) ?? 0 };
  return resolution(plan) ?? Number.NaN;
}

/** Whether a sweep claims the single variant that is better by exactly that. */
export function claimedAtResolution(variantCount: number, random: Random): Tally {
  const effects = Array.from({ length: variantCount + 1 }, (_, arm) =>
    arm === variantCount ? printed(variantCount) : 0,
  );
  const { verdict, trials } = simulateSweep({ effects }, { noise: plainNoise, rules: procedureRules }, random);
  return { sweeps: 1, claimed: verdict.better.includes(String(variantCount)) ? 1 : 0, trials };
}
