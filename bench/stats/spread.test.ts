import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertClose } from './known-answers.ts';
import type { SliceValue } from './order-effects.ts';
import { spreadRatios } from './spread.ts';

/** In each block two slices of each variant, apart by what is given. */
function apart(widths: Readonly<Record<string, readonly number[]>>): SliceValue[] {
  return Object.entries(widths).flatMap(([variantId, own]) =>
    own.flatMap((width, block) => [0, 1].map((order) => ({ block, order, variantId, y: 9 + order * width }))),
  );
}

describe('the noise of one variant against the others', () => {
  it('is the ratio of their deviations inside blocks, whatever the noise of the block', () => {
    const [a, b] = spreadRatios(apart({ a: [0.02, 0.06, 0.04], b: [0.01, 0.02, 0.02] }));
    assert(a !== undefined && b !== undefined);
    // ln 2, ln 3, ln 2: mean 0.828302, sd 0.2340956.
    assertClose([a.ratio, a.t], [2.28942849, 6.12853387], 1e-6);
    assertClose([b.ratio, b.t], [1 / 2.28942849, -6.12853387], 1e-6);
    assert.equal(a.degreesOfFreedom, 2);
  });

  it('is not told from too few blocks, single slices, or slices that do not vary', () => {
    assert.deepEqual(spreadRatios(apart({ a: [0.02, 0.06], b: [0.01, 0.02] })), []);
    assert.deepEqual(spreadRatios(apart({ a: [0.02, 0.06, 0.04], b: [0, 0, 0] })), []);
    assert.deepEqual(
      spreadRatios(apart({ a: [0.02, 0.06, 0.04], b: [0.01, 0.02, 0.02] }).filter(({ order }) => order === 0)),
      [],
    );
    assert.deepEqual(spreadRatios([]), []);
  });
});
