import { roundingError } from './moments.ts';

/**
 * The exact one-sided sign-flip test of "the mean difference is above 0": the share of all 2^n sign patterns whose mean
 * reaches the one seen. Assumes only symmetry. Null above 32 differences, where counting takes too long. Counts by
 * halves: 2^(n/2) sums each.
 */
export function signFlipP(differences: readonly number[]): number | null {
  const count = differences.length;
  if (count > 32) return null;
  const middle = Math.floor(count / 2);
  const seen = differences.reduce((sum, value) => sum + value, 0);
  const sorted = signedSums(differences.slice(0, middle)).sort();
  const threshold = seen - roundingError * count;
  let reached = 0;
  for (const sum of signedSums(differences.slice(middle))) reached += countFrom(sorted, threshold - sum);
  return reached / 2 ** count;
}

function signedSums(values: readonly number[]): Float64Array {
  let sums = [0];
  for (const value of values) sums = sums.flatMap((sum) => [sum + value, sum - value]);
  return Float64Array.from(sums);
}

/** How many of the ascending values are at least `threshold`. */
function countFrom(ascending: Float64Array, threshold: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) >= threshold) high = middle;
    else low = middle + 1;
  }
  return ascending.length - low;
}
