import { readExposition, type Sample } from './exposition.ts';

/** What a metrics page says of the server, its host and one model; null is what it leaves out, and what is no finite number. */
export type ServerMetrics = {
  /** Of all processors of the server's host, 0 to 1, as the server last looked. */
  readonly hostCpuRatio: number | null;
  readonly hostMemoryUsedBytes: number | null;
  readonly hostMemoryBytes: number | null;
  readonly gpus: readonly GpuMetrics[];
  readonly model: ModelMetrics;
  /** Of the server's process, where it says so under the names that Prometheus has for it. */
  readonly process: { readonly cpuSeconds: number | null; readonly residentBytes: number | null };
};

export type GpuMetrics = {
  readonly uuid: string;
  readonly utilisationRatio: number | null;
  readonly powerW: number | null;
  readonly memoryUsedBytes: number | null;
  readonly memoryBytes: number | null;
};

/** Counters since the server began, but for the requests that wait; all versions of the model together. */
export type ModelMetrics = {
  readonly pendingRequestCount: number | null;
  readonly inferenceCount: number | null;
  readonly cacheHitCount: number | null;
  readonly cacheMissCount: number | null;
  /** By reason, in the order of the page. */
  readonly failures: readonly Failures[];
};

export type Failures = { readonly reason: string; readonly count: number };

const gpuMost = 64;
const reasonMost = 16;
const textMost = 100;

const modelNames = {
  pending: 'nv_inference_pending_request_count',
  inference: 'nv_inference_count',
  hits: 'nv_cache_num_hits_per_model',
  misses: 'nv_cache_num_misses_per_model',
  failure: 'nv_inference_request_failure',
} as const;
const gpuNames = {
  utilisation: 'nv_gpu_utilization',
  power: 'nv_gpu_power_usage',
  used: 'nv_gpu_memory_used_bytes',
  memory: 'nv_gpu_memory_total_bytes',
} as const;
const hostNames = {
  cpu: 'nv_cpu_utilization',
  used: 'nv_cpu_memory_used_bytes',
  memory: 'nv_cpu_memory_total_bytes',
  cpuSeconds: 'process_cpu_seconds_total',
  resident: 'process_resident_memory_bytes',
} as const;
const wanted: ReadonlySet<string> = new Set([modelNames, gpuNames, hostNames].flatMap((names) => Object.values(names)));

/** Reads a metrics page under Triton's names; any text is one, of a server that says little. */
export function readServerMetrics(text: string, model: string): ServerMetrics {
  const byName = Map.groupBy(
    readExposition(text, (name) => wanted.has(name)),
    ({ name }) => name,
  );
  const of = (name: string): readonly Sample[] => byName.get(name) ?? [];
  const own = (name: string): readonly Sample[] => of(name).filter(({ labels }) => labels.get('model') === model);
  const first = (name: string): number | null => finite(of(name)[0]?.value);
  return {
    hostCpuRatio: first(hostNames.cpu),
    hostMemoryUsedBytes: first(hostNames.used),
    hostMemoryBytes: first(hostNames.memory),
    gpus: gpusOf(of),
    model: {
      pendingRequestCount: total(own(modelNames.pending)),
      inferenceCount: total(own(modelNames.inference)),
      cacheHitCount: total(own(modelNames.hits)),
      cacheMissCount: total(own(modelNames.misses)),
      failures: failuresOf(own(modelNames.failure)),
    },
    process: { cpuSeconds: first(hostNames.cpuSeconds), residentBytes: first(hostNames.resident) },
  };
}

function gpusOf(of: (name: string) => readonly Sample[]): GpuMetrics[] {
  const uuids = new Set(Object.values(gpuNames).flatMap((name) => of(name).map(uuidOf)));
  return [...uuids].slice(0, gpuMost).map((uuid) => {
    const value = (name: string): number | null => finite(of(name).find((sample) => uuidOf(sample) === uuid)?.value);
    return {
      uuid: shown(uuid),
      utilisationRatio: value(gpuNames.utilisation),
      powerW: value(gpuNames.power),
      memoryUsedBytes: value(gpuNames.used),
      memoryBytes: value(gpuNames.memory),
    };
  });
}

function uuidOf({ labels }: Sample): string {
  return labels.get('gpu_uuid') ?? '';
}

function failuresOf(samples: readonly Sample[]): Failures[] {
  const byReason = Map.groupBy(samples, ({ labels }) => labels.get('reason') ?? '');
  return [...byReason].slice(0, reasonMost).flatMap(([reason, own]) => {
    const count = total(own);
    return count === null ? [] : [{ reason: shown(reason), count }];
  });
}

/** Of no sample, and of one that is no number, nothing is known. */
function total(samples: readonly Sample[]): number | null {
  return samples.length === 0 ? null : finite(samples.reduce((sum, { value }) => sum + value, 0));
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) && value >= 0 ? value : null;
}

function shown(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, textMost);
}
