import type { Estimate } from './estimate.ts';
import { mean, standardDeviation } from './moments.ts';
import { studentUpperQuantile, studentUpperTail } from './student.ts';

/** The difference of two independent groups of block values, with a two-sided p value. */
export type WelchTest = {
  readonly difference: Estimate;
  readonly t: number;
  readonly degreesOfFreedom: number;
  readonly pTwoSided: number;
};

/**
 * Welch's test of mean(a) - mean(b) for values that share no blocks, such as natural logs from two sessions: advisory
 * only, since what changed between the sessions is in the difference too. Null where a group has fewer than two values
 * or neither varies.
 */
export function welch(a: readonly number[], b: readonly number[], confidence: number): WelchTest | null {
  if (a.length < 2 || b.length < 2) return null;
  const variances = [a, b].map((values) => standardDeviation(values) ** 2 / values.length);
  const variance = variances.reduce((sum, part) => sum + part, 0);
  if (variance === 0) return null;
  const parts = variances.map((part, index) => part ** 2 / ((index === 0 ? a : b).length - 1));
  const degreesOfFreedom = variance ** 2 / parts.reduce((sum, part) => sum + part, 0);
  const point = mean(a) - mean(b);
  const t = point / Math.sqrt(variance);
  const margin = studentUpperQuantile((1 - confidence) / 2, degreesOfFreedom) * Math.sqrt(variance);
  return {
    difference: { point, lower: point - margin, upper: point + margin, confidence },
    t,
    degreesOfFreedom,
    pTwoSided: 2 * studentUpperTail(Math.abs(t), degreesOfFreedom),
  };
}
