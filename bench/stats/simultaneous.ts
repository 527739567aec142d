import type { Estimate } from './estimate.ts';
import { mean, roundingError, standardDeviation } from './moments.ts';
import { studentUpperQuantile } from './student.ts';

/**
 * The means of several groups of differences (natural log), each with an interval. Each side holds for all groups at once
 * with 1 - alpha, both sides with `confidence` = 1 - 2 alpha (Bonferroni). Null where a group has fewer than two values.
 */
export function simultaneous(groups: readonly (readonly number[])[], alpha: number): (Estimate | null)[] {
  return groups.map((values) => {
    if (values.length < 2) return null;
    const sd = standardDeviation(values);
    const se = sd > roundingError ? sd / Math.sqrt(values.length) : 0;
    const margin = se * studentUpperQuantile(alpha / groups.length, values.length - 1);
    const point = mean(values);
    return { point, lower: point - margin, upper: point + margin, confidence: 1 - 2 * alpha };
  });
}
