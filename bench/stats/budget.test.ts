import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmBlocksOf, finalistsAffordable, fitBudget, mayScreenMore } from './budget.ts';

/** Two seconds for a server, 450 ms for a slice. */
const blockMs = (variants: number, slices: number): number => 2000 + 450 * variants * slices;
const fit = (variantCount: number, availableMs: number) =>
  fitBudget({ variantCount, availableMs, slicesPerBlock: 4, blockMs });

test('with time enough nothing is given up', () => {
  assert.deepEqual(fit(10, 600_000), {
    slicesPerBlock: 4,
    screen: [
      { blocks: 3, keep: 6 },
      { blocks: 4, keep: 2 },
    ],
    finalists: 2,
    screenMs: 123_800,
    confirmBlocks: 64,
    reduced: [],
  });
});

test('slices are given up first, then blocks of the screen, then finalists', () => {
  const seen = [300_000, 120_000, 80_000, 50_000, 30_000].map((availableMs) => {
    const { slicesPerBlock, finalists, confirmBlocks, reduced } = fit(10, availableMs);
    return [slicesPerBlock, finalists, confirmBlocks, ...reduced];
  });
  assert.deepEqual(seen, [
    [3, 2, 33, 'slices'],
    [1, 2, 23, 'slices'],
    [1, 2, 16, 'slices', 'screen'],
    [1, 2, 11, 'slices', 'screen'],
    [1, 1, 6, 'slices', 'screen', 'finalists'],
  ]);
});

test('three variants are all confirmed while eight blocks of them are paid for', () => {
  assert.deepEqual(fit(3, 50_000), {
    slicesPerBlock: 2,
    screen: [],
    finalists: 3,
    screenMs: 0,
    confirmBlocks: 8,
    reduced: ['slices'],
  });
  const { finalists, screen } = fit(3, 20_000);
  assert.deepEqual([finalists, screen], [1, [{ blocks: 1, keep: 1 }]]);
});

test('no time at all pays for no block', () => {
  assert.equal(fit(10, 0).confirmBlocks, 0);
  assert.throws(() => fitBudget({ variantCount: 2, availableMs: 1, slicesPerBlock: 0, blockMs }), RangeError);
});

test('the screen has its share of the trials, and always one block where that can be paid', () => {
  assert.equal(mayScreenMore({ trials: 10, spent: 30, left: 70 }), true);
  assert.equal(mayScreenMore({ trials: 11, spent: 30, left: 70 }), false);
  assert.equal(mayScreenMore({ trials: 11, spent: 0, left: 11 }), true);
  assert.equal(mayScreenMore({ trials: 11, spent: 0, left: 10 }), false);
  assert.equal(mayScreenMore({ trials: 11, spent: 1e6, left: Number.POSITIVE_INFINITY }), true);
});

test('finalists and blocks are those that whole blocks leave room for', () => {
  assert.deepEqual([0, 16, 23, 24, 31, 32].map(finalistsAffordable), [1, 1, 1, 2, 2, 3]);
  assert.deepEqual([confirmBlocksOf(8, 3, 8), confirmBlocksOf(0, 4, 3), confirmBlocksOf(2, 2, -5)], [10, 0, 2]);
});
