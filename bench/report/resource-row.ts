import { count, memorySize, noValue, plainNumber, share } from './format.ts';
import { clipped, plainText } from './plain-text.ts';
import type { ResourcesResult } from './results.ts';

/** What a variant's server took, as text. */
export type ResourceRow = {
  readonly cores: string;
  readonly source: string;
  readonly resident: string;
  readonly hostCpu: string;
  readonly hostMemory: string;
  readonly pending: string;
  readonly failures: string;
  readonly cacheHits: string;
  readonly gpus: readonly GpuRow[];
};

export type GpuRow = {
  readonly name: string;
  readonly utilisation: string;
  readonly power: string;
  readonly temperature: string;
  readonly smClock: string;
  readonly memoryClock: string;
  readonly memory: string;
  readonly throttledBy: string;
};

const unknown = 'unknown';

/** How the processor time was seen. */
const sources: Record<NonNullable<ResourcesResult['cpuSource']>, string> = {
  threads: 'its threads',
  processes: 'its processes (10 ms)',
  cgroup: 'its container',
  metrics: 'its metrics page',
};

export function resourceRow(resources: ResourcesResult): ResourceRow {
  const { cpuSource, failures, cacheHitCount } = resources;
  return {
    cores: shown(resources.cpuCores, plainNumber),
    source: cpuSource === null ? unknown : sources[cpuSource],
    resident: shown(resources.residentBytes, memorySize),
    hostCpu: shown(resources.hostCpuRatio, share),
    hostMemory: shown(resources.hostMemoryUsedBytes, memorySize),
    pending: shown(resources.pendingRequestCount, count),
    failures: failures === null ? unknown : failuresText(failures),
    cacheHits: shown(cacheHitCount, count),
    gpus: resources.gpus.map(gpuRow),
  };
}

type ResourceColumn = {
  readonly name: string;
  readonly text: (row: ResourceRow | null) => string;
  readonly isKnown: (row: ResourceRow | null) => boolean;
};

/** Those that have something to show in some row are shown. */
export const resourceColumns: readonly ResourceColumn[] = [
  column('CPUs', ({ cores }) => cores),
  column('CPU time from', ({ source }) => source),
  column('Memory', ({ resident }) => resident),
  column('CPU of the host', ({ hostCpu }) => hostCpu),
  column('Memory of the host', ({ hostMemory }) => hostMemory),
  column('Pending', ({ pending }) => pending),
  column('Failures', ({ failures }) => failures),
  column('Cache hits', ({ cacheHits }) => cacheHits),
];

function column(name: string, of: (row: ResourceRow) => string): ResourceColumn {
  const text = (row: ResourceRow | null): string => (row === null ? noValue : of(row));
  return { name, text, isKnown: (row) => row !== null && of(row) !== unknown };
}

function gpuRow(gpu: ResourcesResult['gpus'][number]): GpuRow {
  const withUnit =
    (unit: string) =>
    (value: number | null): string =>
      `${plainNumber(value)}\u00a0${unit}`;
  return {
    name: clipped(plainText(gpu.name === '' ? gpu.uuid : gpu.name), 80),
    utilisation: shown(gpu.utilisationRatio, share),
    power: shown(gpu.powerW, withUnit('W')),
    temperature: shown(gpu.temperatureC, withUnit('°C')),
    smClock: shown(gpu.smClockMhz, withUnit('MHz')),
    memoryClock: shown(gpu.memoryClockMhz, withUnit('MHz')),
    memory: shown(gpu.memoryUsedBytes, memorySize),
    throttledBy: gpu.throttledBy.length === 0 ? 'nothing seen' : clipped(plainText(gpu.throttledBy.join(', ')), 200),
  };
}

function failuresText(failures: readonly { readonly reason: string; readonly count: number }[]): string {
  if (failures.length === 0) return '0';
  return clipped(plainText(failures.map(({ reason, count: number }) => `${count(number)} ${reason}`).join(', ')), 200);
}

function shown(value: number | null, format: (value: number | null) => string): string {
  return value === null ? unknown : format(value);
}
