import { type Arm, type ConstraintOutcome, constraintsOf } from './arm.ts';
import type { Estimate } from './estimate.ts';
import { holm } from './holm.ts';
import { compareWithBest, type DistanceToBest } from './mcb.ts';
import { pairedDifference, pGreater } from './paired.ts';
import type { Look } from './spending.ts';
import { studentUpperQuantile } from './student.ts';

/** A variant against the baseline and against the best, on the natural log scale. */
export type Comparison = {
  readonly variantId: string;
  /**
   * Gain over the baseline. Each side holds for all variants and looks at once with 1 - alpha, both sides together with
   * `confidence` = 1 - 2 alpha. Null below two blocks: a point is never shown without its interval.
   */
  readonly gain: Estimate | null;
  /** Holm-adjusted over the variants at this look; 1 below two blocks. */
  readonly pHolm: number;
  /** Claimed to be better than the baseline, at this look or an earlier one, whether its constraints hold or not. */
  readonly claimed: boolean;
  readonly inBestSet: boolean;
  /** Distance to the best variant among those whose constraints hold; null for the others and below two blocks. */
  readonly mcb: { readonly lower: number; readonly upper: number } | null;
  readonly constraint: ConstraintOutcome;
};

/** What one look at the data says about the gains over the baseline and about the best set. */
export type Evidence = {
  /** The Student quantile of every simultaneous bound of this look. */
  readonly critical: number;
  readonly comparisons: readonly Comparison[];
  /** Those that cannot be told from the best, among all whose constraints hold; the baseline may be one. */
  readonly bestSet: readonly Arm[];
};

/**
 * What `weigh` needs beside the data: the variants that confirm began with, claims so far, and the confidence of the
 * gains.
 */
export type Weighing = {
  readonly look: Look;
  readonly familySize: number;
  readonly claimed: ReadonlySet<string>;
  readonly confidence: number;
};

/** Holm-adjusted one-sided p values of "better than the baseline", in the order of `others`; at least two blocks. */
export function holmAgainst(baseline: Arm, others: readonly Arm[], familySize: number): number[] {
  return holm(
    others.map((arm) => pGreater(pairedDifference(arm.y, baseline.y))),
    familySize,
  );
}

/** Weighs the data of one look, which has at least two blocks. */
export function weigh(baseline: Arm, others: readonly Arm[], weighing: Weighing): Evidence {
  const { look, familySize, claimed, confidence } = weighing;
  const critical = studentUpperQuantile(look.alpha / familySize, look.blocks - 1);
  const eligible = [baseline, ...others].filter((arm) => constraintsOf(arm) === 'holds');
  const distances = compareWithBest(
    eligible.map(({ y }) => y),
    critical,
  );
  const distanceOf = (arm: Arm): DistanceToBest | undefined => distances[eligible.indexOf(arm)];
  const pHolm = holmAgainst(baseline, others, familySize);
  const comparisons = others.map((arm, index): Comparison => {
    const { mean: point, se } = pairedDifference(arm.y, baseline.y);
    const distance = distanceOf(arm);
    return {
      variantId: arm.id,
      gain: { point, lower: point - critical * se, upper: point + critical * se, confidence },
      pHolm: pHolm[index] ?? 1,
      claimed: claimed.has(arm.id),
      inBestSet: distance?.inBestSet ?? false,
      mcb: distance === undefined ? null : { lower: distance.lower, upper: distance.upper },
      constraint: constraintsOf(arm),
    };
  });
  return { critical, comparisons, bestSet: eligible.filter((arm) => distanceOf(arm)?.inBestSet) };
}

/** The comparisons where there are too few blocks to weigh anything. */
export function unweighed(others: readonly Arm[]): Comparison[] {
  return others.map((arm) => ({
    variantId: arm.id,
    gain: null,
    pHolm: 1,
    claimed: false,
    inBestSet: false,
    mcb: null,
    constraint: constraintsOf(arm),
  }));
}
