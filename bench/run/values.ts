import type { Histogram } from 'hdr-histogram-js';
import { Failure } from '../failure.ts';
import { mergeHistograms } from '../load/recorder.ts';
import type { Metric } from '../plan/plan.ts';
import { type History, type MeasuredSlice, validSlices } from './history.ts';
import type { Measurement } from './slice.ts';

/** One variant in one block: the unit that is replicated. */
export type BlockValue = {
  readonly block: number;
  readonly slices: readonly MeasuredSlice[];
  /** Of the block's merged slices: the mean of slice percentiles would hide a stall. */
  readonly histogram: Histogram;
  readonly throughput: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
};

/** The values of one variant in every complete block; blocks where it has no valid slice are left out. */
export function blockValues(history: History, variantId: string): BlockValue[] {
  return history.blocks.flatMap(({ block, slices }) => {
    const valid = validSlices(slices, variantId);
    return valid.length === 0 ? [] : [blockValue(block, valid)];
  });
}

/** What a metric is of one block, in its own unit (inferences per second, ns). */
export function metricOf(value: BlockValue, metric: Metric): number {
  const byMetric = {
    throughput: value.throughput,
    'latency.mean': value.meanNs,
    'latency.p50': value.p50Ns,
    'latency.p99': value.p99Ns,
  };
  return byMetric[metric];
}

/** What a metric is of one slice, in its own unit. */
export function sliceMetric({ inferencesPerSecond, latency }: Measurement, metric: Metric): number {
  const byMetric = {
    throughput: inferencesPerSecond,
    'latency.mean': latency.sumNs / latency.count,
    'latency.p50': latency.p50Ns,
    'latency.p99': latency.p99Ns,
  };
  return byMetric[metric];
}

function blockValue(block: number, slices: readonly MeasuredSlice[]): BlockValue {
  const histogram = merged(block, slices);
  return {
    block,
    slices,
    histogram,
    throughput: geometricMean(slices.map(({ measurement }) => measurement.inferencesPerSecond)),
    meanNs: geometricMean(slices.map(({ measurement: { latency } }) => latency.sumNs / latency.count)),
    p50Ns: histogram.getValueAtPercentile(50),
    p99Ns: histogram.getValueAtPercentile(99),
  };
}

function merged(block: number, slices: readonly MeasuredSlice[]): Histogram {
  try {
    return mergeHistograms(slices.map(({ measurement }) => measurement.latency.histogram));
  } catch (cause) {
    throw new Failure('results', 'journal', `the journal holds a damaged histogram in block ${block}`, {
      hint: 'restore the file, or start a new sweep',
      cause,
    });
  }
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
