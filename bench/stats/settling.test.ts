import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { vector } from './known-answers.ts';
import { normalQuantile } from './normal.ts';
import { settlingOf } from './settling.ts';

const random = seededRandom(7);
/** So many values of noise with the deviation 1. */
const noise = (count: number): number[] =>
  Array.from({ length: count }, () => normalQuantile(Math.max(random.next(), Number.MIN_VALUE)));

describe('the settling of a load', () => {
  it('is the known truncation where that lies in the first half', () => {
    const { input, expected } = vector<{ x: number[] }, { truncate: number }>('mser5');
    assert.equal(expected.truncate, 25);
    assert.deepEqual(settlingOf(input.x), { kind: 'settled', after: 25 });
  });

  it('is at once for what does not vary, and for noise nearly always', () => {
    assert.deepEqual(settlingOf(Array<number>(50).fill(7)), { kind: 'settled', after: 0 });
    const found = Array.from({ length: 400 }, () => settlingOf(noise(50)));
    const atOnce = found.filter((each) => each.kind === 'settled' && each.after === 0).length;
    assert(atOnce >= 375, `${atOnce}`);
  });

  it('is after the slow values, to a mean of five', () => {
    for (const slow of [5, 10, 20]) {
      const values = Array.from({ length: 100 }, (_, index) => (index < slow ? 10 : 0) + (index % 2));
      assert.deepEqual(settlingOf(values), { kind: 'settled', after: slow });
    }
  });

  it('is as late as can be told, and restless, where the values change in the second half', () => {
    const values = Array.from({ length: 60 }, (_, index) => Math.exp(-index / 30));
    assert.deepEqual(settlingOf(values), { kind: 'restless', after: 30 });
  });

  it('cannot be told from fewer than thirty values', () => {
    for (const count of [0, 1, 29]) assert.deepEqual(settlingOf(noise(count)), { kind: 'short' });
    assert.notEqual(settlingOf(noise(30)).kind, 'short');
  });
});
