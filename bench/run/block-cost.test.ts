import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blockCost, type CostFacts } from './block-cost.ts';

// A slice costs 200 (load) + 100 (warm-up) + 300 (window) + 40 (overhead) = 640 ms.
const facts: CostFacts = {
  looks: ['baseline', 'other'].map((variantId) => ({
    variantId,
    outcome: 'accepted',
    proof: [],
    loadMs: 200,
    latencyMs: 1,
    requestsPerSecond: 4_000,
    meanBatch: 1,
  })),
  timing: { warmupMs: 100, sliceMs: { baseline: 300, other: 300 } },
  serverStartMs: 1_000,
};

describe('what a block costs', () => {
  for (const [what, given, setupMs, roundMs] of [
    ['one server and a load for each slice', {}, 1_000, 3 * 640],
    ['nothing beside its slices, which start their own servers', { applied: 'restart', flagSetCount: 2 }, 0, 3 * 640],
    ['one server and a load for each variant', { applied: 'colocate' }, 1_000 + 3 * 200, 3 * 440],
    [
      'one server and what its loads take once, where a model that is loaded stays',
      { applied: 'keep' },
      1_600,
      3 * 440,
    ],
    ['a server for each set of flags', { flagSetCount: 2 }, 2_000, 3 * 640],
    ['at most a server for each variant', { flagSetCount: 9 }, 3_000, 3 * 640],
  ] as const) {
    it(`is ${what}`, () => {
      const cost = blockCost({ ...facts, ...given });
      assert.deepEqual([cost.setupMs(3), cost.roundMs(3)], [setupMs, roundMs]);
    });
  }
});
