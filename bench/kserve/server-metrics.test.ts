import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readServerMetrics } from './server-metrics.ts';

/** Families and labels as Triton 2.51 has them, values made up. */
const page = `# HELP nv_inference_request_success Number of successful inference requests, all batch sizes
# TYPE nv_inference_request_success counter
nv_inference_request_success{model="iris",version="1"} 12
# HELP nv_inference_request_failure Number of failed inference requests, all batch sizes
# TYPE nv_inference_request_failure counter
nv_inference_request_failure{model="iris",reason="OTHER",version="1"} 0
nv_inference_request_failure{model="iris",reason="REJECTED",version="1"} 3
nv_inference_request_failure{model="iris",reason="REJECTED",version="2"} 4
nv_inference_request_failure{model="other",reason="BACKEND",version="1"} 9
# TYPE nv_inference_count counter
nv_inference_count{model="iris",version="1"} 96
nv_inference_count{model="iris",version="2"} 4
nv_inference_count{model="other",version="1"} 1000
# TYPE nv_inference_pending_request_count gauge
nv_inference_pending_request_count{model="iris",version="1"} 5
# TYPE nv_cache_num_hits_per_model counter
nv_cache_num_hits_per_model{model="iris",version="1"} 40
nv_cache_num_misses_per_model{model="iris",version="1"} 2
# TYPE nv_gpu_utilization gauge
nv_gpu_utilization{gpu_uuid="GPU-1"} 0.5
nv_gpu_utilization{gpu_uuid="GPU-2"} 0
nv_gpu_power_usage{gpu_uuid="GPU-1"} 121.5
nv_gpu_memory_total_bytes{gpu_uuid="GPU-1"} 85899345920
nv_gpu_memory_used_bytes{gpu_uuid="GPU-1"} 1073741824
# TYPE nv_cpu_utilization gauge
nv_cpu_utilization 0.125
nv_cpu_memory_total_bytes 8589934592
nv_cpu_memory_used_bytes 4294967296
`;

const nothing = {
  hostCpuRatio: null,
  hostMemoryUsedBytes: null,
  hostMemoryBytes: null,
  gpus: [],
  model: { pendingRequestCount: null, inferenceCount: null, cacheHitCount: null, cacheMissCount: null, failures: [] },
  process: { cpuSeconds: null, residentBytes: null },
};

describe("Triton's metrics", () => {
  it('are those of one model, its versions together, beside those of host and GPUs', () => {
    assert.deepEqual(readServerMetrics(page, 'iris'), {
      hostCpuRatio: 0.125,
      hostMemoryUsedBytes: 4_294_967_296,
      hostMemoryBytes: 8_589_934_592,
      gpus: [
        {
          uuid: 'GPU-1',
          utilisationRatio: 0.5,
          powerW: 121.5,
          memoryUsedBytes: 1_073_741_824,
          memoryBytes: 85_899_345_920,
        },
        { uuid: 'GPU-2', utilisationRatio: 0, powerW: null, memoryUsedBytes: null, memoryBytes: null },
      ],
      model: {
        pendingRequestCount: 5,
        inferenceCount: 100,
        cacheHitCount: 40,
        cacheMissCount: 2,
        failures: [
          { reason: 'OTHER', count: 0 },
          { reason: 'REJECTED', count: 7 },
        ],
      },
      process: { cpuSeconds: null, residentBytes: null },
    });
  });

  it('are unknown where a page does not have them', () => {
    for (const text of ['', '<html>404</html>', page.replaceAll('nv_', 'other_')])
      assert.deepEqual(readServerMetrics(text, 'iris'), nothing);
    assert.deepEqual(readServerMetrics(page, 'absent').model, nothing.model);
  });

  it('are unknown where they are no numbers that can be', () => {
    for (const value of ['NaN', '+Inf', '-Inf', '-1']) {
      const text = page.replaceAll(/ [\d.]+$/gm, ` ${value}`);
      const { hostCpuRatio, gpus, model } = readServerMetrics(text, 'iris');
      assert.deepEqual([hostCpuRatio, model], [null, nothing.model], value);
      assert.deepEqual([...new Set(gpus.flatMap(({ uuid: _, ...rest }) => Object.values(rest)))], [null], value);
    }
  });

  it('have the names that Prometheus gives to what a process takes', () => {
    const { process } = readServerMetrics(
      'process_cpu_seconds_total 12.5\nprocess_resident_memory_bytes 2e6\n',
      'iris',
    );
    assert.deepEqual(process, { cpuSeconds: 12.5, residentBytes: 2e6 });
  });

  it('bring no control character, no long text and no number of GPUs or reasons that hurts', () => {
    const failures = Array.from(
      { length: 50 },
      (_, index) => `nv_inference_request_failure{model="m",reason="r${index}"} 1`,
    );
    const gpus = Array.from({ length: 500 }, (_, index) => `nv_gpu_utilization{gpu_uuid="g${index}"} 1`);
    const many = readServerMetrics([...failures, ...gpus].join('\n'), 'm');
    assert.deepEqual([many.model.failures.length, many.gpus.length], [16, 64]);
    const hostile = `\u001b[31m\u202e${'x'.repeat(500)}`;
    const [only] = readServerMetrics(`nv_inference_request_failure{model="m",reason="${hostile}"} 1`, 'm').model
      .failures;
    assert.deepEqual(only, { reason: ` [31m ${'x'.repeat(94)}`, count: 1 });
    const proto = readServerMetrics('nv_inference_request_failure{model="m",reason="__proto__"} 1', 'm').model.failures;
    assert.deepEqual(proto, [{ reason: '__proto__', count: 1 }]);
  });

  it('of any text are numbers from 0 on, or unknown', () => {
    const name = fc.constantFrom(
      'nv_inference_count',
      'nv_cpu_utilization',
      'nv_gpu_power_usage',
      'nv_inference_request_failure',
    );
    const value = fc.oneof(fc.double().map(String), fc.string(), fc.constantFrom('NaN', '+Inf', '1e400'));
    const line = fc
      .tuple(name, fc.string({ unit: 'binary' }), value)
      .map(([id, label, number]) => `${id}{model="m",reason="${label}"} ${number}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
        const { model, gpus, hostCpuRatio } = readServerMetrics(lines.join('\n'), 'm');
        const numbers = [
          hostCpuRatio,
          model.inferenceCount,
          ...model.failures.map(({ count }) => count),
          ...gpus.map(({ powerW }) => powerW),
        ];
        for (const number of numbers) assert(number === null || (number >= 0 && Number.isFinite(number)));
      }),
      { seed: 20_261_123, numRuns: 2_000 },
    );
  });
});
