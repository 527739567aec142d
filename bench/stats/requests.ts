import { incompleteBeta } from './beta.ts';
import { smallestWhere } from './search.ts';

/**
 * How many requests one variant needs in a block before a percentile may be claimed: the fewest for which `aboveCount`
 * requests above it still say with `confidence` that the share above is as small as the percentile asks (MLPerf's rule
 * for stopping early). `percentile` is a share: 0.99 for the p99, which needs 662 with one request above.
 */
export function requestsNeeded(percentile: number, aboveCount = 1, confidence = 0.99): number {
  if (!(percentile > 0 && percentile < 1))
    throw new RangeError(`a percentile as a share lies between 0 and 1, not ${percentile}`);
  const below = smallestWhere(1, (count) => incompleteBeta(percentile, count, aboveCount + 1) <= 1 - confidence);
  return (below ?? Number.MAX_SAFE_INTEGER) + aboveCount;
}
