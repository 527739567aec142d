import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AcceptedLook, sliceCostMs, timingOf } from './timing.ts';

const slow: AcceptedLook = {
  variantId: 'baseline',
  outcome: 'accepted',
  proof: [],
  loadMs: 10,
  latencyMs: 2_000,
  requestsPerSecond: 2,
  meanBatch: 1,
};
const fast: AcceptedLook = { ...slow, variantId: 'fast', latencyMs: 2, requestsPerSecond: 2_000 };
const four = { load: { concurrency: 4, batchSize: 1 }, variants: [] } as unknown as Parameters<typeof timingOf>[0];

describe('the timing of slices', () => {
  it('is 30 cycles and at least 300 ms, after 20 executions of each instance and at least 100 ms', () => {
    assert.deepEqual(timingOf(four, [fast], { fast: 1 }), { warmupMs: 100, sliceMs: { fast: 300 } });
    assert.deepEqual(timingOf(four, [slow, fast], { baseline: 1, fast: 1 }), {
      warmupMs: 10_000,
      sliceMs: { baseline: 60_000, fast: 300 },
    });
  });

  it('warms up for a second or a third of the longest slice at the most', () => {
    assert.equal(timingOf(four, [fast], { fast: 200 }).warmupMs, 1_000);
    assert.equal(timingOf(four, [slow], { baseline: 4 }).warmupMs, 20_000);
  });

  it('counts in the answers that a window waits for before it opens and after it closes', () => {
    const timing = { warmupMs: 1_000, sliceMs: { baseline: 60_000, fast: 300 } };
    assert.equal(sliceCostMs(slow, timing), 10 + 2_000 + 60_000 + 2_000);
    assert.equal(sliceCostMs(fast, timing), 10 + 1_000 + 300 + 40);
  });
});
