import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Plan } from '../plan/plan.ts';
import { exactNoise } from '../stats/components.ts';
import { type Costs, closingMs, type Design, designRun } from './design.ts';
import { syntheticRecord } from './run.fixture.ts';
import { reserveOf, soakTimeMs, soakWithin } from './soak-reserve.ts';
import { timingOf } from './timing.ts';

const { plan: basicPlan } = syntheticRecord({ arms: [{ id: 'baseline', ratio: 1 }], blocks: 1, sd: 0 });
const seedPlan: Plan = { ...basicPlan, blocks: null, slicesPerBlock: 4, budgetMs: 300_000 };

describe('the time that a budget keeps for long slices', () => {
  it('is a quarter of it: slices of 9 s in 5 minutes, of 18 s in 10, of 30 s in 20', () => {
    const lengths = [300_000, 600_000, 1_200_000].map((budgetMs) => {
      const design = designRun({ ...seedPlan, budgetMs }, costsOf({ variants: 11 }));
      assert(reserveOf(design) <= budgetMs / 4);
      return Math.floor(design.reservedSoakSliceMs / 1_000);
    });
    assert.deepEqual(lengths, [9, 18, 30]);
  });

  it('is none where that makes slices of less than 8 s, and without a soak, a budget or a difference to find', () => {
    const kept = (changes: Partial<Plan>, soak = true): number =>
      designRun({ ...seedPlan, ...changes }, { ...costsOf({ variants: 11 }), soak }).reservedSoakSliceMs;
    assert.deepEqual([kept({ budgetMs: 240_000 }), kept({ budgetMs: null }), kept({ expectEqual: true })], [0, 0, 0]);
    assert.deepEqual([kept({}, false), kept({ blocks: 8 })], [0, 0]);
    assert(kept({}) >= 8_000);
  });

  it('takes next to nothing from what a sweep like the first one finds: one look more, and slices of the screen', () => {
    const costs = costsOf({ variants: 11 });
    const [plain, kept] = [false, true].map((soak) => designRun(seedPlan, { ...costs, soak })) as [Design, Design];
    assert.deepEqual([plain.slicesPerBlock, plain.blocks, plain.confirmLooks], [4, 29, [8, 12, 17, 23, 30]]);
    assert.deepEqual([kept.slicesPerBlock, kept.blocks, kept.confirmLooks], [5, 27, [8, 12, 17, 23, 30]]);
    assert((kept.resolvable ?? 1) - (plain.resolvable ?? 0) < 0.001);
  });

  it('is given up before the screen, a finalist, or the slices that a constraint needs', () => {
    const tight = { variants: 40, loadMs: 600, serverStartMs: 3_000 };
    const [plain, kept] = [false, true].map((soak) => designRun(seedPlan, { ...costsOf(tight), soak }));
    assert.deepEqual(kept, plain);
    const constraints = [{ metric: 'latency.p99', atMostNs: 5e6 }] as const;
    const slow = { variants: 11, serverStartMs: 2_400 };
    const free = designRun(seedPlan, costsOf(slow));
    assert(free.reservedSoakSliceMs > 0);
    const bound = designRun({ ...seedPlan, constraints }, costsOf(slow));
    const slices = bound.blocks * bound.slicesPerBlock;
    assert(bound.reservedSoakSliceMs === 0 || slices >= 59, `${slices}`);
  });

  it('begins at a look, whatever things cost', () => {
    const cases = fc.record({
      budgetMs: fc.integer({ min: 60_000, max: 3_600_000 }),
      // No more than go without a screen.
      variants: fc.integer({ min: 1, max: 3 }),
      loadMs: fc.integer({ min: 0, max: 2_000 }),
      serverStartMs: fc.integer({ min: 0, max: 5_000 }),
      slicesPerBlock: fc.integer({ min: 1, max: 12 }),
    });
    let kept = 0;
    fc.assert(
      fc.property(cases, ({ budgetMs, slicesPerBlock, ...given }) => {
        const costs = { ...costsOf(given), noise: null };
        const design = designRun({ ...seedPlan, budgetMs, slicesPerBlock }, costs);
        if (design.reservedSoakSliceMs === 0) return;
        kept += 1;
        const openBlocks = (budgetMs - costs.usedMs - closingMs - reserveOf(design)) / design.blockMs;
        const edge = design.confirmLooks.filter((look) => look <= openBlocks + 1e-9).at(-1) ?? 0;
        // The last look, at 30, is near enough from 29 on.
        assert(
          edge >= 8 && (openBlocks > 28.99 || edge > openBlocks - 1.01),
          `${design.confirmLooks} of ${openBlocks}`,
        );
        assert(design.reservedSoakSliceMs >= 8_000 && design.reservedSoakSliceMs <= soakWithin(design).mostMs);
        assert.equal(reserveOf(design), soakTimeMs(design.reservedSoakSliceMs, design));
      }),
      { seed: 1, numRuns: 300 },
    );
    assert(kept > 100);
  });
});

type Given = { variants: number; loadMs?: number; serverStartMs?: number };

function costsOf({ variants, loadMs = 10, serverStartMs = 500 }: Given): Costs {
  const ids = ['baseline', ...Array.from({ length: variants }, (_, index) => `v${index}`)];
  const looks: Costs['looks'] = ids.map((variantId) => ({
    variantId,
    outcome: 'accepted',
    proof: [],
    loadMs,
    latencyMs: 0.3,
    requestsPerSecond: 20_000,
    meanBatch: 1,
  }));
  return {
    looks,
    timing: timingOf(basicPlan, looks, {}),
    noise: exactNoise(0.1),
    serverStartMs,
    usedMs: 35_000,
    soak: true,
  };
}
