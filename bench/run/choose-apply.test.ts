import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseApply, type Experience, type Footprint, firstApply } from './choose-apply.ts';

const auto = { apply: 'auto', slicesPerBlock: 4 } as const;
const copy: Footprint = { memoryBytes: 1_000, usesGpu: false };

/** Two variants that load in so many ms; the rest of a slice takes 100 and 300 ms. */
function seen(loadMs: number, changes: Partial<Experience> = {}): Experience {
  return {
    looks: ['baseline', 'other'].map((variantId) => ({
      variantId,
      outcome: 'accepted',
      proof: [],
      loadMs,
      latencyMs: 1,
      requestsPerSecond: 4_000,
      meanBatch: 1,
    })),
    timing: { warmupMs: 100, sliceMs: { baseline: 300, other: 300 } },
    footprints: [copy, copy],
    freeBytes: 10_000,
    flagSetCount: 1,
    ...changes,
  };
}

describe('the way that variants come into force', () => {
  it('is side by side where a load takes more than a fifth of the rest of a slice', () => {
    const facts = { neededBytes: 2_000, freeBytes: 10_000 };
    assert.deepEqual(chooseApply(auto, seen(81)), {
      applied: 'colocate',
      because: 'load-cost',
      loadRatio: 81 / 400,
      ...facts,
    });
    assert.deepEqual(chooseApply(auto, seen(80)), {
      applied: 'reload',
      because: 'cheap-load',
      loadRatio: 0.2,
      ...facts,
    });
  });

  for (const [because, changes] of [
    ['flags', { flagSetCount: 2 }],
    ['gpu', { footprints: [copy, { ...copy, usesGpu: true }] }],
    ['memory-unknown', { footprints: [copy, { ...copy, memoryBytes: null }] }],
    ['memory', { freeBytes: 4_000 }],
  ] as const) {
    it(`is reloading because of ${because}, however long a load takes`, () => {
      const choice = chooseApply(auto, seen(5_000, changes));
      assert.deepEqual([choice.applied, choice.because], ['reload', because]);
    });
  }

  it('is reloading where there is one slice in a block, of which each load is paid anyway', () => {
    const choice = chooseApply({ ...auto, slicesPerBlock: 1 }, seen(5_000));
    assert.deepEqual([choice.applied, choice.because], ['reload', 'one-slice']);
  });

  it('is what the plan says, whatever was seen', () => {
    for (const apply of ['reload', 'restart', 'colocate'] as const) {
      const choice = chooseApply({ apply, slicesPerBlock: 1 }, seen(1, { freeBytes: 0, flagSetCount: 9 }));
      assert.deepEqual([choice.applied, choice.because], [apply, 'asked']);
      assert.equal(firstApply({ apply }), apply);
    }
    assert.equal(firstApply({ apply: 'auto' }), 'reload');
  });
});
