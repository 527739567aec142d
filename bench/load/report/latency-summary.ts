import type { Histogram } from 'hdr-histogram-js';
import { type LatencyRecord, mergeHistograms } from '../recorder.ts';

/** Latencies of one or several windows together, in ns; all null where there were none. */
export type LatencySummary = {
  readonly count: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
};

/** Percentiles are those of all requests together, never means of percentiles; mean, min and max are exact. */
export function summariseLatency(records: readonly LatencyRecord[]): LatencySummary {
  const histogram = mergeHistograms(records.map((record) => record.histogram));
  const filled = records.filter(({ count }) => count > 0);
  const count = filled.reduce((sum, record) => sum + record.count, 0);
  if (count === 0) return nothing;
  const max = Math.max(...filled.map(({ maxNs }) => maxNs));
  const at = (percent: number): number => percentileOf(histogram, percent, max);
  return {
    count,
    mean: filled.reduce((sum, { sumNs }) => sum + sumNs, 0) / count,
    min: Math.min(...filled.map(({ minNs }) => minNs)),
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    p999: at(99.9),
    max,
  };
}

/** One more percentile of the same records; null without any. */
export function percentileNs(records: readonly LatencyRecord[], percent: number): number | null {
  const histogram = mergeHistograms(records.map((record) => record.histogram));
  if (histogram.totalCount === 0) return null;
  return percentileOf(histogram, percent, Math.max(...records.map(({ maxNs }) => maxNs)));
}

/** A bucket may reach beyond the longest latency that lies in it. */
function percentileOf(histogram: Histogram, percent: number, maxNs: number): number {
  return Math.min(histogram.getValueAtPercentile(percent), maxNs);
}

const nothing: LatencySummary = {
  count: 0,
  mean: null,
  min: null,
  p50: null,
  p90: null,
  p95: null,
  p99: null,
  p999: null,
  max: null,
};
