import type { Arm } from './arm.ts';
import { lagOne } from './moments.ts';
import { carryOver, positionSlope, type SliceValue, trend } from './order-effects.ts';
import { outliers, outlierThreshold } from './outliers.ts';
import { differences, pairedDifference } from './paired.ts';
import { signFlipP } from './signflip.ts';
import { spreadRatios } from './spread.ts';
import { studentUpperQuantile } from './student.ts';

export type DiagnosticKind =
  | 'autocorrelation'
  | 'outlier'
  | 'sign-flip'
  | 'position'
  | 'carry-over'
  | 'drift'
  | 'unequal variance';

/**
 * A doubt about the assumptions behind a verdict; it never changes the verdict. `value` is beyond `threshold`: a
 * correlation, a modified z score, a p value, or a t value, by kind.
 */
export type Diagnostic = {
  readonly kind: DiagnosticKind;
  /** Absent where the doubt is about the run as a whole. */
  readonly variantId?: string;
  readonly value: number;
  readonly threshold: number;
  readonly advice: string;
};

/**
 * What the diagnostics look at: the arms of the decision, the ids of its claims, and the slices behind the confirm
 * blocks.
 */
export type Study = {
  readonly baseline: Arm;
  readonly others: readonly Arm[];
  readonly claimed: readonly string[];
  readonly alpha: number;
  readonly slices: readonly SliceValue[];
};

/** Every doubt that the data raise, each at a level of 5 % by itself: with many variants some are raised by chance. */
export function diagnose(study: Study): Diagnostic[] {
  return [
    ...study.others.flatMap((arm) => doubtsAbout(arm, study)),
    ...orderDoubts(study),
    ...drift(study.baseline),
    ...unequalVariance(study),
  ];
}

function doubtsAbout(arm: Arm, { baseline, claimed, alpha }: Study): Diagnostic[] {
  const variantId = arm.id;
  const d = differences(arm.y, baseline.y);
  if (d.length < 3 || pairedDifference(arm.y, baseline.y).se === 0) return [];
  const doubts: Diagnostic[] = [];
  const correlation = lagOne(d);
  const limit = 2 / Math.sqrt(d.length);
  if (Math.abs(correlation) > limit) {
    doubts.push({
      kind: 'autocorrelation',
      variantId,
      value: correlation,
      threshold: limit,
      advice: advice.autocorrelation,
    });
  }
  for (const { z } of outliers(d)) {
    doubts.push({ kind: 'outlier', variantId, value: z, threshold: outlierThreshold, advice: advice.outlier });
  }
  const p = claimed.includes(variantId) ? signFlipP(d) : null;
  if (p !== null && p > alpha) {
    doubts.push({ kind: 'sign-flip', variantId, value: p, threshold: alpha, advice: advice['sign-flip'] });
  }
  return doubts;
}

function orderDoubts({ baseline, others, slices }: Study): Diagnostic[] {
  const arms = [baseline, ...others];
  const slope = positionSlope(
    arms.map(({ y }) => y),
    meanPositions(arms, slices),
  );
  const position = slope === null ? [] : beyond('position', slope, 1);
  const carried = carryOver(slices);
  return [
    ...position,
    ...carried.flatMap((effect) =>
      beyond('carry-over', effect, carried.length).map((doubt) => ({ ...doubt, variantId: effect.variantId })),
    ),
  ];
}

/**
 * The level of the baseline over the blocks: interleaving takes a drift out of every comparison, but not out of the
 * absolute numbers.
 */
function drift({ y }: Arm): Diagnostic[] {
  const slope = trend(y);
  return slope === null ? [] : beyond('drift', slope, 1);
}

/** Of two variants only the noisier is named: the other is quieter by the same ratio. */
function unequalVariance({ slices }: Study): Diagnostic[] {
  const spreads = spreadRatios(slices);
  const noisier = spreads.length === 2 ? spreads.filter(({ t }) => t > 0) : spreads;
  return noisier.flatMap((spread) =>
    beyond('unequal variance', spread, noisier.length).map((doubt) => ({ ...doubt, variantId: spread.variantId })),
  );
}

function beyond(
  kind: DiagnosticKind,
  { t, degreesOfFreedom }: { readonly t: number; readonly degreesOfFreedom: number },
  tests: number,
): Diagnostic[] {
  const threshold = studentUpperQuantile(0.025 / tests, degreesOfFreedom);
  return Math.abs(t) > threshold ? [{ kind, value: t, threshold, advice: advice[kind] }] : [];
}

/** The mean place of each variant's slices in each block, by variant, then block, in the order of first appearance. */
function meanPositions(arms: readonly Arm[], slices: readonly SliceValue[]): number[][] {
  const blocks = [...new Set(slices.map(({ block }) => block))].sort((a, b) => a - b);
  return arms.map(({ id, y }) =>
    y.map((_, index) => {
      const places = slices.filter(({ block, variantId }) => variantId === id && block === blocks[index]);
      return places.reduce((sum, { order }) => sum + order, 0) / Math.max(1, places.length);
    }),
  );
}

const advice: Record<DiagnosticKind, string> = {
  autocorrelation:
    'Differences of successive blocks resemble each other, so the interval may be too narrow: use more slices per block, or fewer other jobs on the host.',
  outlier: 'One block differs much from the others and is kept: see what else the host did at that time.',
  'sign-flip': 'A test without the normal distribution does not support this claim: repeat it on more blocks.',
  position: 'Later places in a block measure differently: warm up for longer.',
  'carry-over':
    'What is measured just after this variant differs: warm up for longer, or put variants in force by restart.',
  'unequal variance':
    'Each comparison uses the noise of its own two variants, so claims stand; a noisy variant needs more blocks than the others.',
  drift:
    'The level of the host moved during the run. Comparisons are inside blocks and stand; absolute numbers are an average over the drift.',
};
