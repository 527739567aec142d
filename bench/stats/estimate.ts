import { mean, standardDeviation } from './moments.ts';
import { studentUpperQuantile } from './student.ts';

/** A point with its interval: `confidence` (0.95) is the share of such intervals that hold the true value. */
export type Estimate = {
  readonly point: number;
  readonly lower: number;
  readonly upper: number;
  readonly confidence: number;
};

/**
 * The mean of independent values with its two-sided Student interval; null where there are fewer than two values,
 * because a point is never shown without its interval.
 */
export function estimate(y: readonly number[], confidence: number): Estimate | null {
  if (y.length < 2) return null;
  const point = mean(y);
  const margin =
    (studentUpperQuantile((1 - confidence) / 2, y.length - 1) * standardDeviation(y)) / Math.sqrt(y.length);
  return { point, lower: point - margin, upper: point + margin, confidence };
}

/**
 * From the natural log scale to the scale of the values: a mean of logs becomes a geometric mean, a difference a ratio.
 * A bound too large for a number becomes the largest number, since JSON has no Infinity.
 */
export function exponentiate({ point, lower, upper, confidence }: Estimate): Estimate {
  const value = (log: number): number => Math.min(Math.exp(log), Number.MAX_VALUE);
  return { point: value(point), lower: value(lower), upper: value(upper), confidence };
}
