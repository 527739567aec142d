import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Costs, designRun } from './design.ts';
import { syntheticRun } from './run.fixture.ts';

const { plan: basicPlan } = syntheticRun({ arms: [{ id: 'baseline', ratio: 1 }], blocks: 1, sd: 0 }).record;

// Each slice then costs 100 (load) + 100 (warm-up) + 300 (window) + 40 (overhead) = 540 ms; a round of two 1 080 ms.
const costs: Costs = {
  looks: ['baseline', 'other'].map((variantId) => look(variantId)),
  instances: { baseline: 1, other: 1 },
  serverStartMs: 400,
  usedMs: 1_000,
};

describe('the design of a run', () => {
  it('is what the plan asks for where there is no budget', () => {
    assert.deepEqual(designRun(plan(null, 8, 4), costs), {
      blocks: 8,
      slicesPerBlock: 4,
      warmupMs: 100,
      sliceMs: { baseline: 300, other: 300 },
      blockMs: 400 + 4 * 1_080,
      reducedBy: null,
    });
  });

  it('is what the plan asks for where the budget pays for just that', () => {
    const exactMs = 1_000 + 2_000 + 8 * (400 + 4 * 1_080);
    const { blocks, slicesPerBlock, reducedBy } = designRun(plan(exactMs, 8, 4), costs);
    assert.deepEqual([blocks, slicesPerBlock, reducedBy], [8, 4, null]);
  });

  it('takes slices per block away before blocks', () => {
    const { blocks, slicesPerBlock, blockMs, reducedBy } = designRun(plan(3_000 + 8 * (400 + 2 * 1_080), 8, 4), costs);
    assert.deepEqual([blocks, slicesPerBlock, blockMs, reducedBy], [8, 2, 400 + 2 * 1_080, 'budget']);
  });

  it('takes blocks away only where one slice each does not fit', () => {
    const { blocks, slicesPerBlock, reducedBy } = designRun(plan(3_000 + 5 * 1_480 + 1_000, 8, 4), costs);
    assert.deepEqual([blocks, slicesPerBlock, reducedBy], [5, 1, 'budget']);
  });

  it('never has less than one block of one slice, not even where the time is used up already', () => {
    for (const budgetMs of [1, 999, 3_000, 3_001]) {
      const { blocks, slicesPerBlock } = designRun(plan(budgetMs, 8, 4), costs);
      assert.deepEqual([blocks, slicesPerBlock], [1, 1]);
    }
  });

  it('gives a slow variant slices of 30 cycles, and a quick one 300 ms', () => {
    const looks = [look('baseline', { latencyMs: 9.99 }), look('other', { latencyMs: 25.01 })];
    assert.deepEqual(designRun(plan(null, 8, 4), { ...costs, looks }).sliceMs, { baseline: 300, other: 751 });
  });

  it('warms every variant up for as long as the slowest to settle needs: 20 executions of each instance', () => {
    const looks = [look('baseline'), look('other', { latencyMs: 10, meanBatch: 4 })];
    // 20 executions x 3 instances x 4 requests each, 8 at a time, 10 ms per cycle.
    assert.equal(designRun(plan(null, 8, 4), { ...costs, looks, instances: { other: 3 } }).warmupMs, 300);
  });

  it('fits its budget wherever one block does', () => {
    const cases = fc.record({
      budgetMs: fc.integer({ min: 1, max: 3_600_000 }),
      blocks: fc.integer({ min: 1, max: 100 }),
      slices: fc.integer({ min: 1, max: 20 }),
      latencyMs: fc.double({ min: 0.01, max: 500, noNaN: true }),
      loadMs: fc.integer({ min: 0, max: 5_000 }),
    });
    fc.assert(
      fc.property(cases, ({ budgetMs, blocks, slices, latencyMs, loadMs }) => {
        const looks = [look('baseline', { latencyMs, loadMs }), look('other', { loadMs })];
        const design = designRun(plan(budgetMs, blocks, slices), { ...costs, looks });
        assert(design.blocks >= 1 && design.blocks <= blocks);
        assert(design.slicesPerBlock >= 1 && design.slicesPerBlock <= slices);
        const leftMs = budgetMs - 3_000 - design.blocks * design.blockMs;
        assert(leftMs >= -1e-6 || (design.blocks === 1 && design.slicesPerBlock === 1));
        // A block that was taken away would not have fitted.
        if (design.blocks < blocks) assert(leftMs < design.blockMs && design.slicesPerBlock === 1);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});

function plan(budgetMs: number | null, blocks: number, slicesPerBlock: number) {
  return { ...basicPlan, budgetMs, blocks, slicesPerBlock };
}

function look(
  variantId: string,
  { latencyMs = 2, loadMs = 100, meanBatch = 1 }: { latencyMs?: number; loadMs?: number; meanBatch?: number } = {},
): Costs['looks'][number] {
  return { variantId, outcome: 'accepted', proof: [], loadMs, latencyMs, requestsPerSecond: 4_000, meanBatch };
}
