import { Failure } from '../failure.ts';
import { percentileOf } from '../plan/objective.ts';
import type { LatencyMetric, Metric } from '../plan/plan.ts';
import { failingSlices, type History, type MeasuredSlice, validSlices } from './history.ts';
import { LatencySum } from './latency-sum.ts';
import { cpuSecondsPer1000 } from './server-usage.ts';
import type { Measurement } from './slice.ts';

/** One variant in one block: the unit that is replicated. */
export type BlockValue = {
  readonly block: number;
  readonly slices: readonly MeasuredSlice[];
  /** Left out and measured again since requests failed in them; a limit on a percentile is about all requests. */
  readonly failing: readonly MeasuredSlice[];
  readonly requestCount: number;
  readonly throughput: number;
  readonly meanNs: number;
  /** Percentiles of the block's merged slices: the mean of slice percentiles would hide a stall. */
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p95Ns: number;
  readonly p99Ns: number;
  /** Of all slices together; NaN where the server's processor time was not seen in one of them. */
  readonly cpuSecondsPer1000: number;
};

/** The values of one variant in every complete block; blocks where it has no valid slice are left out. */
export function blockValues(history: History, variantId: string): BlockValue[] {
  return history.blocks.flatMap(({ block, slices }) => {
    const valid = validSlices(slices, variantId);
    return valid.length === 0 ? [] : [blockValue(block, valid, failingSlices(slices, variantId))];
  });
}

/** What a metric is of one block, in its own unit (inferences per second, ns, CPU seconds per 1 000 inferences); NaN where that is not known. */
export function metricOf(value: BlockValue, metric: Metric): number {
  const byMetric = {
    throughput: value.throughput,
    'latency.mean': value.meanNs,
    'latency.p50': value.p50Ns,
    'latency.p90': value.p90Ns,
    'latency.p95': value.p95Ns,
    'latency.p99': value.p99Ns,
    cost: value.cpuSecondsPer1000,
  };
  return byMetric[metric];
}

/** What a metric is of one slice, in its own unit. */
export function sliceMetric(
  { inferencesPerSecond, latency, ...rest }: Pick<Measurement, 'inferencesPerSecond' | 'latency' | 'usage'>,
  metric: Metric,
): number {
  if (metric === 'throughput') return inferencesPerSecond;
  if (metric === 'cost') return cpuSecondsPer1000([rest]) ?? Number.NaN;
  const stored: Readonly<Partial<Record<LatencyMetric, number>>> = {
    'latency.mean': latency.sumNs / latency.count,
    'latency.p50': latency.p50Ns,
    'latency.p99': latency.p99Ns,
  };
  return stored[metric] ?? LatencySum.of([latency.histogram]).percentile(100 * (percentileOf(metric) ?? Number.NaN));
}

/** By the first of a block's slices: a sweep asks for the values of all of its blocks again after each of them. */
const known = new WeakMap<MeasuredSlice, BlockValue>();

function blockValue(block: number, slices: readonly MeasuredSlice[], failing: readonly MeasuredSlice[]): BlockValue {
  const [first] = slices;
  const before = first === undefined ? undefined : known.get(first);
  if (before?.block === block && areSame(before.slices, slices) && areSame(before.failing, failing)) return before;
  const value = makeBlockValue(block, slices, failing);
  if (first !== undefined) known.set(first, value);
  return value;
}

function areSame(before: readonly MeasuredSlice[], slices: readonly MeasuredSlice[]): boolean {
  return before.length === slices.length && slices.every((slice, index) => slice === before[index]);
}

/** What these slices of one variant are together, as one block of it. @throws Failure (results) for a damaged histogram. */
export function makeBlockValue(
  block: number,
  slices: readonly MeasuredSlice[],
  failing: readonly MeasuredSlice[],
): BlockValue {
  const latencies = summed(block, slices);
  return {
    block,
    slices,
    failing,
    requestCount: slices.reduce((sum, { measurement }) => sum + measurement.requestCount, 0),
    throughput: geometricMean(slices.map(({ measurement }) => measurement.inferencesPerSecond)),
    meanNs: geometricMean(slices.map(({ measurement: { latency } }) => latency.sumNs / latency.count)),
    p50Ns: latencies.percentile(50),
    p90Ns: latencies.percentile(90),
    p95Ns: latencies.percentile(95),
    p99Ns: latencies.percentile(99),
    cpuSecondsPer1000: cpuSecondsPer1000(slices.map(({ measurement }) => measurement)) ?? Number.NaN,
  };
}

function summed(block: number, slices: readonly MeasuredSlice[]): LatencySum {
  try {
    return LatencySum.of(slices.map(({ measurement }) => measurement.latency.histogram));
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
