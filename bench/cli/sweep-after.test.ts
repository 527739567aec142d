import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Results } from '../report/results.ts';
import { isValid } from '../run/after-history.ts';
import type { AfterPlan, PartPlan } from '../run/after-plan.ts';
import type { JournalLine } from '../run/journal.ts';
import type { RunRecord } from '../run/record.ts';
import { sliceLine } from '../run/run.fixture.ts';
import { onlyLong } from '../testing/long.ts';
import { projectFolder, tritune } from './host.fixture.ts';
import { slowModel } from './slow-model.fixture.ts';
import { readLines } from './workplace.fixture.ts';

const at = '2026-01-01T00:00:00.000Z';
let folder = '';
let run = '';

describe('a sweep that claimed a variant', () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tritune-after-'));
    run = join(folder, 'run');
    await makeClaim();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says that what follows is still to come while it was interrupted before it, and keeps the verdict', async () => {
    const { code } = await tritune(['report', run]);
    assert.equal(code, 0);
    const { verdict, after: found, run: facts } = results();
    assert.deepEqual([verdict.kind, verdict.pick, found.finished, facts.complete], ['WINNER', 'count-2', false, true]);
    assert.match(readFileSync(join(run, 'summary.md'), 'utf8'), /What follows the verdict was interrupted/);
  });

  it('adds pairs to a soak that four leave undecided, and says how many there were', onlyLong, async () => {
    const undecided = join(folder, 'undecided');
    cpSync(run, undecided, { recursive: true });
    const soak = { ...shortPlan.parts[0], part: 'soak', variantIds: ids, blocks: 4 } as PartPlan;
    const given = readLines(run).filter((line) => line.kind !== 'after');
    const lines = [
      ...given,
      { kind: 'after', at, status: 'planned', plan: { ...shortPlan, parts: [soak] } } as const,
      ...[-0.6, 0.4, 0.3, -0.2].flatMap((difference, index) => soakPair(index + 1, difference)),
    ];
    writeFileSync(join(undecided, 'journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    const { code, stderr } = await tritune(['sweep', '--resume', undecided], { env: { XDG_STATE_HOME: folder } });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /soak, block 5\/8, slice 1\/2: baseline; /);
    const after = readLines(undecided).slice(lines.length);
    const plans = after.flatMap((line) => (line.kind === 'after' && line.status === 'planned' ? [line.plan] : []));
    assert.deepEqual(
      plans.map(({ parts }) => parts.map(({ part, blocks }) => [part, blocks])),
      [[['soak', 8]]],
    );
    // On a busy host a pair may be given up.
    if (after.some((line) => line.kind === 'after' && line.status === 'left')) return;
    const found: Results = JSON.parse(readFileSync(join(undecided, 'results.json'), 'utf8'));
    assert.deepEqual([found.after.finished, found.after.soak?.pairs], [true, 8]);
    assert.match(readFileSync(join(undecided, 'summary.md'), 'utf8'), /^Soak, 8 pairs of /m);
  });

  it('goes on with it where it was interrupted, and lets the verdict stand meanwhile', async () => {
    const given = readLines(run);
    const controller = new AbortController();
    const resuming = tritune(['sweep', '--resume', run], {
      env: { XDG_STATE_HOME: folder },
      signal: controller.signal,
    });
    while (readLines(run).filter(isAfter).length < 3) await Promise.race([delay(10), resuming]);
    controller.abort(new Failure('interrupted', 'interrupted', 'interrupted'));
    const { code, stderr } = await resuming;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /soak, block 1\/2, slice 1\/2: baseline; .* left\n/);
    assert.match(stderr, /tritune sweep --resume/);
    const kept = readLines(run);
    assert.deepEqual(kept.slice(0, given.length), given);
    assert.deepEqual([results().verdict.kind, results().after.finished], ['WINNER', false]);

    const resumed = await tritune(['sweep', '--resume', run], { env: { XDG_STATE_HOME: folder } });
    assert.equal(resumed.code, 0, resumed.stderr);
    const lines = readLines(run);
    assert.deepEqual(lines.slice(0, kept.length), kept);
    const { after: found } = results();
    assert.equal(found.finished, true);
    const isWhole = (block: number): boolean =>
      new Set(
        kept
          .filter(isAfter)
          .filter(({ slice }) => slice.block === block)
          .flatMap((line) => (isValid(line) ? [line.slice.variantId] : [])),
      ).size === 2;
    const again = lines.slice(kept.length).filter(isAfter);
    // A pair that was whole is not measured again, whatever the host made of the others.
    assert(again.every(({ slice }) => slice.after !== 'soak' || !isWhole(slice.block)));
    assert(again.every(({ slice }) => slice.after === 'soak' || slice.attempt === 1));
    // On a busy host a load is given up; what remains is told all the same.
    if (lines.some((line) => line.kind === 'after' && line.status === 'left')) return;
    assert(found.soak !== null && found.range !== null && found.client !== null, JSON.stringify(found));
    const transports = new Set(lines.filter(isAfter).map(({ slice }) => slice.load.transport));
    assert.deepEqual([...transports].sort(), ['grpc', 'http']);
    const summary = readFileSync(join(run, 'summary.md'), 'utf8');
    for (const line of [/^Soak, /m, /^Range: /m, /^Another client: with gRPC/m]) assert.match(summary, line);
  });

  it('that is over is only reported again', async () => {
    const before = readLines(run);
    const { code, stderr } = await tritune(['sweep', '--resume', run]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /only its report is made again/);
    assert.deepEqual(readLines(run), before);
    assert.equal(existsSync(join(run, 'winner.config.pbtxt')), false);
  });
});

/** A run as it is once its last look has claimed `count-2`, made of one real block: what its host and server are is true. */
async function makeClaim(): Promise<void> {
  cpSync(join(projectFolder, 'model_repository'), join(folder, 'models'), { recursive: true });
  slowModel(join(folder, 'models'));
  const plan = join(folder, 'small.yaml');
  writeFileSync(
    plan,
    `name: small
model: sklearn-onnx
modelRepository: models
engine: embedded
load: { concurrency: 4, input: ${join(projectFolder, 'data/test_data.csv')} }
variants:
  - { id: count-2, settings: { instance_group.count: 2 } }
`,
  );
  const args = ['sweep', plan, '--blocks', '1', '--slices', '1', '--out', run, '--quiet'];
  const { code, stderr } = await tritune(args, { env: { XDG_STATE_HOME: folder } });
  assert([0, 4].includes(code), stderr);
  const recordFile = join(run, 'run.json');
  const record = JSON.parse(readFileSync(recordFile, 'utf8')) as RunRecord;
  const design = { ...record.design, procedure: 'staged', blocks: 30, confirmLooks: [8, 12, 17, 23, 30] };
  writeFileSync(recordFile, JSON.stringify({ ...record, design }));
  const lines: JournalLine[] = [];
  for (let block = 1; block <= 8; block += 1) {
    for (const [order, variantId] of ['baseline', 'count-2'].entries()) {
      const rate = (order === 0 ? 3_000 : 3_600) * (1 + 0.01 * Math.sin(7 * block + order));
      lines.push(sliceLine({ block, order, variantId, at, rate, latenciesNs: Array(20).fill(4e9 / rate) }));
    }
    lines.push({ kind: 'block', block, attempt: 1, status: 'complete', at });
  }
  lines.push({ kind: 'end', reason: 'decided', at });
  lines.push({ kind: 'after', at, status: 'planned', plan: shortPlan });
  writeFileSync(join(run, 'journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** One pair of a soak that differs by so much, ln scale. */
function soakPair(block: number, difference: number): JournalLine[] {
  return ids.map((variantId, order) => {
    const rate = 3_000 * Math.exp(order * difference);
    const line = sliceLine({ block, order, variantId, at, rate, latenciesNs: Array(20).fill(4e9 / rate) });
    return { ...line, slice: { ...line.slice, stage: 'after', after: 'soak', load: own } };
  });
}

const own = { batchSize: 1, pacing: { kind: 'closed', concurrency: 4 }, transport: 'http' } as const;
const ids = ['baseline', 'count-2'];
const shortPlan: AfterPlan = {
  pick: 'count-2',
  parts: [
    { part: 'soak', variantIds: ids, loads: [{ load: own, threads: 1, sliceMs: 400 }], blocks: 2 },
    {
      part: 'range',
      variantIds: ids,
      loads: [
        { load: { ...own, pacing: { kind: 'closed', concurrency: 8 } }, threads: 1, sliceMs: 150 },
        { load: { ...own, pacing: { kind: 'poisson', requestsPerSecond: 200 } }, threads: 1, sliceMs: 150 },
      ],
      blocks: 2,
    },
    {
      part: 'client',
      variantIds: ids,
      loads: [{ load: { ...own, transport: 'grpc' }, threads: 1, sliceMs: 150 }],
      blocks: 2,
    },
  ],
  skipped: [],
};

function isAfter(line: JournalLine): line is JournalLine & { kind: 'slice' } {
  return line.kind === 'slice' && line.slice.stage === 'after';
}

function results(): Results {
  return JSON.parse(readFileSync(join(run, 'results.json'), 'utf8'));
}
