import { type Estimate, estimate } from './estimate.ts';
import { holm } from './holm.ts';
import { differences, pairedDifference, pGreater } from './paired.ts';

/**
 * One metric of one variant under two commits, measured in the same blocks: natural logs turned so that larger is
 * better.
 */
export type CommitPair = { readonly id: string; readonly before: readonly number[]; readonly after: readonly number[] };

export type GateRules = {
  /** The probability of any false flag among all pairs. */
  readonly alpha: number;
  /** ln of the practical margin: a smaller loss is not flagged. */
  readonly delta: number;
};

export type Regression = {
  readonly id: string;
  /** ln(after / before) with its two-sided interval at 1 - 2 alpha, for this pair alone; null below two blocks. */
  readonly change: Estimate | null;
  /** One-sided p value of "worse than before", Holm-adjusted over the pairs; 1 below two blocks. */
  readonly pHolm: number;
  /**
   * Significantly worse, and by more than the practical margin. To be measured again on fresh blocks before it counts.
   */
  readonly flagged: boolean;
};

/**
 * Looks for losses between two commits on interleaved blocks. A flag counts as a regression only if it repeats on fresh
 * blocks.
 */
export function flagRegressions(pairs: readonly CommitPair[], { alpha, delta }: GateRules): Regression[] {
  const adjusted = holm(
    pairs.map(({ before, after }) => (before.length < 2 ? 1 : pGreater(pairedDifference(before, after)))),
  );
  return pairs.map(({ id, before, after }, index) => {
    const change = estimate(differences(after, before), 1 - 2 * alpha);
    const pHolm = adjusted[index] ?? 1;
    return { id, change, pHolm, flagged: change !== null && pHolm <= alpha && change.point <= -delta };
  });
}
