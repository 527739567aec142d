import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SleeperMemory } from './sleeper-memory.ts';

it('an instant beyond 64 bits is one that never comes, not one that has passed', () => {
  const memory = new SleeperMemory();
  const deadline = new BigInt64Array(memory.memory, 8, 1);
  for (const [atNs, kept] of [
    [2 ** 63, 2n ** 62n],
    [2 ** 64 * 1000, 2n ** 62n],
    [Number.POSITIVE_INFINITY, 2n ** 62n],
    [1.4, 1n],
    [-5, 1n],
    [undefined, 0n],
  ] as const) {
    memory.set(atNs);
    assert.equal(deadline[0], kept);
  }
});
