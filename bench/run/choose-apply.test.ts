import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { engineOfKind } from '../plan/engine-choice.ts';
import { makeCandidate } from './candidates.ts';
import { chooseApply, type Experience, type Footprint, firstApply } from './choose-apply.ts';

const auto = { apply: 'auto', slicesPerBlock: 4 } as const;
const plan = {
  apply: 'auto',
  expectEqual: false,
  engine: engineOfKind('auto', { flags: ['--log-verbose=0'] }),
} as const;
const source = {
  folder: '/m',
  configFile: '/m/config.pbtxt',
  configText: 'name: "m"\nbackend: "onnxruntime"\nmax_batch_size: 8\n',
  config: {},
};
/** The committed configuration under two loads. */
const loads = [
  makeCandidate({ id: 'baseline', settings: {} }, source),
  makeCandidate({ id: 'more', settings: {}, load: { concurrency: 32 } }, source),
];
const copy: Footprint = { memoryBytes: 1_000, usesGpu: false };

/** Two variants that load in so many ms; the rest of a slice takes 100 and 300 ms. */
function seen(loadMs: number, changes: Partial<Experience> = {}): Experience {
  return {
    looked: 'reload',
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
    ['attached', { isAttached: true }],
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
      assert.equal(firstApply({ ...plan, apply }, loads), apply);
    }
  });

  it('is staying loaded where loads are all that differs', () => {
    assert.equal(firstApply(plan, loads), 'keep');
    const { applied, because, neededBytes } = chooseApply(auto, seen(5_000, { looked: 'keep' }));
    assert.deepEqual([applied, because, neededBytes], ['keep', 'load-alone', null]);
  });

  it('is reloading at first where configurations or flags differ, or are equal on purpose', () => {
    const smaller = makeCandidate({ id: 'smaller', settings: { max_batch_size: 4 } }, source);
    const flagged = makeCandidate({ id: 'flagged', settings: { 'server.http-thread-count': 16 } }, source);
    assert.equal(flagged.configText, loads[0]?.configText);
    assert.equal(firstApply(plan, [...loads, smaller]), 'reload');
    assert.equal(firstApply(plan, [...loads, flagged]), 'reload');
    assert.equal(firstApply({ ...plan, expectEqual: true }, loads), 'reload');
  });
});
