import { percentileOf } from '../plan/objective.ts';
import type { LatencyLimit } from '../plan/plan.ts';
import type { RequestCounts } from '../stats/constraints.ts';
import { failedCount, type MeasuredSlice } from './history.ts';

/** The requests of some slices against a limit; `aboveLimit` is NaN where they were not counted against it. */
export function requestCounts(slices: readonly MeasuredSlice[], atMostNs: number): RequestCounts {
  const failed = sum(slices.map(failedCount));
  return {
    aboveLimit: sum(slices.map((slice) => countAbove(slice, atMostNs))),
    failed,
    total: failed + sum(slices.map(({ measurement }) => measurement.latency.count)),
  };
}

/** The share of requests that may be above a limit on a percentile, as it is written: 1 - 0.9 would be a little less than 0.1. */
export function shareAllowed({ metric }: LatencyLimit): number | null {
  const percentile = percentileOf(metric);
  return percentile === null ? null : Math.round((1 - percentile) * 100) / 100;
}

function countAbove({ measurement: { aboveLimits } }: MeasuredSlice, atMostNs: number): number {
  return aboveLimits.find(({ limitNs }) => limitNs === atMostNs)?.count ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
