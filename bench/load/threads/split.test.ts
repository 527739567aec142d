import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { shareOfCount, shareOfRotation } from './split.ts';

const seed = 11;

describe('the parts of several threads', () => {
  it('add up to the whole and differ by one at most', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.integer({ min: 1, max: 64 }), (total, threadCount) => {
        const parts = Array.from({ length: threadCount }, (_, index) => shareOfCount(total, { index, threadCount }));
        assert.equal(
          parts.reduce((sum, each) => sum + each, 0),
          total,
        );
        assert(Math.max(...parts) - Math.min(...parts) <= 1);
      }),
      { seed },
    );
  });

  it('of a rotation are together the rotation, turn by turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), (total, threadCount) => {
        const parts = Array.from({ length: threadCount }, (_, index) => shareOfRotation(total, { index, threadCount }));
        const sent = Array.from({ length: 3 * total }, (_, place) => {
          const part = parts[place % threadCount] ?? [];
          return part[Math.floor(place / threadCount) % part.length];
        });
        assert.deepEqual(
          sent,
          Array.from({ length: 3 * total }, (_, place) => place % total),
        );
      }),
      { seed },
    );
  });
});
