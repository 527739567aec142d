import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Results } from '../report/results.ts';
import { folderState } from '../run/folder-state.fixture.ts';
import type { JournalLine } from '../run/journal.ts';
import type { RunRecord } from '../run/record.ts';
import { sliceLine, writeRun } from '../run/run.fixture.ts';
import { onlyLong } from '../testing/long.ts';
import { projectFolder, tritune } from './host.fixture.ts';
import { slowModel } from './slow-model.fixture.ts';

const at = '2026-01-01T00:00:00.000Z';
const variants = ['count-2', 'count-4', 'count-5'];
let folder = '';
let first = '';

describe('a sweep that goes on from one that could not decide', () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tritune-continue-'));
    first = join(folder, 'reports', 'first');
    await makeUndecided();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('is what the report of that one asks for', async () => {
    const { code, stdout } = await run('report', 'reports/first');
    assert.equal(code, 0);
    assert.match(stdout, /\n {2}npm run sweep -- --continue reports\/first (--blocks \d+ --slices 1 )?--budget \d+m\n/);
    const { attempt, continues } = resultsOf(first);
    assert.deepEqual([attempt, continues], [1, null]);
  });

  it('refuses what does not go together with it, before a server is started, and names what differs', async () => {
    const other = plan({ load: { concurrency: 2, input: join(projectFolder, 'data/test_data.csv') } }, 'other.yaml');
    const load = await run('sweep', other, '--continue', 'reports/first');
    assert.equal(load.code, 6);
    assert.match(
      load.stderr,
      /asks another question than \S+first: load \(http, 4 outstanding, .*; now http, 2 outstan/,
    );
    cpSync(join(folder, 'models'), join(folder, 'kept'), { recursive: true });
    writeFileSync(join(folder, 'models', 'sklearn-onnx', '1', 'more'), '');
    const model = await run('sweep', '--continue', 'reports/first');
    rmSync(join(folder, 'models', 'sklearn-onnx', '1', 'more'));
    assert.equal(model.code, 6);
    assert.match(model.stderr, /does not go together with \S+first: the model files\n/);
    for (const options of [['--alpha', '5%'], ['--engine', 'local'], ['--resume', 'reports/first'], ['--dry-run']])
      assert.equal((await run('sweep', '--continue', 'reports/first', ...options)).code, 2, options.join(' '));
    assert.deepEqual(readdirSync(join(folder, 'reports')), ['first']);
  });

  it('refuses another version of the engine, and leaves no folder', async () => {
    const copy = join(folder, 'reports', 'older');
    cpSync(first, copy, { recursive: true });
    const record = JSON.parse(readFileSync(join(copy, 'run.json'), 'utf8')) as RunRecord;
    const engine = { ...record.engine, version: '0.0.1' };
    writeFileSync(join(copy, 'run.json'), JSON.stringify({ ...record, engine }));
    const { code, stderr } = await run('sweep', '--continue', 'reports/older', '--out', 'reports/never');
    rmSync(copy, { recursive: true });
    assert.equal(code, 6, stderr);
    assert.match(stderr, /does not go together with \S+older: the engine's version \(0\.0\.1; now \d/);
    assert.equal(existsSync(join(folder, 'reports', 'never')), false);
  });

  it('is a run of its own on fresh blocks at half the error, and says so wherever it is reported', async () => {
    const before = folderState(first);
    const wider = plan({ variants: [...variants, 'count-3'].map(variant) }, 'wider.yaml');
    const args = [
      'sweep',
      wider,
      '--continue',
      'reports/first',
      '--blocks',
      '2',
      '--slices',
      '1',
      '--out',
      'reports/second',
    ];
    const { code, stdout, stderr } = await run(...args);
    assert([0, 4].includes(code), stderr);
    assert.deepEqual(folderState(first), before);
    assert.match(stderr, /; attempt 2 at alpha 2.5.%, which measures count-2, count-4 again; /);
    const second = join(folder, 'reports', 'second');
    const results = resultsOf(second);
    assert.deepEqual(
      [results.attempt, results.verdict.alpha, results.variants.map(({ id }) => id)],
      [2, 0.025, ['baseline', 'count-2', 'count-4', 'count-3']],
    );
    const { sha256, ...continues } = results.continues ?? { sha256: '' };
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(continues, {
      folder: '../first',
      startedAt: (JSON.parse(readFileSync(join(first, 'run.json'), 'utf8')) as RunRecord).startedAt,
      alphaOverAttempts: 0.075,
      carried: ['count-2', 'count-4'],
      seeded: 'count-2',
    });
    assert(results.blocks.length <= 2);
    assert.match(results.run.command, /-- wider\.yaml --continue reports\/first --blocks 2 --slices 1$/);
    if (results.verdict.kind === 'INVALID') return;
    const says =
      /Attempt.2,.on.fresh.blocks.alone:.+in.at.most.2\.5.%.of.cases,.and.over.both.attempts.there.would.be.a.false.claim.in.at.most.7\.5.%.of.cases\./s;
    for (const text of [
      stdout,
      readFileSync(join(second, 'summary.md'), 'utf8'),
      readFileSync(join(second, 'index.html'), 'utf8'),
    ])
      assert.match(text, says);
    const again = await run('report', 'reports/second', '--json');
    assert.deepEqual(JSON.parse(again.stdout), results);
  });

  it('is the only one that goes on from there; the next goes on from it, as a third', onlyLong, async () => {
    const twice = await run('sweep', '--continue', 'reports/first');
    assert.equal(twice.code, 2);
    assert.match(twice.stderr, /second goes on with the run in \S+first already\n.*--continue \S+second\n/);
    if (resultsOf(join(folder, 'reports', 'second')).verdict.kind === 'INVALID') return;
    const args = ['--continue', 'reports/second', '--blocks', '1', '--slices', '1', '--out', 'reports/third'];
    const { code, stderr } = await run('sweep', ...args);
    assert([0, 4].includes(code), stderr);
    const { attempt, continues, verdict } = resultsOf(join(folder, 'reports', 'third'));
    assert.deepEqual([attempt, verdict.alpha, continues?.alphaOverAttempts], [3, 0.0125, 0.0875]);
  });
});

function run(...args: string[]) {
  return tritune(args, { cwd: folder, env: { XDG_STATE_HOME: folder } });
}

function variant(id: string) {
  return { id, settings: { 'instance_group.count': Number(id.slice('count-'.length)) } };
}

/** Writes a plan, JSON being YAML, and returns its name. */
function plan(changes: Readonly<Record<string, unknown>>, name: string): string {
  const whole = {
    name: 'small',
    model: 'sklearn-onnx',
    modelRepository: 'models',
    engine: 'embedded',
    load: { concurrency: 4, input: join(projectFolder, 'data/test_data.csv') },
    variants: variants.map(variant),
    ...changes,
  };
  writeFileSync(join(folder, name), JSON.stringify(whole));
  return name;
}

/** A staged run as it is once its budget has ended without a claim, made of one real block: what its host and server are is true. */
async function makeUndecided(): Promise<void> {
  cpSync(join(projectFolder, 'model_repository'), join(folder, 'models'), { recursive: true });
  slowModel(join(folder, 'models'));
  const args = ['sweep', plan({}, 'plan.yaml'), '--blocks', '1', '--slices', '1', '--out', first, '--quiet'];
  const { code, stderr } = await run(...args);
  assert([0, 4].includes(code), stderr);
  const record = JSON.parse(readFileSync(join(first, 'run.json'), 'utf8')) as RunRecord;
  const design = { ...record.design, procedure: 'staged' as const, blocks: 30, confirmLooks: [8, 12, 17, 23, 30] };
  const gains = new Map([
    ['count-2', 1.02],
    ['count-5', 0.6],
  ]);
  const lines: JournalLine[] = [];
  for (let block = 1; block <= 8; block += 1) {
    for (const [order, variantId] of ['baseline', ...variants].entries()) {
      const rate = 3_000 * (gains.get(variantId) ?? 1) * (1 + 0.05 * Math.sin(7 * block + 5 * order));
      lines.push(sliceLine({ block, order, variantId, at, rate, latenciesNs: Array(20).fill(4e9 / rate) }));
    }
    lines.push({ kind: 'block', block, attempt: 1, status: 'complete', at });
  }
  lines.push({ kind: 'end', reason: 'budget', at });
  writeRun(first, { ...record, plan: { ...record.plan, blocks: null }, design }, lines);
}

function resultsOf(runFolder: string): Results {
  return JSON.parse(readFileSync(join(runFolder, 'results.json'), 'utf8'));
}
