import { pairedDifference } from './paired.ts';

/**
 * How far a variant lies from the best of the others, as an interval on the log scale: `lower` <= 0 is the most it may
 * lose by being chosen, `upper` >= 0 the most it may lead by. `inBestSet`: it cannot be told from the best.
 */
export type DistanceToBest = { readonly lower: number; readonly upper: number; readonly inBestSet: boolean };

/**
 * Multiple comparisons with the best (larger is better) from paired differences, valid under any correlation when
 * `critical` is the Student quantile at 1 - alpha / (variants - 1): with probability 1 - alpha the true best is in the
 * best set.
 */
export function compareWithBest(arms: readonly (readonly number[])[], critical: number): DistanceToBest[] {
  return arms.map((arm, index) => boundsAgainst(arm, arms.toSpliced(index, 1), critical));
}

/**
 * The largest half-width critical * se over all pairs: differences below it are not resolved. Null where there is no
 * pair.
 */
export function pairResolution(arms: readonly (readonly number[])[], critical: number): number | null {
  const widths = arms.flatMap((arm, index) =>
    arms.slice(index + 1).map((other) => critical * pairedDifference(arm, other).se),
  );
  return widths.length === 0 ? null : Math.max(...widths);
}

function boundsAgainst(
  arm: readonly number[],
  others: readonly (readonly number[])[],
  critical: number,
): DistanceToBest {
  let lower = 0;
  let upper = Infinity;
  let inBestSet = true;
  for (const other of others) {
    const difference = pairedDifference(arm, other);
    const margin = critical * difference.se;
    lower = Math.min(lower, difference.mean - margin);
    upper = Math.min(upper, difference.mean + margin);
    // Without any variation a tie is exact: equal variants are all best.
    inBestSet &&= difference.mean + margin > 0 || (difference.se === 0 && difference.mean === 0);
  }
  return { lower, upper: others.length === 0 ? 0 : Math.max(0, upper), inBestSet };
}
