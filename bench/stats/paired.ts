import { mean, roundingError, standardDeviation } from './moments.ts';
import { studentUpperTail } from './student.ts';

/**
 * The mean over blocks of a difference of two variants, with its standard error; `se` is exactly 0 where nothing
 * varies.
 */
export type PairedDifference = { readonly mean: number; readonly se: number; readonly blocks: number };

/**
 * Compares two variants block by block: d_b = a_b - b_b, at least two blocks. On natural logs the mean is a log ratio.
 * Differences that vary by rounding only count as constant.
 */
export function pairedDifference(a: readonly number[], b: readonly number[]): PairedDifference {
  const d = differences(a, b);
  const centre = mean(d);
  const sd = standardDeviation(d);
  if (sd > roundingError) return { mean: centre, se: sd / Math.sqrt(d.length), blocks: d.length };
  return { mean: Math.abs(centre) > roundingError ? centre : 0, se: 0, blocks: d.length };
}

/** a_b - b_b for each block. */
export function differences(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new RangeError(`paired values need equal counts, not ${a.length} and ${b.length}`);
  return a.map((value, block) => value - (b[block] ?? Number.NaN));
}

/** The one-sided p value of "the difference is above 0": 0, 0.5 or 1 by its sign where it does not vary. */
export function pGreater({ mean: difference, se, blocks }: PairedDifference): number {
  if (se === 0) return 0.5 * (1 - Math.sign(difference));
  return studentUpperTail(difference / se, blocks - 1);
}
