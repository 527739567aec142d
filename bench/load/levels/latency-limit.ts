import type { LoadMeasurement } from '../measurement.ts';

/** "At most `shareRatio` of the requests take longer than `limitNs`": 0.01 for a p99. */
export type LatencyLimit = { readonly limitNs: number; readonly shareRatio: number };

/**
 * Whether a measurement meets the limit. Failed and dropped requests count as too slow, and an open loop must have answered
 * all but so many of its requests. Undefined where nothing was measured, or the limit was not counted (`limitsNs`).
 */
export function meetsLimit(measurement: LoadMeasurement, { limitNs, shareRatio }: LatencyLimit): boolean | undefined {
  const { aboveLimits, requestCount, errors, schedule } = measurement;
  const above = aboveLimits.find((entry) => entry.limitNs === limitNs);
  if (above === undefined) return undefined;
  const lostCount =
    schedule === null
      ? Object.values(errors).reduce((sum, count) => sum + count, 0)
      : schedule.failedCount + schedule.droppedCount;
  const totalCount = requestCount + lostCount;
  return totalCount === 0 ? undefined : (above.count + lostCount) / totalCount <= shareRatio;
}
