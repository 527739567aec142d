import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { Failure } from '../failure.ts';
import { tritune } from './host.fixture.ts';
import { slowModel } from './slow-model.fixture.ts';
import { rehearsalBudget } from './sweep-request.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The command as a process of its own, which sees no run of another test. */
function start(args: readonly string[], folder: string) {
  const env = { XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, 'state') };
  return execa(process.execPath, [join(root, 'bench/main.ts'), ...args], { reject: false, cwd: root, env });
}

/** The plan of this project with one variant, of a model that is slowed. */
function oneVariant(folder: string, more = ''): string {
  const plan = join(folder, 'one.yaml');
  const text = readFileSync(join(root, 'configs/iris.yaml'), 'utf8').replaceAll('../', root);
  const slow = text.replace(join(root, 'model_repository'), slowed(folder));
  writeFileSync(plan, `${slow.slice(0, slow.indexOf('  - { id: count-4'))}${more}`);
  return plan;
}

/** With a number of blocks, for which the noise of the host need not be known. */
function withoutPilot(folder: string): string {
  return oneVariant(folder, 'blocks: 4\n');
}

function slowed(folder: string): string {
  const repository = join(folder, 'models');
  cpSync(join(root, 'model_repository'), repository, { recursive: true });
  slowModel(repository);
  return repository;
}

test('a sweep on the embedded server ends with a report that is a rehearsal, and leaves no process', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-sweep-'));
  try {
    const plan = join(folder, 'small.yaml');
    writeFileSync(
      plan,
      `name: small
model: sklearn-onnx
modelRepository: ${slowed(folder)}
engine: embedded
load: { protocol: http, concurrency: 4, batchSize: 1, input: ${join(root, 'data/test_data.csv')} }
objective: { maximize: throughput }
budget: 60s
variants:
  - { id: count-2, settings: { instance_group.count: 2 } }
  - { id: no-batching, settings: { dynamic_batching: null } }
`,
    );
    const out = join(folder, 'run');
    const args = ['sweep', plan, '--blocks', '1', '--slices', '1', '--out', out, '--json'];
    const sweep = start(args, folder);
    const { stdout, stderr, exitCode } = await sweep;
    // On a busy host the data may not be trusted (4); the run is whole all the same.
    assert([0, 4].includes(exitCode ?? -1), stderr);
    const { engine, variants } = JSON.parse(stdout);
    assert.equal(engine.kind, 'embedded');
    assert.equal(engine.transferable, false);
    assert.deepEqual(variants.map(({ id }: { id: string }) => id).sort(), ['baseline', 'count-2', 'no-batching']);
    assert.match(readFileSync(join(out, 'summary.md'), 'utf8'), /rehearsal[\s\S]*embedded onnxruntime \(Node\)/i);
    assert.match(stderr, /embedded engine, version \d+\.\d+\.\d+, embedded onnxruntime/);
    assert.deepEqual(leftoversOf(sweep.pid ?? 0), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a rehearsal that nobody asked for says so and takes a part of a long budget', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-sweep-'));
  try {
    const out = join(folder, 'run');
    const controller = new AbortController();
    const running = tritune(['sweep', withoutPilot(folder), '--out', out], {
      projectFolder: folder,
      env: { PATH: folder, HOME: folder },
      signal: controller.signal,
    });
    while (!existsSync(join(out, 'run.json'))) await Promise.race([delay(20), running]);
    controller.abort(new Failure('interrupted', 'interrupted', 'interrupted'));
    const { code, stderr } = await running;
    assert.equal(code, 130, stderr);
    assert.match(
      stderr,
      /as a rehearsal: .*\na rehearsal takes 150 s of the plan's budget; --budget gives it another\n/,
    );
    const { plan: recorded, command } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'));
    assert.deepEqual([recorded.budgetMs, command.includes('--budget 150s')], [150_000, true]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a rehearsal keeps a budget that the user gave, that is short anyway, or that is none', () => {
  assert.deepEqual(rehearsalBudget({ budgetMs: 300_000 }, {}), { budget: 150_000 });
  assert.deepEqual(rehearsalBudget({ budgetMs: 300_000 }, { budget: 200_000 }), {});
  assert.deepEqual(rehearsalBudget({ budgetMs: 300_000 }, { blocks: 8 }), {});
  assert.deepEqual(rehearsalBudget({ budgetMs: 60_000 }, {}), {});
  assert.deepEqual(rehearsalBudget({ budgetMs: null }, {}), {});
});

test('a run that was begun on the embedded server by itself goes on there, whatever there is to choose from by now', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-sweep-'));
  try {
    const out = join(folder, 'run');
    const place = { projectFolder: folder, cwd: folder, env: { PATH: folder, HOME: folder } };
    const interrupted = async (args: readonly string[], isDue: (line: string) => boolean): Promise<string> => {
      const controller = new AbortController();
      const running = tritune(args, { ...place, signal: controller.signal });
      const ended = running.then(() => true);
      while (!isDue(existsSync(join(out, 'journal.jsonl')) ? readFileSync(join(out, 'journal.jsonl'), 'utf8') : '')) {
        if (await Promise.race([delay(20), ended])) break;
      }
      controller.abort(new Failure('interrupted', 'interrupted', 'interrupted'));
      const { code, stderr } = await running;
      assert.equal(code, 130, stderr);
      return stderr;
    };
    await interrupted(['sweep', withoutPilot(folder), '--out', out], () => existsSync(join(out, 'journal.jsonl')));
    writeFileSync(join(folder, 'docker'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    writeFileSync(join(folder, 'compose.yaml'), '');
    const slicesIn = (journal: string): number => journal.split('"kind":"slice"').length;
    const before = slicesIn(readFileSync(join(out, 'journal.jsonl'), 'utf8'));
    const stderr = await interrupted(['sweep', '--resume', out], (journal) => slicesIn(journal) > before);
    assert.match(stderr, /embedded engine/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a sweep whose server is killed while the noise of the host is measured says so, and keeps nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-sweep-'));
  try {
    const out = join(folder, 'run');
    const args = ['sweep', oneVariant(folder), '--engine', 'embedded', '--out', out];
    const sweep = start(args, folder);
    let told = '';
    sweep.stderr.on('data', (piece) => {
      told += String(piece);
    });
    const ended = sweep.then(() => true);
    while (!told.includes('measuring the noise')) if (await Promise.race([delay(10), ended])) break;
    const servers = leftoversOf(sweep.pid ?? 0).flatMap((text) => /^process (\d+): \S*node /.exec(text)?.[1] ?? []);
    assert.equal(servers.length, 1);
    process.kill(Number(servers[0]), 'SIGKILL');
    const { exitCode, stderr } = await sweep;
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /tritune: the embedded server ended by itself \(signal SIGKILL\)/);
    assert.doesNotMatch(stderr, /bug/);
    assert.equal(existsSync(out), false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
