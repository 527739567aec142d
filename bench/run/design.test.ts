import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { exactNoise } from '../stats/components.ts';
import { type Costs, designRun } from './design.ts';
import { syntheticRun } from './run.fixture.ts';
import { timingOf } from './timing.ts';

const { plan: basicPlan } = syntheticRun({ arms: [{ id: 'baseline', ratio: 1 }], blocks: 1, sd: 0 }).record;

// Each slice then costs 100 (load) + 100 (warm-up) + 300 (window) + 40 (overhead) = 540 ms; a round of two 1 080 ms.
const bothLooks = ['baseline', 'other'].map((variantId) => look(variantId));
const costs: Costs = {
  looks: bothLooks,
  timing: timingOf(basicPlan, bothLooks, { baseline: 1, other: 1 }),
  noise: null,
  serverStartMs: 400,
  usedMs: 1_000,
  soak: false,
};

describe('the design of a run of so many blocks', () => {
  it('is what the plan asks for where there is no budget', () => {
    assert.deepEqual(designRun(plan(null, 8, 4), costs), {
      procedure: 'fixed',
      objective: basicPlan.objective,
      blocks: 8,
      confirmLooks: [8],
      screenBlocks: 0,
      finalists: 1,
      slicesPerBlock: 4,
      warmupMs: 100,
      sliceMs: { baseline: 300, other: 300 },
      blockMs: 400 + 4 * 1_080,
      trialMs: 200 + 4 * 540,
      screenSlices: 4,
      screenTrialMs: 200 + 4 * 540,
      reservedSoakSliceMs: 0,
      reduced: [],
      levels: null,
      resolvable: null,
    });
  });

  it('is what the plan asks for where the budget pays for just that', () => {
    const exactMs = 1_000 + 2_000 + 8 * (400 + 4 * 1_080);
    const { blocks, slicesPerBlock, reduced } = designRun(plan(exactMs, 8, 4), costs);
    assert.deepEqual([blocks, slicesPerBlock, reduced], [8, 4, []]);
  });

  it('takes slices per block away before blocks', () => {
    const { blocks, slicesPerBlock, blockMs, reduced } = designRun(plan(3_000 + 8 * (400 + 2 * 1_080), 8, 4), costs);
    assert.deepEqual([blocks, slicesPerBlock, blockMs, reduced], [8, 2, 400 + 2 * 1_080, ['slices']]);
  });

  it('takes blocks away only where one slice each does not fit', () => {
    const { blocks, slicesPerBlock, reduced } = designRun(plan(3_000 + 5 * 1_480 + 1_000, 8, 4), costs);
    assert.deepEqual([blocks, slicesPerBlock, reduced], [5, 1, ['slices', 'blocks']]);
  });

  it('never has less than one block of one slice, not even where the time is used up already', () => {
    for (const budgetMs of [1, 999, 3_000, 3_001]) {
      const { blocks, slicesPerBlock } = designRun(plan(budgetMs, 8, 4), costs);
      assert.deepEqual([blocks, slicesPerBlock], [1, 1]);
    }
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
        const timing = timingOf(basicPlan, looks, {});
        const design = designRun(plan(budgetMs, blocks, slices), { ...costs, looks, timing });
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

describe('the design of a staged run', () => {
  const many = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index}`)].map((id) => look(id));
  const staged: Costs = { ...costs, looks: many, timing: timingOf(basicPlan, many, {}), noise: exactNoise(0.1) };

  it('screens many variants down to two, and says what it will find', () => {
    const design = designRun(plan(600_000, null, 4), staged);
    const { procedure, finalists, screenBlocks, reduced, slicesPerBlock } = design;
    assert.deepEqual([procedure, finalists, screenBlocks, reduced, slicesPerBlock], ['staged', 2, 7, [], 8]);
    assert((design.resolvable ?? 0) > 0.01 && (design.resolvable ?? 1) < 0.2);
  });

  it('takes as many slices as the noise asks for, never fewer than the plan', () => {
    const few = { ...costs, looks: many.slice(0, 3), timing: staged.timing };
    const slices = (sd: number): number =>
      designRun(plan(null, null, 4), { ...few, noise: exactNoise(sd) }).slicesPerBlock;
    // t(.025; 29) = 2.045, delta = ln 1.02: (2.045 sd / delta)^2 x 2/30.
    assert.deepEqual([slices(0), slices(0.05), slices(0.1), slices(1)], [4, 4, 8, 12]);
  });

  it('gives confirm the slices that its budget pays for, where the screen has fewer', () => {
    const { screenSlices, slicesPerBlock, blocks, reduced } = designRun(plan(150_000, null, 4), staged);
    assert.deepEqual([screenSlices, slicesPerBlock, blocks, reduced], [1, 2, 30, ['slices']]);
    const blockMs = (variants: number, slices: number): number => 400 + variants * slices * 540;
    const leftMs = 150_000 - 3_000 - 3 * blockMs(12, 1) - 4 * blockMs(7, 1);
    assert(30 * blockMs(3, 2) <= leftMs && leftMs < 30 * blockMs(3, 3));
  });

  it('takes fewer blocks of more slices where a block costs more than its slices, as far as the noise lies in these', () => {
    const few = { ...costs, looks: many.slice(0, 3), timing: staged.timing, serverStartMs: 5_000 };
    const counts = (sliceVariance: number, ratio: number): readonly number[] => {
      const noise = { freedom: Number.POSITIVE_INFINITY, weighed: [{ ratio, sliceVariance, weight: 1 }] };
      const { blocks, slicesPerBlock } = designRun(plan(120_000, null, 4), { ...few, noise });
      return [blocks, slicesPerBlock];
    };
    // A block of k slices of each of three variants takes 5 s and k x 1.62 s.
    assert.deepEqual(counts(0.01, 0), [10, 4]);
    assert.deepEqual(counts(0.01, 4), [17, 1]);
  });

  it('says nothing of what it will find without a pilot', () => {
    assert.equal(designRun(plan(60_000, null, 4), { ...staged, noise: null }).resolvable, null);
  });

  it('never has less than one block of one slice', () => {
    const { blocks, slicesPerBlock, finalists } = designRun(plan(1, null, 4), staged);
    assert.deepEqual([blocks, slicesPerBlock, finalists], [1, 1, 1]);
  });
});

describe('the design of a run that decides on a percentile', () => {
  const p99 = { kind: 'single', direction: 'minimize', metric: 'latency.p99' } as const;
  const slow = bothLooks.map((each) => ({ ...each, requestsPerSecond: 200 }));
  const slowCosts: Costs = { ...costs, looks: slow };
  const metricOf = ({ objective }: ReturnType<typeof designRun>): string =>
    objective.kind === 'single' ? objective.metric : 'weighted';

  it('makes slices long enough for the requests that it needs, and half as many again', () => {
    const design = designRun({ ...plan(null, 8, 4), objective: p99 }, slowCosts);
    assert.deepEqual([metricOf(design), design.slicesPerBlock, design.reduced], ['latency.p99', 4, []]);
    // 1.5 x 662 requests in 4 slices at 200/s.
    assert.deepEqual(design.sliceMs, { baseline: 1_242, other: 1_242 });
    const quick = designRun({ ...plan(null, 8, 4), objective: p99 }, costs);
    assert.deepEqual(quick.sliceMs, { baseline: 300, other: 300 });
  });

  it('falls back to p95, then to p90 where the budget does not pay for more', () => {
    const design = (budgetMs: number) => designRun({ ...plan(budgetMs, 8, 4), objective: p99 }, slowCosts);
    // One slice of each: 2 x (240 + 1 000 x 1.5 x requests / 200) ms and 400 ms for the server, eight times, after 3 s.
    const neededMs = (requests: number): number => 3_000 + 8 * (400 + 2 * (240 + Math.ceil((7.5 * requests) / 1)));
    for (const [metric, requests] of [
      ['latency.p99', 662],
      ['latency.p95', 130],
    ] as const) {
      assert.equal(metricOf(design(neededMs(requests))), metric);
      assert.notEqual(metricOf(design(neededMs(requests) - 10)), metric);
    }
    const less = design(neededMs(130) - 10);
    assert.equal(metricOf(less), 'latency.p90');
    assert.equal(less.reduced[0], 'percentile');
    assert(less.reduced.includes('slices'));
  });

  it('keeps the percentile where a budget is short, but its slices hold the requests all the same', () => {
    // One slice of 300 ms at 4 000/s holds 1 200, which is more than 1.5 x 662.
    const design = designRun({ ...plan(9_000, 8, 4), objective: p99 }, costs);
    assert.deepEqual([metricOf(design), design.slicesPerBlock, design.blocks], ['latency.p99', 1, 4]);
    assert.deepEqual(design.reduced, ['slices', 'blocks']);
  });

  it('gives up slices before the percentile', () => {
    const neededMs = 3_000 + 8 * (400 + 2 * 2 * (240 + 2_483));
    const design = designRun({ ...plan(neededMs, 8, 4), objective: p99 }, slowCosts);
    assert.deepEqual(
      [metricOf(design), design.slicesPerBlock, design.blocks, design.reduced],
      ['latency.p99', 2, 8, ['slices']],
    );
  });

  it('takes the lower percentile into a weighted objective, its weights as they were', () => {
    const terms = [
      { direction: 'maximize', metric: 'throughput', weight: 0.7 },
      { direction: 'minimize', metric: 'latency.p99', weight: 0.3 },
    ] as const;
    const { objective } = designRun({ ...plan(1, 8, 4), objective: { kind: 'weighted', terms } }, slowCosts);
    assert.deepEqual(objective, { kind: 'weighted', terms: [terms[0], { ...terms[1], metric: 'latency.p90' }] });
  });

  it('does so for a constraint as far as the budget goes, and never gives an objective up for it', () => {
    const constraints = [{ metric: 'latency.p99', atMostNs: 5e6 }] as const;
    const roomy = designRun({ ...plan(null, 8, 4), constraints }, slowCosts);
    assert.deepEqual(roomy.sliceMs, { baseline: 1_242, other: 1_242 });
    const tight = designRun({ ...plan(20_000, 8, 4), constraints }, slowCosts);
    assert.deepEqual([metricOf(tight), tight.sliceMs], ['throughput', { baseline: 300, other: 300 }]);
  });

  it('needs no longer slices for throughput or a mean', () => {
    for (const metric of ['throughput', 'latency.mean'] as const) {
      const objective = { ...p99, metric };
      assert.deepEqual(designRun({ ...plan(null, 8, 4), objective }, slowCosts).sliceMs, { baseline: 300, other: 300 });
    }
  });
});

describe('the timing of slices', () => {
  it('gives a slow variant 30 cycles, and a quick one 300 ms', () => {
    const looks = [look('baseline', { latencyMs: 9.99 }), look('other', { latencyMs: 25.01 })];
    assert.deepEqual(timingOf(basicPlan, looks, {}).sliceMs, { baseline: 300, other: 751 });
  });

  it('warms every variant up for as long as the slowest to settle needs: 20 executions of each instance', () => {
    const looks = [look('baseline'), look('other', { latencyMs: 10, meanBatch: 4 })];
    // 20 executions x 3 instances x 4 requests each, 8 at a time, 10 ms per cycle.
    assert.equal(timingOf(basicPlan, looks, { other: 3 }).warmupMs, 300);
  });
});

function plan(budgetMs: number | null, blocks: number | null, slicesPerBlock: number) {
  return { ...basicPlan, budgetMs, blocks, slicesPerBlock };
}

function look(
  variantId: string,
  { latencyMs = 2, loadMs = 100, meanBatch = 1 }: { latencyMs?: number; loadMs?: number; meanBatch?: number } = {},
): Costs['looks'][number] {
  return { variantId, outcome: 'accepted', proof: [], loadMs, latencyMs, requestsPerSecond: 4_000, meanBatch };
}
