import { baselineId } from '../plan/plan.ts';
import { bestOfScreen, type Stage } from '../stats/measured.ts';
import { leastScreened, mostFinalists } from '../stats/screen.ts';
import type { Arm, Verdict } from '../stats/verdict.ts';
import type { RunRecord } from './record.ts';

/** A run as it ended: the verdict on its blocks, and the stable variants of the stage that it rests on. */
export type Ended = {
  readonly record: RunRecord;
  readonly verdict: Verdict;
  readonly stage: Stage;
  /** The baseline first. */
  readonly arms: readonly Arm[];
};

/**
 * The variants that a further attempt measures again, in the plan's order: where something was claimed, that and what is not
 * told from it; else the finalists that can still gain more than the practical margin. A run that never came to confirm
 * chose none, so that all of its variants are screened anew. Of more than go without a screen the best two, to which the
 * blocks measured so far are the screen. None of these blocks enters the new estimates.
 */
export function carriedOver({ record, verdict, stage, arms }: Ended): string[] {
  const [, ...others] = arms;
  if (stage === 'screen') return others.map(({ id }) => id);
  const { better, bestSet, comparisons } = verdict;
  const margin = Math.log1p(record.plan.practicalMargin);
  const possible = comparisons
    .filter(({ gain, constraint }) => constraint !== 'fails' && (gain === null || gain.upper > margin))
    .map(({ variantId }) => variantId);
  const wanted = better.length > 0 ? [verdict.pick, ...bestSet] : possible;
  const again = others.filter(({ id }) => id !== baselineId && wanted.includes(id));
  const left = again.length === 0 ? others : again;
  const kept = left.length <= leastScreened ? left : bestOfScreen(left, mostFinalists);
  return others.filter((arm) => kept.some(({ id }) => id === arm.id)).map(({ id }) => id);
}

/** The one of them that leads: the pick where it was claimed, else the best mean; null of none. */
export function leaderOf({ verdict, arms }: Ended, carried: readonly string[]): string | null {
  if (carried.includes(verdict.pick)) return verdict.pick;
  const own = arms.filter(({ id }) => carried.includes(id));
  return bestOfScreen(own, 1)[0]?.id ?? null;
}
