/**
 * The smallest whole number from `start` >= 1 on that satisfies a condition which stays true once it is; null above
 * 2^40.
 */
export function smallestWhere(start: number, holds: (n: number) => boolean): number | null {
  let high = start;
  while (!holds(high)) {
    if (high > 2 ** 40) return null;
    high *= 2;
  }
  let low = Math.max(start - 1, Math.floor(high / 2));
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
