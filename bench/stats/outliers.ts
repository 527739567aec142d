import { roundingError } from './moments.ts';

/**
 * A value that stands far from the others: its index and modified z score. A label only, nothing is ever dropped for
 * its value.
 */
export type Outlier = { readonly index: number; readonly z: number };

export const outlierThreshold = 3.5;

/** The values whose modified z score, 0.6745 (x - median) / MAD, is beyond 3.5 (Iglewicz and Hoaglin). */
export function outliers(values: readonly number[]): Outlier[] {
  return modifiedZ(values)
    .map((z, index) => ({ index, z }))
    .filter(({ z }) => Math.abs(z) > outlierThreshold);
}

/**
 * The modified z score of each value; all 0 where more than half of the values are equal, so that there is no scale.
 */
export function modifiedZ(values: readonly number[]): number[] {
  const centre = median(values);
  const deviation = median(values.map((value) => Math.abs(value - centre)));
  return values.map((value) => (deviation <= roundingError ? 0 : (0.6745 * (value - centre)) / deviation));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[sorted.length / 2 - 1] ?? 0)) / 2;
}
