import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Timeline } from '../load/timeline.ts';
import { warmupFrom } from './warmup.ts';

const limits = { plannedMs: 120, mostMs: 2_000 };
const ms = 1e6;

/** Bins of 50 ms with so many answers each; the mean latency 1 ms and 1.1 ms in turn, and three times that in the first bins. */
function timelineOf(binCount: number, slowBins: number, answers = 40): Timeline {
  const bins = Array.from({ length: binCount }, (_, bin) => bin);
  const meanNs = (bin: number): number => (1 + 0.1 * (bin % 2)) * (bin < slowBins ? 3 : 1) * ms;
  return {
    binNs: 50 * ms,
    counts: bins.map(() => answers),
    latencySumsNs: bins.map((bin) => answers * meanNs(bin)),
  };
}

const watched = (variantId: string, timeline: Timeline) => ({ variantId, timeline });

describe('the warm-up of a run', () => {
  it('is half as long again as the slowest variant takes to settle', () => {
    const seen = [watched('b', timelineOf(50, 5)), watched('baseline', timelineOf(50, 0))];
    assert.deepEqual(warmupFrom(seen, limits), { ms: 375, why: 'settled', settledMs: { b: 250, baseline: 0 } });
  });

  it('takes the sooner of two looks at a variant: what only one of them saw was the host', () => {
    const seen = [10, 5].map((slow) => watched('b', timelineOf(60, slow)));
    assert.deepEqual(warmupFrom(seen, limits), { ms: 375, why: 'settled', settledMs: { b: 250 } });
  });

  it('is never shorter than the executions of the instances need', () => {
    const seen = [watched('b', timelineOf(50, 5))];
    assert.deepEqual(warmupFrom(seen, { plannedMs: 400, mostMs: 2_000 }), {
      ms: 400,
      why: 'executions',
      settledMs: { b: 250 },
    });
  });

  it('is never longer than the budget allows, but as long as the executions need', () => {
    const seen = [watched('b', timelineOf(50, 10))];
    for (const [plannedMs, mostMs, expected] of [
      [120, 300, 300],
      [320, 300, 320],
    ] as const) {
      assert.deepEqual(warmupFrom(seen, { plannedMs, mostMs }), {
        ms: expected,
        why: 'bounded',
        settledMs: { b: 500 },
      });
    }
  });

  it('says so where a load still changes as late as can be told', () => {
    assert.deepEqual(warmupFrom([watched('b', timelineOf(50, 25))], limits), {
      ms: 1_875,
      why: 'restless',
      settledMs: { b: 1_250 },
    });
  });

  it('is as planned where nothing was watched, or for too short a time', () => {
    assert.deepEqual(warmupFrom([], limits), { ms: 120, why: 'unseen', settledMs: {} });
    for (const timeline of [timelineOf(0, 0), timelineOf(29, 10), timelineOf(100, 20, 0)]) {
      assert.deepEqual(warmupFrom([watched('b', timeline)], limits), {
        ms: 120,
        why: 'unseen',
        settledMs: { b: null },
      });
    }
  });

  it('takes bins together where few answers come, and an empty one for the wait of the next answer', () => {
    // One answer in each bin: four bins make one value of 200 ms, and 200 bins 50 of them.
    const slow = timelineOf(200, 40, 1);
    assert.deepEqual(warmupFrom([watched('b', slow)], { plannedMs: 120, mostMs: 1e6 }).settledMs, { b: 2_000 });
    const gap = timelineOf(50, 0);
    const stalled = { ...gap, counts: gap.counts.map((count, bin) => (bin === 30 ? 0 : count)) };
    assert.deepEqual(warmupFrom([watched('b', stalled)], limits).settledMs, { b: 0 });
  });

  it('keeps a variant called __proto__ apart', () => {
    const { settledMs } = warmupFrom([watched('__proto__', timelineOf(50, 5))], limits);
    assert.deepEqual(Object.entries(settledMs), [['__proto__', 250]]);
  });
});
