import assert from 'node:assert/strict';
import { it } from 'node:test';
import { byServer } from './after-order.ts';

const order = ['b', 'a', 'a', 'b', 'c'].map((variantId, index) => ({ round: index + 1, variantId }));

it('slices after the verdict come server by server, else as they were drawn', () => {
  const rounds = (sets: string[][]) => byServer(order, sets).map(({ round }) => round);
  assert.deepEqual(rounds([['a', 'b', 'c']]), [1, 2, 3, 4, 5]);
  assert.deepEqual(rounds([['a'], ['b', 'c']]), [1, 4, 5, 2, 3]);
});
