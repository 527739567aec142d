import { estimate } from '../stats/estimate.ts';
import { differences } from '../stats/paired.ts';
import type { SimulatedSweep } from '../stats/simulate-sweep.ts';
import type { Outcome } from './decision-procedures.ts';

/** Counts over many sweeps; they add up, so that threads can share the work. */
export type Tally = Readonly<Record<string, number>>;

export function add(a: Tally, b: Tally): Tally {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...keys].map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]));
}

/** What one sweep adds: a claim is correct if no variant in it is in truth no better than the baseline. */
export function tallyOf({ better, pick, blocks, trials, sweep }: Outcome, effects: readonly number[]): Tally {
  const baseline = effects[0] ?? 0;
  const wrong = better.some((arm) => (effects[arm] ?? 0) <= baseline + 1e-12);
  const loss = Math.exp(Math.max(...effects)) - Math.exp(effects[pick] ?? 0);
  return {
    sweeps: 1,
    false: count(wrong),
    correct: count(better.length > 0 && !wrong),
    within1: count(loss <= 0.01 + 1e-9),
    within2: count(loss <= 0.02 + 1e-9),
    blocks,
    trials,
    ...(sweep === undefined ? {} : coverage(sweep, effects)),
  };
}

/**
 * Whether the printed gains hold: all finalists at once, each by itself, and the one that leads when it ends; and of that
 * one the interval that one would compute for it alone, at 95 %.
 */
function coverage({ verdict, blocks }: SimulatedSweep, effects: readonly number[]): Tally {
  const truthOf = (id: string): number => (effects[Number(id)] ?? 0) - (effects[0] ?? 0);
  const within = (truth: number, interval: { lower: number; upper: number } | null): boolean =>
    interval !== null && interval.lower <= truth && truth <= interval.upper;
  const gains = verdict.comparisons.flatMap(({ variantId, gain }) =>
    gain === null ? [] : [{ variantId, point: gain.point, covered: within(truthOf(variantId), gain) }],
  );
  const leader = gains.toSorted((a, b) => b.point - a.point)[0];
  const confirmed = blocks.filter(({ stage }) => stage === 'confirm');
  const valuesOf = (id: string): number[] => confirmed.map(({ y }) => y.get(id) ?? Number.NaN);
  const alone = leader && estimate(differences(valuesOf(leader.variantId), valuesOf('0')), 0.95);
  return {
    simultaneous: count(gains.every(({ covered }) => covered)),
    gains: gains.length,
    gainsCovered: gains.filter(({ covered }) => covered).length,
    leadersCovered: count(leader?.covered === true),
    leadersAlone: count(leader !== undefined && within(truthOf(leader.variantId), alone ?? null)),
  };
}

function count(happened: boolean): number {
  return happened ? 1 : 0;
}
