import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { Failure } from '../failure.ts';
import { emptyHistogram, LatencyRecorder, mergeHistograms } from '../load/recorder.ts';
import { LatencySum } from './latency-sum.ts';

const percents = [0.1, 1, 25, 50, 75, 90, 95, 99, 99.9, 100];

function encode(latenciesNs: readonly number[]): string {
  const recorder = new LatencyRecorder();
  for (const latencyNs of latenciesNs) recorder.record(latencyNs);
  return recorder.finish().histogram;
}

describe('the sum of stored latencies', () => {
  it('is what the library adds up, for any latencies, percentile by percentile and written out', () => {
    const latency = fc.oneof(
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 1, max: 59_999_999_999 }),
    );
    const windows = fc.array(fc.array(latency, { maxLength: 60 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(windows, (latencies) => {
        const encoded = latencies.map(encode);
        const [sum, merged] = [LatencySum.of(encoded), mergeHistograms(encoded)];
        assert.deepEqual(
          percents.map((percent) => sum.percentile(percent)),
          percents.map((percent) => merged.getValueAtPercentile(percent)),
        );
        assert.equal(
          sum.toHistogram().outputPercentileDistribution(5, 1e6),
          merged.outputPercentileDistribution(5, 1e6),
        );
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('holds counts of several bytes', () => {
    for (const count of [1, 63, 64, 8_191, 8_192, 1_048_576, 2 ** 30]) {
      const histogram = emptyHistogram();
      histogram.recordValueWithCount(2_000_000, count);
      histogram.recordValueWithCount(1_000, 1);
      const sum = LatencySum.of([encodeIntoCompressedBase64(histogram)]);
      assert.equal(sum.toHistogram().totalCount, count + 1);
      assert.equal(sum.percentile(100), histogram.getValueAtPercentile(100));
    }
  });

  it('of nothing is 0', () => {
    assert.deepEqual([LatencySum.of([]).percentile(99), LatencySum.of([encode([])]).percentile(50)], [0, 0]);
  });

  it('of what is no such histogram is a failure that says what to do', () => {
    const whole = encode([2e6, 3e6]);
    const bytes = Buffer.from(whole, 'base64');
    const otherCookie = Buffer.from(bytes);
    otherCookie.writeInt32BE(7, 0);
    const negativeLength = Buffer.from(bytes);
    negativeLength.writeInt32BE(-4, 4);
    const texts = ['', 'x', 'SGVsbG8=', whole.slice(0, 20), whole.slice(0, -9)];
    for (const text of [...texts, otherCookie.toString('base64'), negativeLength.toString('base64')])
      assert.throws(
        () => LatencySum.of([whole, text]),
        (error: unknown) => error instanceof Failure && error.exitCode === 6 && error.hint !== undefined,
        text,
      );
  });

  it('of a histogram of another shape is a failure, not other numbers', async () => {
    const { build } = await import('hdr-histogram-js');
    for (const [lowestDiscernibleValue, numberOfSignificantValueDigits] of [
      [1, 2],
      [1, 4],
      [1_000, 3],
    ] as const) {
      const shape = { lowestDiscernibleValue, numberOfSignificantValueDigits, highestTrackableValue: 60e9 };
      const other = build({ ...shape, bitBucketSize: 32 });
      other.recordValue(5_000_000);
      assert.throws(() => LatencySum.of([encodeIntoCompressedBase64(other)]), /cannot be read/);
    }
  });
});
