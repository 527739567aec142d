import { type Arm, constraintsOf } from './arm.ts';
import { type Comparison, unweighed } from './evidence.ts';
import type { Look } from './spending.ts';

/**
 * Why nothing is claimed. `blocks`: no look has decided yet, and more are to come. `budget`, `looks`: used up.
 * `constraints`: whether the constraints hold keeps the better variants, or the baseline, from being picked.
 * `no-variants`: nothing to compare.
 * `requests`: too few in a block for the percentile that the objective names.
 * `no-level`: no variant but the baseline has a level at which the limits hold; `baseline-level`: that of the baseline is too high.
 */
export type Reason =
  | 'blocks'
  | 'budget'
  | 'looks'
  | 'constraints'
  | 'no-variants'
  | 'requests'
  | 'no-level'
  | 'baseline-level';

/** All numbers are on the natural log scale; JSON-safe, with null where there is no such number. */
export type Findings = {
  /** A variant's id; the baseline's where nothing is claimed. */
  readonly pick: string;
  /** Better than the baseline and within the constraints (W), best first. */
  readonly better: readonly string[];
  /** Not to be told from the best (S). */
  readonly bestSet: readonly string[];
  /** Better, and at most delta worse than the best (c), cheapest first. */
  readonly equivalent: readonly string[];
  /** The upper simultaneous bound of the largest gain among the variants that may still hold their constraints. */
  readonly largestPossibleGain: number | null;
  /** The largest half-width of a difference between two variants of the best set. */
  readonly resolution: number | null;
  /** Blocks that the verdict rests on. */
  readonly blocks: number;
  /**
   * Blocks that would decide with about 80 % power: those still to come while the run goes on, else those of a fresh
   * confirm.
   */
  readonly blocksNeeded?: number;
  /** Variants, perhaps the baseline, whose constraints are neither seen to hold nor to fail; never picked. */
  readonly undecided: readonly string[];
  /** The baseline fails its constraints, so that every variant that holds them counts as better. */
  readonly baselineFails: boolean;
  readonly comparisons: readonly Comparison[];
  /** The looks taken, each with the error probability that it spent. */
  readonly looks: readonly Look[];
  /** True once no further block may be measured for this decision. */
  readonly stop: boolean;
};

export type Verdict = Findings &
  (
    | { readonly kind: 'WINNER' | 'TIED_SET' | 'BETTER_TIED_AT_RESOLUTION'; readonly reason?: never }
    | { readonly kind: 'NO_IMPROVEMENT' | 'INCONCLUSIVE'; readonly reason?: Reason }
    /** Withdrawn by what was measured after the decision. */
    | { readonly kind: 'SHORT_SLICE_BIAS'; readonly reason?: never }
    | { readonly kind: 'INVALID'; readonly reason: string }
  );

/** What is known of the variants without weighing their blocks: nothing is better, the baseline is kept. */
export function emptyFindings(baseline: Arm, others: readonly Arm[]): Findings {
  return {
    pick: baseline.id,
    better: [],
    bestSet: [],
    equivalent: [],
    largestPossibleGain: null,
    resolution: null,
    blocks: baseline.y.length,
    undecided: [baseline, ...others].filter((arm) => constraintsOf(arm) === 'undecided').map(({ id }) => id),
    baselineFails: constraintsOf(baseline) === 'fails',
    comparisons: unweighed(others),
    looks: [],
    stop: false,
  };
}

/** The verdict on data that cannot be trusted; `reason` is a sentence for the user. */
export function invalid(reason: string, baselineId: string): Verdict {
  const findings = emptyFindings({ id: baselineId, cost: [], y: [] }, []);
  return { ...findings, kind: 'INVALID', reason, stop: true };
}
