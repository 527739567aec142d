import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readServerMetrics } from '../kserve/server-metrics.ts';
import {
  type CpuUsed,
  cacheHitsOf,
  cpuFromMetrics,
  cpuSecondsPer1000,
  metricsBetween,
  noUsage,
  usageSchema,
} from './server-usage.ts';
import { isUnfit, whyUnfit } from './unfit.ts';

const used = (cpu: CpuUsed | null) => ({ usage: { ...noUsage, cpu } });
const page = (text: string) => readServerMetrics(text, 'm');

describe('the cost of slices', () => {
  it('is their processor time by their inferences, all together', () => {
    const first = used({ ns: 300e6, inferenceCount: 1_000, source: 'threads' });
    const second = used({ ns: 100e6, inferenceCount: 3_000, source: 'threads' });
    assert.equal(cpuSecondsPer1000([first]), 0.3);
    assert.equal(cpuSecondsPer1000([first, second]), 0.1);
  });

  it('is not known where that of one of them is not', () => {
    const known = used({ ns: 300e6, inferenceCount: 1_000, source: 'cgroup' });
    for (const slices of [[], [{}], [used(null)], [known, {}], [known, used(null)]])
      assert.equal(cpuSecondsPer1000(slices), null);
  });

  it('is never 0: what is read in ticks may have grown by less than one', () => {
    assert.equal(cpuSecondsPer1000([used({ ns: 0, inferenceCount: 10, source: 'processes' })]), 0.5);
    assert((cpuSecondsPer1000([used({ ns: 0, inferenceCount: 10, source: 'threads' })]) ?? 0) > 0);
  });
});

describe('two readings of a metrics page', () => {
  const before = page(`nv_inference_request_failure{model="m",reason="OTHER"} 2
nv_inference_request_failure{model="m",reason="CANCELED"} 1
nv_inference_pending_request_count{model="m"} 4
nv_cache_num_hits_per_model{model="m"} 10
nv_cache_num_misses_per_model{model="m"} 8
nv_inference_count{model="m"} 100
process_cpu_seconds_total 2
`);

  it('show what happened in between', () => {
    const after = page(`nv_cpu_utilization 0.5
nv_inference_request_failure{model="m",reason="OTHER"} 5
nv_inference_request_failure{model="m",reason="CANCELED"} 1
nv_inference_request_failure{model="m",reason="REJECTED"} 7
nv_inference_pending_request_count{model="m"} 1
nv_cache_num_hits_per_model{model="m"} 15
nv_inference_count{model="m"} 600
process_cpu_seconds_total 3.5
`);
    assert.deepEqual(metricsBetween(before, after), {
      ...{ hostCpuRatio: 0.5, hostMemoryUsedBytes: null, hostMemoryBytes: null, gpus: [] },
      pendingRequestCount: 4,
      failures: [
        { reason: 'OTHER', count: 3 },
        { reason: 'REJECTED', count: 7 },
      ],
      cacheHitCount: 5,
      cacheMissCount: null,
    });
    assert.deepEqual(cpuFromMetrics(before, after), { ns: 1.5e9, inferenceCount: 500, source: 'metrics' });
    assert.equal(usageSchema.safeParse({ ...noUsage, metrics: metricsBetween(before, after) }).success, true);
  });

  it('tell nothing of counters that went back, as a reload makes them, or that stand still', () => {
    const after = page(`nv_inference_request_failure{model="m",reason="OTHER"} 1
nv_cache_num_hits_per_model{model="m"} 9
nv_inference_count{model="m"} 50
process_cpu_seconds_total 3.5
`);
    const { failures, cacheHitCount } = metricsBetween(before, after);
    assert.deepEqual([failures, cacheHitCount, cpuFromMetrics(before, after)], [[], null, null]);
    assert.equal(cpuFromMetrics(before, before), null);
    assert.equal(cpuFromMetrics(page(''), page('')), null);
  });
});

describe('a slice without a failure', () => {
  const single = (metric: 'throughput' | 'cost') => ({ kind: 'single', direction: 'minimize', metric }) as const;
  const plan = { objective: single('throughput'), constraints: [], allowResponseCache: false };
  const seen = { server: { cacheHitCount: 0 }, ...used({ ns: 1, inferenceCount: 1, source: 'threads' }) };
  const cached = /^7 answers came from the response cache/;

  it('is fit for a plan whose question it answers', () => {
    assert.deepEqual(whyUnfit(seen, plan), []);
    assert.deepEqual(whyUnfit(seen, { ...plan, objective: single('cost') }), []);
    assert.deepEqual(whyUnfit({ server: null }, plan), []);
  });

  it('is not where answers came from the cache, by the statistics or the metrics, unless the plan allows that', () => {
    const told = { ...metricsBetween(page(''), page('')), cacheHitCount: 7 };
    const hits = [
      { ...seen, server: { cacheHitCount: 7 } },
      { server: null, usage: { ...noUsage, metrics: told } },
      { server: { cacheHitCount: 3 }, usage: { ...noUsage, metrics: told } },
    ];
    for (const each of hits) {
      assert.equal(cacheHitsOf(each), 7);
      assert.match(whyUnfit(each, plan).join(), cached);
      assert.equal(isUnfit(whyUnfit(each, plan)), true);
      assert.deepEqual(whyUnfit(each, { ...plan, allowResponseCache: true }), []);
    }
  });

  it('is not where the plan asks for a cost that nobody saw', () => {
    const blind = { server: null, ...used(null) };
    const reason = ['the processor time of the server cannot be seen, and the plan asks for its cost'];
    const terms = [
      { ...single('throughput'), weight: 0.5 },
      { ...single('cost'), weight: 0.5 },
    ];
    assert.deepEqual(whyUnfit(blind, { ...plan, objective: single('cost') }), reason);
    assert.deepEqual(whyUnfit(blind, { ...plan, objective: { kind: 'weighted', terms } }), reason);
    assert.deepEqual(whyUnfit(blind, { ...plan, constraints: [{ metric: 'cost', atMostCpuSeconds: 1 }] }), reason);
    assert.deepEqual(whyUnfit(blind, plan), []);
    assert.deepEqual([isUnfit(reason), isUnfit([]), isUnfit(['7 requests failed: timeout'])], [true, false, false]);
  });
});
