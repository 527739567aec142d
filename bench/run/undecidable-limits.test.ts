import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Constraint, Plan } from '../plan/plan.ts';
import type { RunRecord } from './record.ts';
import { syntheticRecord, syntheticRun } from './run.fixture.ts';
import { summarise } from './summarise.ts';
import { undecidableLimits } from './undecidable-limits.ts';

const p99: Constraint = { metric: 'latency.p99', atMostNs: 20e6 };
const arms = ['baseline', 'a', 'b'].map((id) => ({ id, ratio: 1 }));

type Given = { blocks: number; slicesPerBlock: number; plan?: Partial<Plan>; rate?: number };

/** Slices of 300 ms. */
function recordOf({ blocks, slicesPerBlock, plan = {}, rate = 4_000 }: Given): RunRecord {
  const made = syntheticRecord({ arms, blocks, slicesPerBlock, sd: 0, plan: { constraints: [p99], ...plan } });
  const looks = made.looks.map((look) => ({ ...look, requestsPerSecond: look.variantId === 'a' ? rate : 4_000 }));
  return { ...made, looks };
}

function told(given: Given): string[] {
  return undecidableLimits(recordOf(given)).map(({ what, advice }) => `${what}; ${advice}`.replaceAll('\u00a0', ' '));
}

describe('a limit on a percentile that cannot be decided', () => {
  it('is one that fewer than 59 slices of a variant are planned for', () => {
    assert.deepEqual(told({ blocks: 8, slicesPerBlock: 4 }), [
      'latency.p99 at most 20 ms cannot be shown to hold with 8 blocks of 4 slices: it takes 59 slices of a variant, since fewer may all have missed a stall, and nothing is picked whose limits are not shown to hold; measure more: --blocks 15 --slices 4, or write a limit on latency.mean, which takes no such number',
    ]);
    assert.deepEqual(told({ blocks: 15, slicesPerBlock: 4 }), []);
    assert.equal(told({ blocks: 58, slicesPerBlock: 1, rate: 1e6 })[0]?.includes('58 blocks of 1 slice:'), true);
  });

  it('names the budget that would pay for them, or the slices that no budget makes more of', () => {
    // 7 blocks more of 2 s each.
    const [budget] = told({ blocks: 8, slicesPerBlock: 4, plan: { blocks: null, budgetMs: 110_000 } });
    assert.match(budget ?? '', /; give it a longer budget: --budget 3m, or /);
    const plan = { blocks: null, slicesPerBlock: 1, budgetMs: 600_000 };
    const [slices] = told({ blocks: 30, slicesPerBlock: 1, plan });
    assert.match(slices ?? '', /; measure more slices of each variant in a block: --slices 2, or /);
  });

  it('is one whose blocks hold too few requests of a variant', () => {
    // Four slices of 300 ms.
    assert.deepEqual(told({ blocks: 15, slicesPerBlock: 4, rate: 552 }), []);
    assert.deepEqual(told({ blocks: 15, slicesPerBlock: 4, rate: 551 }), [
      'latency.p99 at most 20 ms cannot be decided of a: in a block it takes 662 requests, and 4 slices of 300 ms hold about 661; give it a longer budget or more slices (--slices), which make blocks hold more requests, or write a limit on latency.p95, which takes 130',
    ]);
    assert.match(told({ blocks: 15, slicesPerBlock: 4, rate: 60 })[0] ?? '', /latency\.p90, which takes 64$/);
    assert.match(told({ blocks: 15, slicesPerBlock: 4, rate: 1 })[0] ?? '', /hold more requests$/);
  });

  it('is none on a mean or on throughput, whatever the number of slices', () => {
    const constraints: Constraint[] = [
      { metric: 'latency.mean', atMostNs: 1e6 },
      { metric: 'throughput', atLeastPerSecond: 1 },
    ];
    assert.deepEqual(told({ blocks: 5, slicesPerBlock: 1, plan: { constraints } }), []);
  });

  it('is a diagnostic of the run, unless it was decided all the same', () => {
    const run = { arms, blocks: 8, slicesPerBlock: 2, sd: 0.01, requestCount: 20, plan: { constraints: [p99] } };
    const { record, lines } = syntheticRun(run);
    const diagnosed = (counted: (id: string) => number) => {
      const changed = lines.map((line) => {
        if (line.kind !== 'slice' || line.status !== 'measured') return line;
        const aboveLimits = [{ limitNs: 20e6, count: counted(line.slice.variantId) }];
        const { latency } = line.measurement;
        const many = { ...line.measurement, latency: { ...latency, count: 2_000 }, requestCount: 2_000, aboveLimits };
        return { ...line, measurement: many };
      });
      return summarise(record, changed).diagnostics.filter(({ kind }) => kind === 'undecidable limit');
    };
    const [open, ...more] = diagnosed(() => 1);
    assert.deepEqual([open?.variantIds, more], [[], []]);
    assert.match(open?.message ?? '', /decide: latency\.p99 at most 20 ms cannot be shown to hold with 8 blocks of 2/);
    assert.match(open?.advice ?? '', /^Measure more: --blocks 30 --slices 2, .*\.$/);
    // Shown to fail, which takes no 59 slices.
    assert.deepEqual(
      diagnosed(() => 1_000),
      [],
    );
  });
});
