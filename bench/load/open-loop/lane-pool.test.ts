import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LaneLoad } from '../lane.ts';
import { LanePool } from './lane-pool.ts';

const ms = 1e6;

/** A load whose connections are never made. */
function nowhere(): LaneLoad {
  const carrier = {
    open: () => ({ send: () => undefined, destroy: () => undefined }),
    [Symbol.dispose]: () => undefined,
  };
  return { carrier, over: false, next: () => undefined, answered: () => undefined, failed: () => undefined };
}

describe('a pool of lanes', () => {
  it('has some more than are needed, up to its limit', () => {
    const pool = new LanePool(nowhere(), 40);
    pool.growFor(0, 0);
    assert.equal(pool.lanes.length, 1);
    pool.growFor(16, ms);
    assert.equal(pool.lanes.length, 19);
    pool.growFor(5, 2 * ms);
    assert.equal(pool.lanes.length, 19);
    pool.growFor(1_000, 1_000 * ms);
    assert.equal(pool.lanes.length, 40);
  });

  it('grows by 64 at once, and by one each ms from then on', () => {
    const pool = new LanePool(nowhere(), 4_096);
    for (const [atMs, laneCount] of [
      [0, 64],
      [0.5, 64],
      [1.25, 65],
      [10, 74],
      [10.1, 74],
      [1_000, 138],
    ] as const) {
      pool.growFor(2_000, atMs * ms);
      assert.equal(pool.lanes.length, laneCount, `at ${atMs} ms`);
    }
  });

  it('hands out each ready lane once, the one that has been ready longest first', () => {
    const pool = new LanePool(nowhere(), 3);
    pool.grow(3);
    const [first, second, third] = pool.lanes;
    assert(first !== undefined && second !== undefined && third !== undefined);
    for (const lane of [second, third, first, second]) pool.ready(lane);
    assert.equal(pool.unready(third), true);
    assert.equal(pool.unready(third), false);
    assert.deepEqual([pool.take(), pool.take(), pool.take()], [second, first, undefined]);
  });
});
