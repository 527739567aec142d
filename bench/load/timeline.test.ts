import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeTimelines, type Timeline, TimelineRecorder } from './timeline.ts';

const ms = 1e6;

describe('a timeline', () => {
  it('puts each answer into the bin of 50 ms in which it came', () => {
    const recorder = new TimelineRecorder();
    for (const [atMs, latencyMs] of [
      [0, 1],
      [49.999, 2],
      [50, 4],
      [199, 8],
      [201, 16],
    ] as const) {
      recorder.record(atMs * ms, latencyMs * ms);
    }
    assert.deepEqual(recorder.finish(249 * ms), {
      binNs: 50 * ms,
      counts: [2, 1, 0, 1],
      latencySumsNs: [3 * ms, 4 * ms, 0, 8 * ms],
    });
  });

  it('has no more than a minute, and nothing of an instant before the start', () => {
    const recorder = new TimelineRecorder();
    for (const atNs of [-1, Number.NaN, 60e9, 1e18]) recorder.record(atNs, 1);
    recorder.record(60e9 - 1, 7);
    const { counts, latencySumsNs } = recorder.finish(1e18);
    assert.deepEqual([counts.length, counts.at(-1), latencySumsNs.at(-1)], [1_200, 1, 7]);
    assert.equal(
      counts.reduce((sum, each) => sum + each, 0),
      1,
    );
    assert.deepEqual(recorder.finish(-1).counts, []);
  });
});

describe('the timeline of several threads', () => {
  const of = (...counts: number[]): Timeline => ({
    binNs: 50 * ms,
    counts,
    latencySumsNs: counts.map((each) => each * ms),
  });

  it('is the sum of theirs, each from its own start, up to the end of the first that ended', () => {
    const merged = mergeTimelines([
      { timeline: of(1, 2, 3, 4), offsetNs: 0 },
      { timeline: of(10, 20, 30, 40), offsetNs: 52 * ms },
      { timeline: of(100, 200, 300), offsetNs: 24 * ms },
    ]);
    assert.deepEqual(merged, of(101, 212, 323));
  });

  it('adds up to the answers of all, whatever their order', () => {
    const counts = fc.array(fc.nat(1_000), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(counts, counts, counts, (a, b, c) => {
        const parts = [a, b, c].map((each) => ({ timeline: of(...each), offsetNs: 0 }));
        const [first, second, third] = parts;
        if (first === undefined || second === undefined || third === undefined) throw new Error('three parts');
        const merged = mergeTimelines([first, second, third]);
        assert.deepEqual(merged, mergeTimelines([third, first, second]));
        assert.deepEqual(
          merged.counts,
          a.map((each, bin) => each + (b[bin] ?? 0) + (c[bin] ?? 0)),
        );
      }),
      { seed: 1, numRuns: 100 },
    );
  });
});
