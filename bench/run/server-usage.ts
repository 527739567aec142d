import { z } from 'zod';
import type { CpuSource } from '../engines/usage/cpu-clock.ts';
import type { GpuReading } from '../engines/usage/nvidia-smi.ts';
import type { Failures, GpuMetrics, ServerMetrics } from '../kserve/server-metrics.ts';

/** What a server took, and what it said of itself, in one slice. Null, or `unknown` with the reason, is what could not be seen. */
export type ServerUsage = {
  readonly cpu: CpuUsed | null;
  /** Of its processes once the window had closed. */
  readonly residentBytes: number | null;
  readonly metrics: MetricsSeen | { readonly unknown: string };
  /** GPUs of this host just before and just after the load; null where there are none, or the server is elsewhere. */
  readonly gpus: { readonly before: readonly GpuReading[]; readonly after: readonly GpuReading[] } | null;
};

/**
 * Processor time of the server's processes while the window was open, and the inferences of that time. From `metrics`: of the whole load, its
 * warm-up included, since that page is not read in between.
 */
export type CpuUsed = {
  readonly ns: number;
  readonly inferenceCount: number;
  readonly source: CpuSource | 'metrics';
};

/** From the server's metrics page: counts of what happened between a reading before the load and one after it, the rest as it was after it. */
export type MetricsSeen = Omit<ServerMetrics, 'model' | 'process' | 'gpus'> & {
  readonly gpus: readonly GpuMetrics[];
  /** The most of both readings. */
  readonly pendingRequestCount: number | null;
  readonly failures: readonly Failures[];
  readonly cacheHitCount: number | null;
  readonly cacheMissCount: number | null;
};

/** Why nothing is known of a server whose metrics page nobody has named: not a thing to mend. */
export const noEndpoint = 'no address is known';

export const noUsage: ServerUsage = { cpu: null, residentBytes: null, metrics: { unknown: noEndpoint }, gpus: null };

/** What two readings of the metrics page show of the time in between. */
export function metricsBetween(before: ServerMetrics, after: ServerMetrics): MetricsSeen {
  const { hostCpuRatio, hostMemoryUsedBytes, hostMemoryBytes, gpus } = after;
  const [from, to] = [before.model, after.model];
  const pending = [from, to].flatMap(({ pendingRequestCount }) => pendingRequestCount ?? []);
  const failures = to.failures.flatMap(({ reason, count }) => {
    const earlier = from.failures.find((each) => each.reason === reason)?.count ?? 0;
    return count > earlier ? [{ reason, count: count - earlier }] : [];
  });
  return {
    ...{ hostCpuRatio, hostMemoryUsedBytes, hostMemoryBytes, gpus },
    pendingRequestCount: pending.length === 0 ? null : Math.max(...pending),
    failures,
    cacheHitCount: grown(from.cacheHitCount, to.cacheHitCount),
    cacheMissCount: grown(from.cacheMissCount, to.cacheMissCount),
  };
}

/** The processor time that a server's own counters tell of; null where they do not, and of counters that went back. */
export function cpuFromMetrics(before: ServerMetrics, after: ServerMetrics): CpuUsed | null {
  const seconds = grown(before.process.cpuSeconds, after.process.cpuSeconds);
  const inferenceCount = grown(before.model.inferenceCount ?? 0, after.model.inferenceCount);
  if (seconds === null || inferenceCount === null || seconds === 0 || inferenceCount === 0) return null;
  return { ns: seconds * 1e9, inferenceCount, source: 'metrics' };
}

/** What is read in ticks of 10 ms may have grown by less than one. */
const leastNs = { processes: 5e6, threads: 1, cgroup: 1_000, metrics: 5e6 } as const;

/** Server CPU seconds per 1 000 inferences over some slices together; null where that of one is not known, or there is none. */
export function cpuSecondsPer1000(slices: readonly { readonly usage?: ServerUsage }[]): number | null {
  const used = slices.flatMap(({ usage }) => usage?.cpu ?? []);
  const count = used.reduce((sum, { inferenceCount }) => sum + inferenceCount, 0);
  const [first] = used;
  if (first === undefined || used.length < slices.length || count === 0) return null;
  const ns = used.reduce((sum, each) => sum + each.ns, 0);
  return Math.max(ns, leastNs[first.source]) / count / 1e6;
}

/** Answers of a slice that came from the response cache, by whoever tells. */
export function cacheHitsOf({
  server,
  usage,
}: {
  readonly server: { readonly cacheHitCount: number } | null;
  readonly usage?: ServerUsage;
}): number {
  const told = usage === undefined || 'unknown' in usage.metrics ? 0 : (usage.metrics.cacheHitCount ?? 0);
  return Math.max(server?.cacheHitCount ?? 0, told);
}

function grown(from: number | null, to: number | null): number | null {
  return from === null || to === null || to < from ? null : to - from;
}

const amount = z.number().min(0);
const known = amount.nullable();
const gpuMetrics = z.looseObject({
  uuid: z.string(),
  utilisationRatio: known,
  powerW: known,
  memoryUsedBytes: known,
  memoryBytes: known,
});
const gpuReading = z.looseObject({
  index: amount,
  uuid: z.string(),
  name: z.string(),
  smClockMhz: known,
  memoryClockMhz: known,
  powerW: known,
  temperatureC: known,
  utilisationRatio: known,
  memoryUsedBytes: known,
  throttledBy: z.array(z.string()).nullable(),
});

/** As it stands in a journal; slices of before it was looked at have none. */
export const usageSchema = z.looseObject({
  cpu: z
    .looseObject({
      ns: amount,
      inferenceCount: z.number().gt(0),
      source: z.enum(['threads', 'processes', 'cgroup', 'metrics']),
    })
    .nullable(),
  residentBytes: known,
  metrics: z.union([
    z.looseObject({ unknown: z.string() }),
    z.looseObject({
      hostCpuRatio: known,
      hostMemoryUsedBytes: known,
      hostMemoryBytes: known,
      gpus: z.array(gpuMetrics),
      pendingRequestCount: known,
      failures: z.array(z.looseObject({ reason: z.string(), count: amount })),
      cacheHitCount: known,
      cacheMissCount: known,
    }),
  ]),
  gpus: z.looseObject({ before: z.array(gpuReading), after: z.array(gpuReading) }).nullable(),
});
