import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Window } from './window.ts';

const ms = 1e6;

describe('a window', () => {
  it('gives exactly 400/s for bursts of 8 every 20 ms, whatever its phase and length', () => {
    for (let phase = 0; phase < 8 * 5; phase += 1) {
      for (const lengthMs of [1, 50, 100, 105, 300, 333]) {
        const window = new Window(lengthMs * ms);
        const closed = run(window, { ends: bursts(8, 20 * ms, 25_000), armAfter: phase, latencyNs: 20 * ms });
        assert.equal(closed.ratePerSecond, 400);
        assert.equal(closed.count % 8, 0);
        assert(
          closed.closeNs - closed.openNs >= lengthMs * ms && closed.closeNs - closed.openNs < (lengthMs + 40) * ms,
        );
      }
    }
  });

  it('gives exactly the rate of a steady stream', () => {
    for (const [everyNs, latencyNs] of [
      [2 * ms, 8 * ms],
      [100_000, 800_000],
      [25 * ms, 25 * ms],
      [700 * ms, 700 * ms],
    ] as const) {
      const window = run(new Window(300 * ms), { ends: steady(everyNs), armAfter: 3, latencyNs });
      assert.equal(window.ratePerSecond, 1e9 / everyNs);
    }
  });

  it('opens at any instant of a flood in which no gap tells bursts apart', () => {
    const window = run(new Window(100 * ms), { ends: steady(10_000), armAfter: 0, latencyNs: 5 * ms });
    assert.equal(window.openNs, 20 * ms);
    assert.equal(window.ratePerSecond, 100_000);
    assert.equal(window.closeNs - window.openNs, 120 * ms);
  });

  it('counts a burst at its end whole, one at its beginning not at all', () => {
    const ends = [0, 1, 2, 100, 101, 102, 200, 201, 202, 300].map((at) => at * ms);
    const window = run(new Window(150 * ms), { ends, armAfter: 1, latencyNs: 100 * ms });
    assert.deepEqual([window.openNs, window.closeNs, window.count], [2 * ms, 202 * ms, 6]);
  });

  it('reaches over a stall in its midst', () => {
    const ends = [0, 10, 20, 1_020, 1_030, 1_040].map((at) => at * ms);
    const window = run(new Window(15 * ms), { ends, armAfter: 0, latencyNs: 10 * ms });
    assert.deepEqual([window.openNs, window.closeNs, window.count], [0, 20 * ms, 2]);
    const longer = run(new Window(100 * ms), { ends, armAfter: 0, latencyNs: 10 * ms });
    assert.deepEqual([longer.openNs, longer.closeNs, longer.count], [0, 1_020 * ms, 3]);
  });

  it('takes a completion each of which ends it, for one lane slower than the window is long', () => {
    const window = run(new Window(ms), { ends: steady(1_000 * ms), armAfter: 0, latencyNs: 1_000 * ms });
    assert.deepEqual([window.count, window.ratePerSecond], [1, 1]);
  });

  it('stays as it was where nothing completes, or nothing after it was armed', () => {
    const window = new Window(ms);
    assert.deepEqual([window.state, window.count], ['before', 0]);
    window.arm(5 * ms, ms);
    assert.deepEqual([window.state, window.count], ['opening', 0]);
  });
});

/** Feeds the instants until the window closes; it is armed at the one with index `armAfter`. */
function run(window: Window, from: { ends: readonly number[]; armAfter: number; latencyNs: number }): Window {
  const { ends, armAfter, latencyNs } = from;
  window.arm(ends[armAfter] ?? 0, latencyNs);
  let insideCount = 0;
  for (const endNs of ends.slice(armAfter + 1)) {
    if (window.complete(endNs)) insideCount += 1;
    if (window.state === 'closed') break;
  }
  assert.equal(window.state, 'closed');
  assert.equal(insideCount, window.count);
  return window;
}

function bursts(size: number, everyNs: number, withinNs: number): number[] {
  return Array.from(
    { length: 50 * size },
    (_, index) => Math.floor(index / size) * everyNs + (index % size) * withinNs,
  );
}

function steady(everyNs: number): number[] {
  return Array.from({ length: 20_000 }, (_, index) => index * everyNs);
}
