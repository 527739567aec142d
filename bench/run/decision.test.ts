import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dueLooks } from '../stats/spending.ts';
import { contestOf, nextOf } from './contest.ts';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';
import { type SyntheticRun, syntheticRun } from './run.fixture.ts';
import { syntheticStagedRun } from './staged-run.fixture.ts';

const ahead: SyntheticRun = {
  arms: [
    { id: 'baseline', ratio: 1 },
    { id: 'fast', ratio: 1.3 },
  ],
  blocks: 8,
  sd: 0.01,
};

describe('the decision on a run', () => {
  it('claims nothing while the run may go on, and claims it once it has ended', () => {
    const { record, lines } = syntheticRun(ahead);
    assert.equal(decideRun(record, readHistory(lines)).verdict.kind, 'WINNER');
    const cut = lines.filter(
      (line) =>
        !('block' in line && line.block > 6) && !('slice' in line && line.slice.block > 6) && line.kind !== 'end',
    );
    const { verdict } = decideRun(record, readHistory(cut));
    assert.deepEqual(
      [verdict.kind, verdict.reason, verdict.better, verdict.pick],
      ['INCONCLUSIVE', 'blocks', [], 'baseline'],
    );
  });

  it('claims nothing about a p99 of too few requests', () => {
    const plan = { objective: { kind: 'single', direction: 'minimize', metric: 'latency.p99' } } as const;
    const few = syntheticRun({ ...ahead, plan, requestCount: 330 });
    const { verdict } = decideRun(few.record, readHistory(few.lines));
    assert.deepEqual(
      [verdict.kind, verdict.reason, verdict.better, verdict.pick],
      ['INCONCLUSIVE', 'requests', [], 'baseline'],
    );
    const enough = syntheticRun({ ...ahead, plan, requestCount: 331 });
    assert.equal(decideRun(enough.record, readHistory(enough.lines)).verdict.kind, 'WINNER');
  });

  it('is INVALID of a host that others might measure on, whatever the blocks show', () => {
    const { record, lines } = syntheticRun(ahead);
    const shared = { ...record, sharedHost: { others: [] } };
    const { verdict } = decideRun(shared, readHistory(lines));
    assert.deepEqual([verdict.kind, verdict.better, verdict.pick, verdict.blocks], ['INVALID', [], 'baseline', 8]);
    assert.match(verdict.reason ?? '', /--share-host/);
  });

  it('says what its blocks can resolve only where a claim may rest on them', () => {
    const resolvable = (blocks: number) => {
      const { record, lines } = syntheticRun({ ...ahead, blocks });
      return decideRun(record, readHistory(lines)).resolvable;
    };
    assert.equal(resolvable(4), null);
    assert((resolvable(5) ?? 0) > 0);
    const arms = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index + 1}`)];
    const screened = syntheticStagedRun({ arms: arms.map((id) => ({ id, ratio: 1 })), sd: 0.01 });
    const cut = screened.lines.filter(
      (line) => ('slice' in line ? line.slice.block : 'block' in line ? line.block : 7) <= 6,
    );
    const { stage, arms: left, resolvable: ofScreen } = decideRun(screened.record, readHistory(cut));
    assert.deepEqual([stage, left[0]?.y.length, ofScreen], ['screen', 6, null]);
  });

  it('rests on the look that ended the run, at its own level, where the values ended it', () => {
    const arms = [
      { id: 'baseline', ratio: 1 },
      { id: 'fast', ratio: 1.1 },
      { id: 'same', ratio: 1 },
    ];
    for (const seed of Array.from({ length: 20 }, (_, index) => index + 1)) {
      const { record, lines } = syntheticStagedRun({ arms, seed, sd: 0.05 });
      const history = readHistory(lines);
      const step = nextOf(record, contestOf(record, history), Number.POSITIVE_INFINITY);
      assert(step.kind === 'done');
      const { verdict } = decideRun(record, history);
      const told = ({ kind, better, looks, comparisons }: typeof verdict) => ({ kind, better, looks, comparisons });
      assert.deepEqual(told(verdict), told(step.verdict), `seed ${seed}`);
    }
  });

  it('spends what is left of its error where time alone ended the run, at a planned look too', () => {
    const arms = [
      { id: 'baseline', ratio: 1 },
      { id: 'same', ratio: 1 },
    ];
    const lastLook = (blocks: number) => {
      const { record, lines } = syntheticStagedRun({ arms, sd: 0.05, trials: 2 * blocks });
      return decideRun(record, readHistory(lines)).verdict.looks.at(-1);
    };
    const joint = (blocks: number, planned: boolean) =>
      dueLooks(blocks, {
        alpha: 0.05,
        looks: [8, 12, 17, 23, 30],
        maxBlocks: planned ? 30 : blocks,
      }).at(-1);
    for (const blocks of [8, 10, 12]) {
      assert.deepEqual(lastLook(blocks), joint(blocks, false));
      assert((joint(blocks, false)?.alpha ?? 0) > (joint(blocks, true)?.alpha ?? 1));
    }
  });
});
