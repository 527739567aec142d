import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findThreadCount, mostThreads, nextThreadCount } from './thread-count.ts';

describe('the number of threads of a load', () => {
  it('is at most half of the processors, and never more than may be outstanding', () => {
    assert.deepEqual(
      [
        [8, 2],
        [8, 1],
        [8, 3],
        [8, 32],
        [100, 32],
        [1, 32],
        [8, 0],
      ].map(([lanes = 0, processors = 0]) => mostThreads(lanes, processors)),
      [1, 1, 1, 8, 16, 1, 1],
    );
  });

  it('is doubled where the busiest thread was busy more than 70 % of the time, up to the most', () => {
    const next = (threadCount: number, eventLoopUtilization: number, most: number): number =>
      nextThreadCount({ threadCount, eventLoopUtilization }, most);
    assert.deepEqual([next(1, 0.7, 8), next(1, 0.71, 8), next(2, 1, 8), next(4, 1, 6), next(6, 1, 6)], [1, 2, 4, 6, 6]);
  });

  it('is found by trying, and one at once where there cannot be more', async () => {
    const tried: number[] = [];
    const findOf = (most: number, neededCount: number): Promise<number> =>
      findThreadCount(most, async (threadCount) => {
        tried.push(threadCount);
        return neededCount / threadCount;
      });
    assert.equal(await findOf(1, 9), 1);
    assert.deepEqual(tried.splice(0), []);
    assert.equal(await findOf(16, 0.5), 1);
    assert.deepEqual(tried.splice(0), [1]);
    assert.equal(await findOf(16, 2.5), 4);
    assert.deepEqual(tried.splice(0), [1, 2, 4]);
    assert.equal(await findOf(3, 9), 3);
    assert.deepEqual(tried.splice(0), [1, 2]);
  });
});
