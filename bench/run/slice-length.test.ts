import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LatencyRecorder } from '../load/recorder.ts';
import { fitBudget } from '../stats/budget.ts';
import { affordable, affordableSliceMs, lengthened, samplingVariance } from './slice-length.ts';
import { type AcceptedLook, sliceCostMs, type Timing } from './timing.ts';

const look = (variantId: string, latencyMs = 2, loadMs = 60): AcceptedLook => ({
  variantId,
  outcome: 'accepted',
  proof: [],
  loadMs,
  latencyMs,
  requestsPerSecond: 1_000 / latencyMs,
  meanBatch: 1,
});

/** 60 (load) + 100 (warm-up) + 40 (overhead) = 200 ms before and after each window. */
const timing: Timing = { warmupMs: 100, sliceMs: { baseline: 300, b: 800 } };
const looks = [look('baseline'), look('b')];

describe('the variance that few requests make', () => {
  it('is that of the mean of as many latencies', () => {
    const recorder = new LatencyRecorder();
    for (let pair = 0; pair < 50; pair += 1) for (const latencyMs of [1, 3]) recorder.record(latencyMs * 1e6);
    // A deviation of a half of the mean, over 100 requests.
    const variance = samplingVariance({ latency: recorder.finish() });
    assert(Math.abs(variance / (0.25 / 100) - 1) < 2e-3, `${variance}`);
    assert.equal(samplingVariance({ latency: new LatencyRecorder().finish() }), 0);
  });
});

describe('longer slices', () => {
  it('are as long as gives the smallest variance for their time, as far as the pilot had slices to tell', () => {
    // sqrt(200 x 300 x 9) and sqrt(200 x 800 x 9).
    assert.deepEqual(lengthened(timing, looks, { samplingRatio: 1, sliceCount: 72 }).sliceMs, {
      baseline: 735,
      b: 1_200,
    });
    // sqrt(200 x 300 x 3); sqrt(200 x 800 x 3) is less than planned.
    assert.deepEqual(lengthened(timing, looks, { samplingRatio: 1, sliceCount: 24 }).sliceMs, {
      baseline: 425,
      b: 800,
    });
  });

  it('are never shorter than what comes before their window, which is no load where the model lies there already', () => {
    const noisy = { samplingRatio: 0, sliceCount: 12 };
    const slow = { ...timing, warmupMs: 1_000 };
    assert.deepEqual(lengthened(slow, looks, noisy).sliceMs, { baseline: 1_100, b: 1_100 });
    const kept = looks.map((look) => ({ ...look, loadMs: 5_000 }));
    assert.deepEqual(lengthened(slow, kept, { ...noisy, applied: 'colocate' }).sliceMs, { baseline: 1_040, b: 1_040 });
  });

  it('are none where something else varies as much, whatever a share beyond 1 says', () => {
    for (const samplingRatio of [-1, 0, 0.5])
      assert.deepEqual(lengthened(timing, looks, { samplingRatio, sliceCount: 1_000 }), timing);
    assert.deepEqual(
      lengthened(timing, looks, { samplingRatio: 7, sliceCount: 72 }),
      lengthened(timing, looks, { samplingRatio: 1, sliceCount: 72 }),
    );
  });
});

describe('slices that the budget pays for', () => {
  it('are as they were where the least sweep fits', () => {
    const budget = { serverStartMs: 400, availableMs: 8 * (400 + 500 + 1_000) };
    assert.deepEqual(affordable(timing, looks, budget), timing);
    assert.deepEqual(affordable(timing, looks, { serverStartMs: 400, availableMs: Number.POSITIVE_INFINITY }), timing);
  });

  it('are shorter by one factor, so that eight blocks of one slice each fit', () => {
    const slow = [look('baseline', 500), look('b', 500)];
    const long: Timing = { warmupMs: 100, sliceMs: { baseline: 15_000, b: 15_000 } };
    // (80 000 / 8 - 400) / 2 is 4 800 for each, less 60 for its load and a latency at either end.
    const { sliceMs } = affordable(long, slow, { serverStartMs: 400, availableMs: 80_000 });
    assert.deepEqual(sliceMs, { baseline: 3_740, b: 3_740 });
  });

  it('are never shorter than 300 ms and five cycles', () => {
    const budget = { serverStartMs: 400, availableMs: 1 };
    const slow = [look('baseline', 2), look('b', 100.2)];
    assert.deepEqual(affordable(timing, slow, budget).sliceMs, { baseline: 300, b: 501 });
    assert.deepEqual(affordable({ ...timing, sliceMs: { baseline: 250, b: 400 } }, slow, budget).sliceMs, {
      baseline: 250,
      b: 400,
    });
  });

  it('fit wherever the shortest ones do', () => {
    const cases = fc.record({
      variants: fc.integer({ min: 1, max: 12 }),
      latencyMs: fc.double({ min: 0.1, max: 500, noNaN: true }),
      availableMs: fc.integer({ min: 1, max: 600_000 }),
    });
    fc.assert(
      fc.property(cases, ({ variants, latencyMs, availableMs }) => {
        const all = Array.from({ length: variants + 1 }, (_, index) => look(`v${index}`, latencyMs));
        const sliceMs = Object.fromEntries(all.map(({ variantId }) => [variantId, Math.max(300, 30 * latencyMs)]));
        const paid = affordable({ warmupMs: 100, sliceMs }, all, { serverStartMs: 400, availableMs });
        const costMs = all.map((each) => sliceCostMs(each, paid)).reduce((sum, each) => sum + each, 0) / all.length;
        const blockMs = (count: number, slices: number): number => 400 + count * slices * costMs;
        const fit = fitBudget({ variantCount: variants, availableMs, slicesPerBlock: 1, blockMs });
        const least = Math.max(300, 5 * latencyMs);
        const atLeast = Object.values(paid.sliceMs).every((each) => each - Math.min(sliceMs.v0 ?? 0, least) < 1 + 1e-6);
        assert(fit.confirmBlocks >= 8 || atLeast);
        for (const each of Object.values(paid.sliceMs)) assert(each <= Math.ceil(sliceMs.v0 ?? 0));
        assert(costMs <= affordableSliceMs(all, { serverStartMs: 400, availableMs }) + 1 || atLeast);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('the time that one slice may take', () => {
  it('is what eight blocks leave for each', () => {
    const budget = { serverStartMs: 400, availableMs: 40_000 };
    assert(Math.abs(affordableSliceMs(looks, budget) - (40_000 / 8 - 400) / 2) < 0.1);
    assert.equal(
      affordableSliceMs(looks, { serverStartMs: 1, availableMs: Number.POSITIVE_INFINITY }),
      Number.POSITIVE_INFINITY,
    );
    assert(affordableSliceMs(looks, { serverStartMs: 400, availableMs: -5 }) <= 0);
  });
});
