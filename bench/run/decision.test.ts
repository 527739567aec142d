import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';
import { type SyntheticRun, syntheticRun } from './run.fixture.ts';

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
});
