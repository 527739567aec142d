import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import type { Plan } from '../plan/plan.ts';
import { mean } from '../stats/moments.ts';
import { claimedRun, ended, measuredPart, planned, soakPlan } from './after.fixture.ts';
import { continuedPlan } from './continuation.ts';
import { decideRun } from './decision.ts';
import { type EarlierRun, readEarlierRun } from './earlier-run.ts';
import { folderState } from './folder-state.fixture.ts';
import { readHistory } from './history.ts';
import type { RunRecord } from './record.ts';
import { syntheticRun, writeRun } from './run.fixture.ts';
import { type SyntheticStagedRun, syntheticStagedRun } from './staged-run.fixture.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tritune-earlier-'));
  folder = join(root, 'first');
});
afterEach(() => rmSync(root, { recursive: true }));

const three = ['baseline', 'a', 'b', 'c'].map((id) => ({ id, ratio: { a: 1.01, c: 0.7 }[id] ?? 1 }));
const eleven = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index + 1}`)].map((id) => ({
  id,
  ratio: 1,
}));
const undecided: SyntheticStagedRun = { arms: three, sd: 0.04, trials: 32, seed: 2 };

function write(run: SyntheticStagedRun, changes: Partial<RunRecord> = {}, to = folder): void {
  const { record, lines } = syntheticStagedRun(run);
  writeRun(to, { ...record, ...changes }, lines);
}

function refusal(work: () => unknown): [number, string, string] {
  try {
    work();
  } catch (error) {
    if (error instanceof Failure) return [error.exitCode, error.message, error.hint ?? ''];
    throw error;
  }
  return [0, '', ''];
}

describe('a run that another goes on from', () => {
  it('carries over the finalists that can still gain the margin, and its best leads; nothing in it changes', () => {
    write(undecided);
    const before = folderState(folder);
    const { carried, leader, sha256, record } = readEarlierRun(folder);
    assert.deepEqual([carried, leader], [['a', 'b'], 'a']);
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.equal(record.plan.alpha, 0.05);
    assert.deepEqual(folderState(folder), before);
  });

  it('carries over what was claimed and cannot be told from it', () => {
    const arms = ['baseline', 'a', 'b', 'c'].map((id) => ({ id, ratio: { a: 1.2, b: 1.2 }[id] ?? 1 }));
    const { record, lines } = syntheticStagedRun({ arms, sd: 0.01 });
    writeRun(folder, record, [...lines, planned([])]);
    assert.deepEqual(readEarlierRun(folder).carried, ['a', 'b']);
  });

  it('carries over the finalists of its screen, and all variants where it never came to confirm', () => {
    write({ arms: eleven, sd: 0.05 });
    assert.equal(readEarlierRun(folder).carried.length, 2);
    rmSync(folder, { recursive: true });
    write({ arms: eleven, sd: 0.05, trials: 12 });
    assert.equal(readEarlierRun(folder).carried.length, 11);
  });

  it('of many variants and one look carries over the best two', () => {
    const { record, lines } = syntheticRun({ arms: eleven.slice(0, 8), blocks: 8, sd: 0.1 });
    writeRun(folder, record, lines);
    const { verdict, arms } = decideRun(record, readHistory(lines));
    assert.equal(verdict.kind, 'INCONCLUSIVE');
    const best = arms.slice(1).toSorted((a, b) => mean(b.y) - mean(a.y));
    const two = best.slice(0, 2).map(({ id }) => id);
    assert.deepEqual(readEarlierRun(folder).carried.toSorted(), two.toSorted());
  });

  it('does not carry over what long slices denied', () => {
    const { record, lines } = claimedRun();
    const soak = measuredPart(soakPlan, (id) => (id === 'fast' ? 0.8 : 1));
    writeRun(folder, record, [...lines, planned([soakPlan]), ...soak, ended('soak')]);
    const [code, message] = refusal(() => readEarlierRun(folder));
    // `other` is told from the best, so that nothing is left.
    assert.deepEqual([code, /left no variant to measure again/.test(message)], [6, true]);
  });

  it('has ended: one that was interrupted is resumed', () => {
    const { record, lines } = syntheticStagedRun(undecided);
    writeRun(folder, record, lines.slice(0, -1));
    const [code, message, hint] = refusal(() => readEarlierRun(folder));
    assert.deepEqual([code, message], [2, `the run in ${folder} has not ended`]);
    assert.equal(hint, `let it end first: tritune sweep --resume ${folder}`);
    const claimed = claimedRun();
    writeRun(folder, claimed.record, claimed.lines);
    assert.equal(refusal(() => readEarlierRun(folder))[0], 2);
  });

  it('is whole, and its data can be trusted', () => {
    assert.equal(refusal(() => readEarlierRun(folder))[0], 6);
    write(undecided);
    const journal = readFileSync(join(folder, 'journal.jsonl'), 'utf8');
    writeFileSync(join(folder, 'journal.jsonl'), journal.replace('"block"', '"blok"'));
    assert.equal(refusal(() => readEarlierRun(folder))[0], 6);
    writeFileSync(join(folder, 'journal.jsonl'), journal.slice(journal.indexOf('\n') + 1));
    assert.equal(refusal(() => readEarlierRun(folder))[0], 6);
    writeFileSync(join(folder, 'journal.jsonl'), journal);
    writeFileSync(join(folder, 'run.json'), '{"schemaVersion":1,"__proto__":{}}');
    assert.equal(refusal(() => readEarlierRun(folder))[0], 6);
    const { record, lines } = syntheticStagedRun(undecided);
    const unstable = { kind: 'unstable', block: 1, attempt: 1, variantId: 'baseline', reason: 'reset' };
    writeRun(folder, record, [...lines.slice(0, -1), unstable, lines.at(-1)]);
    const [code, message] = refusal(() => readEarlierRun(folder));
    assert.deepEqual([code, /is INVALID: the baseline is unstable: reset/.test(message)], [6, true]);
  });

  it('is gone on with once: a second attempt at the same error is refused, unless the first came to nothing', () => {
    write(undecided);
    const { plan, continues } = next(readEarlierRun(folder));
    const second = join(root, 'second');
    write({ ...undecided, plan }, { continues }, second);
    const [code, message, hint] = refusal(() => readEarlierRun(folder));
    assert.deepEqual([code, message], [2, `${second} goes on with the run in ${folder} already`]);
    assert.equal(hint, `go on with that one: tritune sweep --continue ${second}`);
    writeFileSync(join(second, 'journal.jsonl'), '');
    assert.match(refusal(() => readEarlierRun(folder))[2], /--resume/);
    writeFileSync(join(second, 'run.json'), `{ "damaged": "${continues.sha256}`);
    assert.equal(readEarlierRun(folder).sha256, continues.sha256);
  });

  it('is told apart by what it holds', () => {
    write(undecided);
    const { sha256 } = readEarlierRun(folder);
    appendFileSync(join(folder, 'run.json'), '\n');
    assert.notEqual(readEarlierRun(folder).sha256, sha256);
  });
});

describe('the plan of a further attempt', () => {
  it('measures what is carried over at half the error, and says what it goes on from', () => {
    write(undecided);
    const earlier = readEarlierRun(folder);
    const { plan, continues } = next(earlier);
    assert.deepEqual(
      [plan.variants.map(({ id }) => id), plan.alpha, plan.blocks, plan.engine.kind],
      [['a', 'b'], 0.025, null, 'local'],
    );
    assert.deepEqual(continues, {
      attempt: 2,
      folder: '../first',
      startedAt: earlier.record.startedAt,
      sha256: earlier.sha256,
      alphaBefore: 0.05,
      carried: ['a', 'b'],
      seeded: null,
    });
  });

  it('goes on from a second attempt as a third: 5, 2.5 and 1.25 %', () => {
    write(undecided);
    const second = next(readEarlierRun(folder));
    const at = join(root, 'elsewhere', 'second');
    write({ ...undecided, plan: second.plan }, { continues: second.continues }, at);
    const { plan, continues } = next(readEarlierRun(at));
    assert.deepEqual([continues.attempt, plan.alpha], [3, 0.0125]);
    assert(Math.abs(continues.alphaBefore - 0.075) < 1e-15);
  });

  it('takes the variants that another plan adds, and what that says of budget, goal, margin and blocks', () => {
    write(undecided);
    const earlier = readEarlierRun(folder);
    const added = { id: 'new', settings: { 'instance_group.count': 9 } };
    const given: Plan = {
      ...earlier.record.plan,
      variants: [...earlier.record.plan.variants, added],
      budgetMs: 9e5,
      goal: 'best',
      alpha: 0.2,
      blocks: 9,
    };
    const { plan, continues } = next(earlier, given);
    assert.deepEqual(
      plan.variants.map(({ id }) => id),
      ['a', 'b', 'new'],
    );
    assert.deepEqual([plan.budgetMs, plan.goal, plan.alpha, plan.blocks], [9e5, 'best', 0.025, 9]);
    assert.equal(continues.seeded, 'a');
  });

  it('refuses a plan that asks another question, and names all that differs', () => {
    write(undecided);
    const earlier = readEarlierRun(folder);
    const before = earlier.record.plan;
    const given: Plan = {
      ...before,
      model: 'other',
      load: { ...before.load, concurrency: 16 },
      objective: { kind: 'single', direction: 'minimize', metric: 'latency.p99' },
      constraints: [{ metric: 'latency.p99', atMostNs: 5e6 }],
      engine: { ...before.engine, kind: 'embedded', flags: ['--x'] },
      variants: before.variants.map((variant) => (variant.id === 'c' ? { ...variant, settings: {} } : variant)),
    };
    const [code, message] = refusal(() => next(earlier, given));
    assert.equal(code, 6);
    for (const part of [
      'model (m; now other)',
      'load (http, 8 outstanding, batch 1, /rows.csv, time-out 60000 ms; now http, 16 outstanding',
      'objective (maximize throughput; now minimize latency.p99)',
      'constraints (none; now ',
      'engine (local; now embedded)',
      'server flags (none; now --x)',
      'the settings or the load of c',
    ])
      assert(message.includes(part), `${part}: ${message}`);
  });
});

function next(earlier: EarlierRun, given: Plan | null = null) {
  return continuedPlan(earlier, given, join(root, 'second'));
}
