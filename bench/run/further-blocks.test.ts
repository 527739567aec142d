import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mean, standardDeviation } from '../stats/moments.ts';
import { blocksNeeded } from '../stats/power.ts';
import { contestOf } from './contest.ts';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';
import { nextCommand } from './next-command.ts';
import { syntheticStagedRun } from './staged-run.fixture.ts';
import { summarise } from './summarise.ts';

const few = ['baseline', 'a', 'b'].map((id) => ({ id, ratio: id === 'a' ? 1.05 : 1 }));

describe('the blocks that an inconclusive staged run still needs', () => {
  it('are those of a further attempt at half the error, with looks of its own, which are more than those of one look', () => {
    const { record, lines } = syntheticStagedRun({ arms: few, sd: 0.04, trials: 24, seed: 8 });
    const history = readHistory(lines);
    const { verdict } = decideRun(record, history);
    assert.deepEqual([verdict.kind, verdict.reason, verdict.blocks], ['INCONCLUSIVE', 'budget', 8]);
    const logs = (id: string): number[] => contestOf(record, history).blocks.map(({ y }) => y.get(id) ?? Number.NaN);
    const differences = logs('a').map((y, index) => y - (logs('baseline')[index] ?? Number.NaN));
    const residualSd = standardDeviation(differences) / Math.SQRT2;
    const oneLook = blocksNeeded(mean(differences), { alpha: 0.05 / 2 / 2, residualSd });
    assert.deepEqual([verdict.blocksNeeded, oneLook], [23, 21]);
    const { run, verdict: told } = summarise(record, lines);
    // Two of them and the baseline, at 2 000 ms / 3 each.
    assert.equal(told.minutesNeeded, (23 * 2_000) / 60_000);
    // 46 s of blocks and 3 s around them; a quarter of the whole is the soak's.
    assert.equal(run.nextCommand, 'npm run sweep -- --continue reports/synthetic --budget 3m');
  });

  it('are fewer by those measured already while the run may go on', () => {
    const { record, lines } = syntheticStagedRun({ arms: few, sd: 0.04, trials: 24, seed: 8 });
    const { verdict } = decideRun(record, readHistory(lines.slice(0, -1)));
    assert.deepEqual([verdict.kind, verdict.reason, verdict.blocks], ['INCONCLUSIVE', 'blocks', 8]);
    assert.equal(verdict.blocksNeeded, 19 - 8);
    const { run, verdict: told } = summarise(record, lines.slice(0, -1));
    assert.equal(told.minutesNeeded, (11 * 2_000) / 60_000);
    assert.equal(run.nextCommand, 'npm run sweep -- --resume reports/synthetic');
  });

  it('are a run of so many blocks of what is carried over where its last look comes too early', () => {
    const arms = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index + 1}`)];
    const { record, lines } = syntheticStagedRun({ arms: arms.map((id) => ({ id, ratio: 1 })), sd: 0.05 });
    const { run, verdict } = summarise(record, lines);
    assert.deepEqual([verdict.kind, verdict.reason, verdict.blocks], ['INCONCLUSIVE', 'looks', 30]);
    const needed = verdict.blocksNeeded ?? 0;
    assert(needed > 30, String(needed));
    // Two and the baseline in each block, at 2 000 ms / 12 each.
    assert.equal(verdict.minutesNeeded, (needed * 3 * 2_000) / 12 / 60_000);
    const neededMs = (needed * 3 * 2_000) / 12 + 3_000;
    const minutes = (ms: number): number => Math.ceil(ms / 60_000) + 1;
    // As many slices fit into the 30 blocks of a staged attempt, with a soak after it.
    const again = 'npm run sweep -- --continue reports/synthetic';
    assert.equal(run.nextCommand, `${again} --budget ${minutes(neededMs / 0.75)}m`);
    const full = { ...record, design: { ...record.design, slicesPerBlock: 12 } };
    const history = readHistory(lines);
    assert.equal(
      nextCommand(full, history, decideRun(record, history)),
      `${again} --blocks ${needed} --slices 12 --budget ${minutes(neededMs)}m`,
    );
  });
});
