import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { Failure } from '../failure.ts';
import { seededRandom } from '../random.ts';
import { emptyHistogram, LatencyRecorder, mergeHistograms } from './recorder.ts';

const percentiles = [1, 25, 50, 90, 99, 99.9, 100];

/** Latencies from 10 us to 30 s, most of them around 1 ms, a few far out. */
function samples(count: number, seed: number): number[] {
  const random = seededRandom(seed);
  return Array.from(
    { length: count },
    () => 10 ** (random.next() < 0.95 ? 5.8 + random.next() * 0.4 : 4 + random.next() * 6.4),
  );
}

function record(latencies: readonly number[]): LatencyRecorder {
  const recorder = new LatencyRecorder();
  for (const latencyNs of latencies) recorder.record(latencyNs);
  return recorder;
}

/** The smallest sample that so many per cent of all do not exceed. */
function exactPercentile(latencies: readonly number[], percentile: number): number {
  const sorted = [...latencies].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percentile * 10 * sorted.length) / 1_000) - 1)] ?? 0;
}

describe('a latency recorder', () => {
  it('gives percentiles within 0.1 % of the sorted samples', () => {
    for (const count of [1, 2, 7, 100, 10_000]) {
      const latencies = samples(count, count);
      const { p50Ns, p99Ns, histogram } = record(latencies).finish();
      const merged = mergeHistograms([histogram]);
      assert.equal(p50Ns, merged.getValueAtPercentile(50));
      assert.equal(p99Ns, merged.getValueAtPercentile(99));
      for (const percentile of percentiles) {
        const exact = exactPercentile(latencies, percentile);
        const ratio = merged.getValueAtPercentile(percentile) / exact;
        assert(Math.abs(ratio - 1) <= 0.001, `p${percentile} of ${count}: ${ratio}`);
      }
    }
  });

  it('gives what the library gives that records each by itself, at the edges of buckets too', () => {
    const edges = Array.from({ length: 36 }, (_, power) => [2 ** power - 1, 2 ** power, 2 ** power + 1]).flat();
    for (const latencies of [samples(10_000, 9), edges, [5], [5, 5], [2_047.5], [60e9, 61e9, 0]]) {
      const histogram = emptyHistogram();
      for (const latencyNs of latencies) histogram.recordValue(Math.min(Math.max(Math.round(latencyNs), 1), 60e9));
      const { count, p50Ns, p99Ns, histogram: encoded } = record(latencies).finish();
      assert.deepEqual(
        [count, p50Ns, p99Ns, encoded],
        [
          histogram.totalCount,
          histogram.getValueAtPercentile(50),
          histogram.getValueAtPercentile(99),
          encodeIntoCompressedBase64(histogram),
        ],
      );
    }
  });

  it('keeps sum, least and greatest exactly', () => {
    const { count, sumNs, minNs, maxNs } = record([1_000.25, 3_000.5, 2_000.125]).finish();
    assert.deepEqual({ count, sumNs, minNs, maxNs }, { count: 3, sumNs: 6_000.875, minNs: 1_000.25, maxNs: 3_000.5 });
  });

  it('takes what lies outside of the histogram: its ends there, exactly in sum and extremes', () => {
    const recorded = record([0.2, 61e9]).finish();
    assert.deepEqual([recorded.minNs, recorded.maxNs, recorded.sumNs], [0.2, 61e9, 61e9 + 0.2]);
    const merged = mergeHistograms([recorded.histogram]);
    assert.equal(merged.minNonZeroValue, 1);
    assert.equal(merged.totalCount, 2);
  });

  it('is all zero without a sample', () => {
    const { histogram, ...numbers } = new LatencyRecorder().finish();
    assert.deepEqual(numbers, { count: 0, sumNs: 0, minNs: 0, maxNs: 0, p50Ns: 0, p99Ns: 0 });
    assert.equal(mergeHistograms([histogram]).totalCount, 0);
  });
});

describe('merged histograms', () => {
  it('are the histogram of all samples together, exactly', () => {
    const parts = [samples(5_000, 1), samples(17, 2), [], samples(900, 3)];
    const merged = mergeHistograms(parts.map((part) => record(part).finish().histogram));
    const whole = mergeHistograms([record(parts.flat()).finish().histogram]);
    assert.equal(merged.totalCount, 5_917);
    assert.equal(merged.outputPercentileDistribution(5, 1), whole.outputPercentileDistribution(5, 1));
  });

  it('of none are the empty one', () => {
    assert.equal(mergeHistograms([]).outputPercentileDistribution(), emptyHistogram().outputPercentileDistribution());
  });

  it('of damaged text are refused as results that cannot be read', () => {
    const { histogram } = record(samples(100, 4)).finish();
    for (const damaged of ['', 'no histogram', histogram.slice(0, 40), `AAAA${histogram}`]) {
      assert.throws(
        () => mergeHistograms([damaged]),
        (error) => error instanceof Failure && error.exitCode === 6,
      );
    }
  });
});
