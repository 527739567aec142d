import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { engineOfKind } from '../plan/engine-choice.ts';
import type { Plan } from '../plan/plan.ts';
import type { Results } from '../report/results.ts';
import type { JournalLine } from '../run/journal.ts';
import { type SyntheticRun, syntheticRun, writeRun } from '../run/run.fixture.ts';
import { type SyntheticStagedRun, syntheticStagedRun } from '../run/staged-run.fixture.ts';
import { tritune } from './host.fixture.ts';

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'tritune-verdicts-')), 'run');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

/** Eleven variants, each dearer than the one before, of which some are better than the baseline. */
function eleven(ratios: Readonly<Record<string, number>>): SyntheticRun['arms'] {
  const ids = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index + 1}`)];
  return ids.map((id, index) => ({ id, ratio: ratios[id] ?? 1, instances: index + 1 }));
}

const unstable: JournalLine = {
  kind: 'unstable',
  block: 1,
  attempt: 1,
  variantId: 'baseline',
  reason: '3 requests failed: reset',
};

type Case = {
  readonly kind: Results['verdict']['kind'];
  readonly run: SyntheticStagedRun;
  readonly more?: readonly JournalLine[];
  readonly code: 0 | 4;
  readonly pick: string;
  /** Of confirm; the stage ends at the look that decides. */
  readonly blocks: number;
  readonly says: RegExp;
};

const staged: Case[] = [
  {
    kind: 'WINNER',
    run: { arms: eleven({ v3: 1.1 }), sd: 0.01 },
    code: 0,
    pick: 'v3',
    blocks: 8,
    says: /Deploy v3: the best among the finalists/,
  },
  {
    kind: 'TIED_SET',
    run: { arms: eleven({ v3: 1.1, v5: 1.1 }), sd: 0.01, plan: { goal: 'best' } },
    code: 0,
    pick: 'v5',
    blocks: 8,
    says: /Deploy v5: better than the baseline/,
  },
  {
    kind: 'BETTER_TIED_AT_RESOLUTION',
    run: { arms: eleven({ v3: 1.3, v5: 1.3 }), sd: 0.05 },
    code: 0,
    pick: 'v5',
    blocks: 8,
    says: /Deploy v5: better than the baseline, .* which of .* is best/s,
  },
  {
    kind: 'NO_IMPROVEMENT',
    run: { arms: eleven({}), sd: 0.004 },
    code: 0,
    pick: 'baseline',
    blocks: 8,
    says: /Keep the baseline: the largest gain/,
  },
  {
    kind: 'INCONCLUSIVE',
    run: { arms: eleven({}), sd: 0.05 },
    code: 0,
    pick: 'baseline',
    blocks: 30,
    says: /Keep the baseline for now: .* all planned blocks were measured/s,
  },
  {
    kind: 'INVALID',
    run: { arms: eleven({ v3: 1.1 }), sd: 0.01 },
    more: [unstable],
    code: 4,
    pick: 'baseline',
    blocks: 0,
    says: /No verdict: the baseline is unstable: 3 requests failed: reset/,
  },
];

describe('a staged run, as tritune report tells it', () => {
  for (const { kind, run, more = [], code, pick, blocks, says } of staged) {
    it(`ends in ${kind} with exit code ${code}`, async () => {
      const { record, lines } = syntheticStagedRun(run);
      writeRun(folder, record, [...lines, ...more]);
      const ended = await tritune(['report', folder]);
      assert.deepEqual([ended.code, ended.stderr], [code, '']);
      assert.match(ended.stdout.replaceAll(/\s+/g, ' '), says);
      const { verdict } = readResults();
      assert.deepEqual([verdict.kind, verdict.pick, verdict.blocks], [kind, pick, blocks]);
    });
  }

  it('ends in INCONCLUSIVE where its budget ends in the screen', async () => {
    const { record, lines } = syntheticStagedRun({ arms: eleven({ v3: 1.1 }), sd: 0.01, trials: 13 });
    writeRun(folder, record, lines);
    assert.equal((await tritune(['report', folder])).code, 0);
    const { verdict, run } = readResults();
    assert.deepEqual([verdict.kind, verdict.reason, verdict.blocks], ['INCONCLUSIVE', 'budget', 0]);
    assert.equal(run.screenBlocks, 1);
  });
});

describe('the goal of a plan', () => {
  const near = eleven({ v3: 1.3, v5: 1.27 });
  const told = async (goal: Plan['goal'], run: SyntheticStagedRun) => {
    const { record, lines } = syntheticStagedRun({ ...run, plan: { goal } });
    writeRun(folder, record, lines);
    const { stdout } = await tritune(['report', folder]);
    return { ...readResults(), stdout: stdout.replaceAll(/\s+/g, ' ') };
  };

  it('is to improve: the first claim ends the run, though it does not say which is best', async () => {
    const { verdict, plan, stdout } = await told('improve', { arms: near, sd: 0.03 });
    assert.deepEqual([plan.goal, verdict.kind, verdict.blocks], ['improve', 'BETTER_TIED_AT_RESOLUTION', 8]);
    assert.doesNotMatch(stdout, /asks for the best/);
  });

  it('is the best: the run goes on until a claimed variant is within the margin of it', async () => {
    const { verdict, plan } = await told('best', { arms: near, sd: 0.03 });
    assert.deepEqual([plan.goal, verdict.kind, verdict.pick, verdict.blocks], ['best', 'TIED_SET', 'v3', 17]);
  });

  it('is the best, and the report says so where the budget ends before that', async () => {
    const { verdict, stdout } = await told('best', { arms: eleven({ v3: 1.3, v5: 1.3 }), sd: 0.05, trials: 100 });
    assert.deepEqual([verdict.kind, verdict.better.length], ['BETTER_TIED_AT_RESOLUTION', 2]);
    assert.match(stdout, /The plan asks for the best of them, which these blocks do not resolve\./);
  });
});

describe('--require-winner', () => {
  const two = (ratio: number, sd: number): SyntheticRun => ({
    arms: [
      { id: 'baseline', ratio: 1 },
      { id: 'other', ratio },
    ],
    blocks: 8,
    sd,
    plan: {
      engine: engineOfKind('embedded'),
    },
  });
  for (const [kind, run, more, code] of [
    ['WINNER', two(1.2, 0.01), [], 0],
    ['NO_IMPROVEMENT', two(0.9, 0.005), [], 5],
    ['INCONCLUSIVE', two(1, 0.1), [], 5],
    ['INVALID', two(1.2, 0.01), [unstable], 4],
  ] as const) {
    it(`makes ${kind} exit with ${code}, of a run that had ended`, async () => {
      const { record, lines } = syntheticRun(run);
      writeRun(folder, record, [...lines.slice(0, -1), ...more, ...lines.slice(-1)]);
      const without = await tritune(['sweep', '--resume', folder, '--quiet']);
      assert.deepEqual([without.code, without.stderr], [code === 5 ? 0 : code, '']);
      assert.equal(readResults().verdict.kind, kind);
      assert.equal((await tritune(['sweep', '--resume', folder, '--quiet', '--require-winner'])).code, code);
    });
  }
});

function readResults(): Results {
  return JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
}
