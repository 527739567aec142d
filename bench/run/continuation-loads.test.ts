import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import type { Plan } from '../plan/plan.ts';
import { capacity, syntheticCapacityRun } from './capacity.fixture.ts';
import { continuedPlan } from './continuation.ts';
import { type EarlierRun, readEarlierRun } from './earlier-run.ts';
import { writeRun } from './run.fixture.ts';
import { appliedAfter } from './same-conditions.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-earlier-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Two variants that are as good as the baseline, and one without a level. */
function earlierCapacityRun(): EarlierRun {
  const arms = [
    { id: 'baseline', ratio: 1, most: 4 },
    { id: 'a', ratio: 1, most: 4 },
    { id: 'b', ratio: 1, most: 4 },
    { id: 'never', ratio: 2, most: 0 },
  ];
  const { record, lines } = syntheticCapacityRun(arms, { sd: 0.05 });
  const first = join(folder, 'first');
  writeRun(first, record, lines);
  return readEarlierRun(first);
}

describe('going on from a sweep for capacity', () => {
  it('measures again what had a level, for which there is a new ladder', () => {
    const earlier = earlierCapacityRun();
    assert.deepEqual(earlier.carried, ['a', 'b']);
    const { plan } = continuedPlan(earlier, null, join(folder, 'second'));
    assert.deepEqual(plan.objective, capacity);
    assert.equal(plan.alpha, earlier.record.plan.alpha / 2);
  });

  it('asks another question where other levels may be chosen, or a variant has another load', () => {
    const earlier = earlierCapacityRun();
    const { plan } = earlier.record;
    const given: Plan = {
      ...plan,
      objective: { ...capacity, levels: [1, 2, 4] },
      variants: plan.variants.map((variant) => (variant.id === 'a' ? { ...variant, load: { batchSize: 2 } } : variant)),
    };
    assert.throws(
      () => continuedPlan(earlier, given, join(folder, 'second')),
      (error) =>
        error instanceof Failure &&
        error.exitCode === 6 &&
        /: levels \(1, 2, 4, 6, 8, 12, 16; now 1, 2, 4\), the settings or the load of a$/.test(error.message),
    );
  });
});

describe('how a further attempt puts its variants in force', () => {
  it('is as before where the plan leaves it open, though only other loads of the baseline are left', () => {
    const earlier = earlierCapacityRun();
    assert.equal(earlier.record.applied, 'reload');
    const open = { apply: 'auto' } as const;
    assert.equal(appliedAfter(earlier, open, 'keep'), 'reload');
    assert.equal(appliedAfter(undefined, open, 'keep'), 'keep');
    assert.equal(appliedAfter(earlier, { apply: 'restart' }, 'restart'), 'restart');
    const kept = { ...earlier, record: { ...earlier.record, applied: 'keep' as const } };
    assert.deepEqual([appliedAfter(kept, open, 'keep'), appliedAfter(kept, open, 'reload')], ['keep', 'reload']);
  });
});
