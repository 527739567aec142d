import type { ConstraintOutcome } from './arm.ts';
import { mean, standardDeviation } from './moments.ts';
import { studentUpperQuantile } from './student.ts';

/**
 * How many tests share the error: `alpha` over all constraints and all variants, the baseline beside `variantCount`
 * others.
 */
export type ConstraintRules = {
  readonly alpha: number;
  readonly constraintCount: number;
  readonly variantCount: number;
  /** Of a percentile: with too few slices in all, none may have met a stall; not looked at unless given. */
  readonly slicesPerBlock?: number;
};

/** A stall that hits one slice in twenty is missed by all of so many slices in less than one of twenty runs. */
export const slicesToMeetStalls = 59;

/**
 * A constraint with what was seen of it. `value` is null where nothing was measured; the bounds, which hold for all
 * constraints and variants at once, are null below two blocks.
 */
export type ConstraintCheck = {
  readonly outcome: ConstraintOutcome;
  readonly value: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
};

/**
 * The requests of one block: `aboveLimit` of the successful ones took longer than the limit; `total` counts the failed
 * ones too.
 */
export type RequestCounts = { readonly aboveLimit: number; readonly failed: number; readonly total: number };

/**
 * Tests "this percentile is at most the limit" as "the share of requests above the limit is at most `allowedShare`"
 * (0.01 for a p99), one share per block. A failed or timed-out request counts as above; a block without requests as one
 * where all were. It does not hold before there are enough slices to have met a stall.
 */
export function checkShareAbove(
  blocks: readonly RequestCounts[],
  allowedShare: number,
  rules: ConstraintRules,
): ConstraintCheck {
  const shares = blocks.map(({ aboveLimit, failed, total }) => (total === 0 ? 1 : (aboveLimit + failed) / total));
  const bounds = boundsOf(shares, rules);
  const { value, lower, upper } = bounds;
  const clamp = (share: number | null): number | null => (share === null ? null : Math.min(1, Math.max(0, share)));
  const seen = outcome(bounds, allowedShare);
  const blind = seen === 'holds' && blocks.length * (rules.slicesPerBlock ?? Infinity) < slicesToMeetStalls;
  return { outcome: blind ? 'undecided' : seen, value, lower: clamp(lower), upper: clamp(upper) };
}

/**
 * Tests that exp(mean y) is at most, or at least, a limit above 0; `y` are natural logs, one per block. In the unit of
 * the limit.
 */
export function checkBound(
  y: readonly number[],
  bound: { readonly atMost: number } | { readonly atLeast: number },
  rules: ConstraintRules,
): ConstraintCheck {
  const bounds = boundsOf(y, rules);
  const verdict =
    'atMost' in bound ? outcome(bounds, Math.log(bound.atMost)) : outcome(mirror(bounds), -Math.log(bound.atLeast));
  const exp = (log: number | null): number | null => (log === null ? null : Math.min(Math.exp(log), Number.MAX_VALUE));
  return { outcome: verdict, value: exp(bounds.value), lower: exp(bounds.lower), upper: exp(bounds.upper) };
}

type Bounds = Pick<ConstraintCheck, 'value' | 'lower' | 'upper'>;

function boundsOf(values: readonly number[], { alpha, constraintCount, variantCount }: ConstraintRules): Bounds {
  if (values.length === 0) return { value: null, lower: null, upper: null };
  const value = mean(values);
  if (values.length === 1) return { value, lower: null, upper: null };
  const tail = alpha / (2 * constraintCount * (variantCount + 1));
  const margin = (studentUpperQuantile(tail, values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return { value, lower: value - margin, upper: value + margin };
}

function mirror({ value, lower, upper }: Bounds): Bounds {
  const negate = (number: number | null): number | null => (number === null ? null : -number);
  return { value: negate(value), lower: negate(upper), upper: negate(lower) };
}

function outcome({ lower, upper }: Bounds, atMost: number): ConstraintOutcome {
  if (lower === null || upper === null) return 'undecided';
  if (upper <= atMost) return 'holds';
  return lower > atMost ? 'fails' : 'undecided';
}
