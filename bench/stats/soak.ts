import type { Estimate } from './estimate.ts';
import { roundingError } from './moments.ts';
import { simultaneous } from './simultaneous.ts';

/**
 * What long slices say of a gain that short ones confirmed. `below`, `less` and `above`: outside the confirmed interval, even as
 * far as the soak itself may be wrong; `less` where it is a gain all the same, and no more than the practical margin is missing;
 * `holds`: what the soak itself shows is not below that interval; `undecided`: it is, or pairs
 * are missing, but the soak is too uncertain to contradict.
 */
export type Soak = {
  readonly outcome: 'holds' | 'less' | 'below' | 'above' | 'undecided';
  /** ln of the gain in the soak; each side holds with 95 %, over both looks. Null below two pairs. */
  readonly gain: Estimate | null;
};

/** Two in each direction: a drift of the host then falls on both variants alike. */
export const soakPairs = 4;
/** So many more may follow where these cannot tell. */
export const furtherPairs = 4;

/**
 * Four pairs are a first look, more are a second one that only an undecided first is followed by. Its error comes from the 5 % of
 * each side too: at 5 % each, a gain at the very end of the confirmed interval would be denied in 8 % of soaks.
 */
const sideErrors = { first: 0.04, second: 0.015 } as const;
/** Of both sides together. */
const confidence = 0.9;

/** The error of one side of what so many pairs show, of which each side has 5 % over both looks. */
export function soakSideError(pairs: number): number {
  return pairs > soakPairs ? sideErrors.second : sideErrors.first;
}

/**
 * `differences`: ln(pick) - ln(baseline) of each pair of neighbours; `confirmed`: the interval that the verdict rests on; `margin`:
 * ln of what does not matter.
 */
export function judgeSoak(differences: readonly number[], confirmed: Estimate | null, margin = 0): Soak {
  const [found = null] = simultaneous([differences], soakSideError(differences.length));
  const gain = found === null ? null : { ...found, confidence };
  if (gain === null || confirmed === null) return { outcome: 'undecided', gain };
  const missing = confirmed.lower - gain.upper;
  if (missing > roundingError) return { outcome: gain.lower > 0 && missing <= margin ? 'less' : 'below', gain };
  if (differences.length < soakPairs) return { outcome: 'undecided', gain };
  if (gain.point < confirmed.lower - roundingError) return { outcome: 'undecided', gain };
  return { outcome: gain.lower > confirmed.upper + roundingError ? 'above' : 'holds', gain };
}
