import type { GpuReading } from '../engines/usage/nvidia-smi.ts';
import type { GpuMetrics } from '../kserve/server-metrics.ts';
import type { ResourcesResult } from '../report/results.ts';
import { mean } from '../stats/moments.ts';
import type { MetricsSeen, ServerUsage } from './server-usage.ts';
import type { Measurement } from './slice.ts';

/** What a variant's server took in some slices; null where none of them says anything of it. */
export function resourcesOf(slices: readonly Pick<Measurement, 'usage' | 'window'>[]): ResourcesResult | null {
  const usages = slices.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return null;
  const pages = usages.flatMap(({ metrics }) => ('unknown' in metrics ? [] : [metrics]));
  const most = (of: (page: MetricsSeen) => number | null): number | null => largest(pages.map(of));
  return {
    cpuSource: usages.find(({ cpu }) => cpu !== null)?.cpu?.source ?? null,
    cpuCores: coresOf(slices),
    residentBytes: largest(usages.map(({ residentBytes }) => residentBytes)),
    hostCpuRatio: meanOf(pages.map(({ hostCpuRatio }) => hostCpuRatio)),
    hostMemoryUsedBytes: most(({ hostMemoryUsedBytes }) => hostMemoryUsedBytes),
    pendingRequestCount: most(({ pendingRequestCount }) => pendingRequestCount),
    failures: pages.length === 0 ? null : failuresOf(pages),
    cacheHitCount: totalOf(pages.map(({ cacheHitCount }) => cacheHitCount)),
    cacheMissCount: totalOf(pages.map(({ cacheMissCount }) => cacheMissCount)),
    gpus: gpusOf(usages, pages),
  };
}

/** Of the windows alone: what a metrics page tells is of the whole load, whose length is not known as well. */
function coresOf(slices: readonly Pick<Measurement, 'usage' | 'window'>[]): number | null {
  const timed = slices.flatMap(({ usage, window }) => {
    const cpu = usage?.cpu ?? null;
    const windowNs = window.closeNs - window.openNs;
    return cpu === null || cpu.source === 'metrics' || windowNs <= 0 ? [] : [{ cpuNs: cpu.ns, windowNs }];
  });
  if (timed.length === 0) return null;
  return sum(timed.map(({ cpuNs }) => cpuNs)) / sum(timed.map(({ windowNs }) => windowNs));
}

function failuresOf(pages: readonly MetricsSeen[]): { reason: string; count: number }[] {
  const byReason = Map.groupBy(
    pages.flatMap(({ failures }) => failures),
    ({ reason }) => reason,
  );
  return [...byReason]
    .map(([reason, own]) => ({ reason, count: sum(own.map(({ count }) => count)) }))
    .sort((a, b) => (a.reason < b.reason ? -1 : 1));
}

/** As `nvidia-smi` says, and Triton's own page where that has nothing of a GPU. */
function gpusOf(usages: readonly ServerUsage[], pages: readonly MetricsSeen[]): ResourcesResult['gpus'] {
  const read = usages.flatMap(({ gpus }) => (gpus === null ? [] : [...gpus.before, ...gpus.after]));
  const told = pages.flatMap(({ gpus }) => gpus);
  const uuids = [...new Set([...read, ...told].map(({ uuid }) => uuid))];
  return uuids.map((uuid) => {
    const isSame = (gpu: { readonly uuid: string }): boolean => gpu.uuid === uuid;
    return gpuOf(uuid, read.filter(isSame), told.filter(isSame));
  });
}

function gpuOf(
  uuid: string,
  read: readonly GpuReading[],
  told: readonly GpuMetrics[],
): ResourcesResult['gpus'][number] {
  const both = [...read, ...told];
  return {
    uuid,
    name: read[0]?.name ?? '',
    utilisationRatio: meanOf((read.length > 0 ? read : told).map(({ utilisationRatio }) => utilisationRatio)),
    powerW: meanOf((read.length > 0 ? read : told).map(({ powerW }) => powerW)),
    temperatureC: meanOf(read.map(({ temperatureC }) => temperatureC)),
    smClockMhz: meanOf(read.map(({ smClockMhz }) => smClockMhz)),
    memoryClockMhz: meanOf(read.map(({ memoryClockMhz }) => memoryClockMhz)),
    memoryUsedBytes: largest(both.map(({ memoryUsedBytes }) => memoryUsedBytes)),
    throttledBy: [...new Set(read.flatMap(({ throttledBy }) => throttledBy ?? []))].sort(),
  };
}

function knownIn(values: readonly (number | null)[]): number[] {
  return values.flatMap((value) => value ?? []);
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = knownIn(values);
  return known.length === 0 ? null : mean(known);
}

function largest(values: readonly (number | null)[]): number | null {
  const known = knownIn(values);
  return known.length === 0 ? null : known.reduce((most, value) => Math.max(most, value));
}

function totalOf(values: readonly (number | null)[]): number | null {
  const known = knownIn(values);
  return known.length === 0 ? null : sum(known);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
