import { mean, standardDeviation } from './moments.ts';
import { warmupTruncation } from './truncation.ts';

/**
 * When a load settles: `after` so many of its values; `restless` where that would be as late as can be told, so that it may
 * not have settled at all; `short` where there are too few values.
 */
export type Settling = { readonly kind: 'settled' | 'restless'; readonly after: number } | { readonly kind: 'short' };

/** What lies before the point differs from what follows by more than that many standard errors, or it is noise. */
const leastErrors = 4;
const batch = 5;
/** Means of five that must be left, and one that may be dropped. */
const leastValues = 6 * batch;

/**
 * The truncation of MSER-5 in the first half of the values (beyond it the rest is too short to be called steady: White),
 * believed only where it matters: the least error is often found by chance somewhere in a series that is steady from its first
 * value, and each value that is believed is paid for in every slice.
 */
export function settlingOf(values: readonly number[]): Settling {
  const most = Math.min(values.length / 2, values.length - 5 * batch);
  const point = warmupTruncation(values, most);
  if (point === null || values.length < leastValues) return { kind: 'short' };
  if (point === 0 || !differs(values, point)) return { kind: 'settled', after: 0 };
  return { kind: point > most - batch ? 'restless' : 'settled', after: point };
}

function differs(values: readonly number[], point: number): boolean {
  const means = Array.from({ length: Math.floor(values.length / batch) }, (_, index) =>
    mean(values.slice(index * batch, (index + 1) * batch)),
  );
  const [before, after] = [means.slice(0, point / batch), means.slice(point / batch)];
  const error = standardDeviation(after) * Math.sqrt(1 / before.length + 1 / after.length);
  return Math.abs(mean(before) - mean(after)) > leastErrors * error;
}
