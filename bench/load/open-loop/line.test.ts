import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Line } from './line.ts';

it('a line is full with a million, and takes more when one has left', () => {
  const line = new Line();
  for (let count = 0; count < 999_999; count += 1) line.push(count);
  assert.equal(line.isFull, false);
  line.push(999_999);
  assert.equal(line.isFull, true);
  line.shift();
  assert.equal(line.isFull, false);
});

it('a line gives first what came first, however long it gets', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3_000, max: 3_000 }), { maxLength: 30 }), (steps) => {
      const line = new Line();
      let [pushed, taken] = [0, 0];
      for (const step of steps) {
        for (let count = 0; count < step; count += 1) line.push(pushed++);
        for (let count = 0; count > step; count -= 1) {
          assert.equal(line.firstNs, taken < pushed ? taken : Number.POSITIVE_INFINITY);
          assert.equal(line.shift(), taken < pushed ? taken++ : undefined);
        }
        assert.equal(line.length, pushed - taken);
      }
    }),
    { seed: 1, numRuns: 100 },
  );
});
