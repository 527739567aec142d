import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Tally, type TallyOptions } from './tally.ts';

const ms = 1e6;
const options: TallyOptions = {
  concurrency: 2,
  batchSize: 4,
  warmup: { minimumNs: 0, minimumRequestCount: 2 },
  windowNs: 30 * ms,
  limitsNs: [10 * ms, 9 * ms],
};

/** Two lanes that complete together every 10 ms, from 0 on; both have answered first at 10 ms, where the window opens. */
function twoLanes(completionsMs: readonly number[], tally = new Tally(options, 0)): (string | undefined)[] {
  return completionsMs.flatMap((atMs) =>
    [0, 1].map((lane) => tally.complete((atMs - 10) * ms, atMs * ms + lane, atMs === 10 && lane < 2)),
  );
}

describe('a tally', () => {
  it('opens after the warm-up, closes after the window, and tells each once', () => {
    const tally = new Tally(options, 0);
    assert.deepEqual(twoLanes([10, 20, 30, 40, 50], tally), [
      ...[undefined, undefined, 'open', undefined, undefined, undefined],
      ...[undefined, undefined, 'close', undefined],
    ]);
  });

  it('has full pressure, and exact counts, with all lanes busy all the time', () => {
    const tally = new Tally(options, 0);
    twoLanes([10, 20, 30, 40], tally);
    tally.complete(40 * ms, 50 * ms, false);
    tally.finish([40 * ms, 50 * ms]);
    const measured = tally.measurement(60 * ms);
    assert.deepEqual(measured.window, { openNs: 10 * ms + 1, closeNs: 40 * ms + 1 });
    assert.equal(measured.requestCount, 6);
    assert.equal(measured.requestsPerSecond, 200);
    assert.equal(measured.inferencesPerSecond, 800);
    assert.equal(measured.latency.sumNs, 60 * ms + 3);
    assert.deepEqual(measured.aboveLimits, [
      { limitNs: 10 * ms, count: 3 },
      { limitNs: 9 * ms, count: 6 },
    ]);
    // What is outstanding at the opening and at the close counts with its part inside; one lane's answers lie 1 ns apart.
    assert(Math.abs(measured.pressureRatio - 1) < 1e-6, `${measured.pressureRatio}`);
    assert.deepEqual(measured.warmup, { durationNs: 10 * ms + 1, requestCount: 2, firstRequestNs: 10 * ms });
  });

  it('counts failed requests as outstanding up to their failure, within the window only', () => {
    const tally = new Tally(options, 0);
    twoLanes([10, 20, 30, 40], tally);
    tally.fail('http-5xx', 5 * ms, 8 * ms);
    tally.fail('http-5xx', 5 * ms, 12 * ms + 1);
    tally.fail('reset', 39 * ms + 1, 45 * ms);
    tally.fail('connect', undefined, 46 * ms);
    tally.complete(50 * ms, 60 * ms, false);
    tally.finish([]);
    const measured = tally.measurement(60 * ms);
    assert.deepEqual(measured.errors, { 'http-5xx': 2, reset: 1, connect: 1 });
    // Three rounds of two whole requests, less the nanosecond by which the window opens late, and 2 ms and 1 ms of failures.
    assert(Math.abs(measured.outstandingIntegralNs - 63 * ms) < 10);
    assert.equal(measured.latency.count, 6);
  });

  it('knows the part of failures at its opening with the answer after them', () => {
    const tally = new Tally(options, 0);
    twoLanes([10], tally);
    tally.fail('reset', 4 * ms, 12 * ms + 1);
    tally.fail('reset', 11 * ms + 1, 12 * ms + 1);
    twoLanes([20, 30, 40, 50], tally);
    tally.finish([]);
    // Less the two that were outstanding at the close, 10 ms each.
    assert(Math.abs(tally.measurement(60 * ms).outstandingIntegralNs - 63 * ms) < 10);
  });

  it('counts a failure in full where the window stays open after it, and to its end where it does not', () => {
    const options = { concurrency: 1, batchSize: 1, warmup: { minimumNs: 0, minimumRequestCount: 1 }, limitsNs: [] };
    const integralNs = (failedNs: number, lastStartNs: number): number => {
      const tally = new Tally({ ...options, windowNs: 120 * ms }, 0);
      for (const atMs of [100, 200, 230]) tally.complete((atMs - 100) * ms, atMs * ms, atMs === 100);
      assert.equal(tally.window.state, 'closing');
      tally.fail('reset', 225 * ms, failedNs);
      // 1 ms after the other: still the same burst.
      tally.complete(130 * ms, 231 * ms, false);
      tally.fail('reset', lastStartNs, 300 * ms);
      assert.equal(tally.complete(290 * ms, 340 * ms, false), 'close');
      tally.finish([]);
      return tally.measurement(400 * ms).outstandingIntegralNs;
    };
    const base = integralNs(230.25 * ms, 250 * ms);
    assert.equal(integralNs(230.5 * ms, 250 * ms) - base, 0.25 * ms);
    assert.equal(integralNs(230.25 * ms, 229 * ms) - base, 2 * ms);
  });

  it('holds nothing for each failure, at the edges either', () => {
    const tally = new Tally(options, 0);
    twoLanes([10], tally);
    assert.equal(tally.window.state, 'opening');
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 3_000_000; count += 1) tally.fail('reset', 11 * ms, 12 * ms);
    assert(process.memoryUsage().heapUsed - before < 80e6);
  });

  it('waits for each lane, and for the first request sent even where it is answered last', () => {
    const tally = new Tally(options, 0);
    for (const atMs of [10, 20, 30]) assert.equal(tally.complete((atMs - 9) * ms, atMs * ms, atMs === 10), undefined);
    assert.equal(tally.window.state, 'before');
    tally.complete(0, 35 * ms, true);
    assert.equal(tally.window.state, 'opening');
    assert.equal(tally.measurement(40 * ms).warmup.firstRequestNs, 35 * ms);
  });

  it('is all zero but for warm-up and errors where the window did not close', () => {
    const tally = new Tally(options, 5 * ms);
    twoLanes([10, 20, 30], tally);
    tally.fail('timeout', 30 * ms, 90 * ms);
    tally.finish([30 * ms]);
    const { latency, aboveLimits, warmup, errors, ...numbers } = tally.measurement(95 * ms);
    assert.deepEqual(numbers, {
      pacing: { kind: 'closed', concurrency: 2 },
      schedule: null,
      window: { openNs: 0, closeNs: 0 },
      requestCount: 0,
      requestsPerSecond: 0,
      inferencesPerSecond: 0,
      outstandingIntegralNs: 0,
      pressureRatio: 0,
    });
    assert.deepEqual([latency.count, latency.sumNs, latency.maxNs], [0, 0, 0]);
    assert.deepEqual(
      aboveLimits.map(({ count }) => count),
      [0, 0],
    );
    assert.deepEqual([warmup.requestCount, errors], [2, { timeout: 1 }]);
  });

  it('keeps a timeline from the start of the load to the close of its window, where it is asked for one', () => {
    const tally = new Tally({ ...options, timeline: true }, 5 * ms);
    const slow = { ...options, windowNs: 120 * ms };
    const [asked, other] = [new Tally({ ...slow, timeline: true }, 0), new Tally(slow, 0)];
    const ends = Array.from({ length: 17 }, (_, index) => 10 * (index + 1));
    for (const each of [asked, other]) {
      twoLanes(ends, each);
      each.finish([]);
    }
    const { timeline, ...rest } = asked.measurement(900 * ms);
    // The window is from 10 to 130 ms: the bin that began at 100 ms had not ended.
    assert.deepEqual(timeline, { binNs: 50 * ms, counts: [8, 10], latencySumsNs: [80 * ms + 4, 100 * ms + 5] });
    assert.deepEqual(other.measurement(900 * ms), rest);
    tally.complete(10 * ms, 35 * ms, true);
    assert.deepEqual(tally.measurement(110 * ms).timeline?.counts, [1, 0]);
  });

  it('keeps its window shut until the gate is open, and arrives at the gate once', () => {
    let [arrivals, open] = [0, false];
    const gate = {
      arrived: () => {
        arrivals += 1;
      },
      open: () => open,
    };
    const tally = new Tally({ ...options, gate }, 0);
    twoLanes([10, 20, 30], tally);
    assert.deepEqual([arrivals, tally.window.state], [1, 'before']);
    open = true;
    twoLanes([40], tally);
    assert.deepEqual([arrivals, tally.window.state], [1, 'opening']);
    assert.equal(tally.warmCount, 7);
  });

  it('tells bursts apart by recent latencies: a cold first request does not count for long', () => {
    const tally = new Tally({ ...options, concurrency: 1, warmup: { minimumNs: 0, minimumRequestCount: 1_000 } }, 0);
    tally.complete(0, 5_000 * ms, true);
    for (let at = 5_001; at < 6_000; at += 1) tally.complete((at - 1) * ms, at * ms, false);
    assert.equal(tally.window.state, 'opening');
    assert.equal(tally.complete(5_999 * ms, 6_000 * ms, false), 'open');
  });
});
