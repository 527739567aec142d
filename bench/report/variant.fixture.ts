import type { EstimateResult, VariantResult } from './results.ts';

/** A variant of which nothing is known but what is given. */
export function emptyVariant(overrides: Partial<VariantResult>): VariantResult {
  return {
    id: 'variant',
    baseline: false,
    settings: {},
    load: { description: 'closed loop, 8 outstanding, batch 1, HTTP', concurrency: 8, batchSize: 1, protocol: 'http' },
    differsIn: [],
    serverFlags: [],
    status: 'measured',
    reason: null,
    capacity: null,
    proof: [],
    throughput: unknown,
    latencyNs: {
      mean: unknown,
      p50: unknown,
      p99: unknown,
      p90: null,
      p95: null,
      p999: null,
      min: null,
      max: null,
      pooledP50: null,
      pooledP99: null,
      requestsPerBlock: 0,
    },
    cpuSecondsPer1000: unknown,
    comparison: null,
    screen: null,
    requestCount: 0,
    errors: {},
    invalidSliceCount: 0,
    loadMs: null,
    firstRequestNs: null,
    sliceMs: null,
    server: null,
    resources: null,
    constraints: [],
    ...overrides,
  };
}

/** A variant with plausible measurements of everything but a comparison. */
export function measuredVariant(overrides: Partial<VariantResult>): VariantResult {
  return emptyVariant({
    proof: [{ path: 'instance_group.count', status: 'verified' }],
    throughput: around(31_204.6, 488.2),
    latencyNs: {
      mean: around(251_340, 4_120),
      p50: around(238_900, 3_870),
      p99: around(612_400, 38_200),
      p90: 341_800,
      p95: 409_600,
      p999: 1_204_000,
      min: 121_300,
      max: 18_430_000,
      pooledP50: 239_100,
      pooledP99: 648_200,
      requestsPerBlock: 36_410,
    },
    cpuSecondsPer1000: around(0.0518, 0.0009),
    requestCount: 448_213,
    loadMs: 8.42,
    firstRequestNs: 1_843_000,
    sliceMs: 300,
    server: {
      queueNs: 18_220,
      computeInputNs: 3_410,
      computeInferNs: 62_840,
      computeOutputNs: 2_970,
      meanBatch: 1.84,
      executionCount: 243_594,
      cacheHitCount: 0,
    },
    resources: {
      cpuSource: 'threads',
      cpuCores: 1.62,
      residentBytes: 214_532_096,
      hostCpuRatio: 0.412,
      hostMemoryUsedBytes: 12_884_901_888,
      pendingRequestCount: 0,
      failures: [],
      cacheHitCount: null,
      cacheMissCount: null,
      gpus: [],
    },
    ...overrides,
  });
}

/** An estimate in the middle of its interval. */
export function around(point: number, halfWidth: number): EstimateResult {
  return { point, lower: point - halfWidth, upper: point + halfWidth, confidence: 0.95 };
}

const unknown: EstimateResult = { point: null, lower: null, upper: null, confidence: 0.95 };
