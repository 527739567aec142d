import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import { installedEngine } from '../engines/local/find.ts';
import { readInstallation } from '../engines/local/installation.ts';
import { irisModel } from '../engines/staged-repository.ts';
import { isLong } from '../testing/long.ts';
import { requires } from '../testing/requires.ts';
import { projectFolder } from './host.fixture.ts';
import { RemotePlace, Wire } from './remote-place.test-suite.ts';
import { assertMessage } from './workplace.fixture.ts';

const twoKinds = [
  { id: 'count-2', settings: { 'instance_group.count': 2 } },
  { id: 'delay', settings: { 'dynamic_batching.max_queue_delay_microseconds': 4_000 } },
];

describe('a sweep on a remote server', () => {
  for (const protocol of ['http', 'grpc'] as const) {
    it(`over ${protocol} puts its variants in force there and leaves it as it was, other models untouched`, async () => {
      await using place = await RemotePlace.begin();
      place.repository.addLikeCommitted('beside');
      await place.far.control.load('beside');
      const before = [await place.served(), await place.served('beside')];
      const load = { protocol, concurrency: 2, input: join(projectFolder, 'data/test_data.csv') };
      const { code, stdout, stderr } = await place.run([
        'sweep',
        place.plan({ load, variants: twoKinds }),
        '--out',
        'run',
        '--json',
      ]);
      assert([0, 4].includes(code), stderr);
      const { engine, run, diagnostics, variants } = JSON.parse(stdout);
      assert.deepEqual([engine.kind, engine.sharedProcess, run.applied.way], ['remote', true, 'reload']);
      assert.equal(diagnostics.filter(({ kind }: { kind: string }) => kind === 'one server process').length, 1);
      assert.deepEqual(
        variants.map(({ status }: { status: string }) => status).filter((status: string) => status === 'refused'),
        [],
      );
      assert.match(
        readFileSync(join(place.folder, 'run', 'summary.md'), 'utf8'),
        /All blocks ran on one server process/,
      );
      assert.deepEqual([await place.served(), await place.served('beside')], before);
      assert.deepEqual(place.records(), []);
      assert.equal(existsSync(join(place.folder, 'run', 'restore.json')), false);
    });
  }

  it('unloads a model that was not loaded', async () => {
    await using place = await RemotePlace.begin(embeddedEngine(process.env), []);
    const { code, stderr } = await place.run(['sweep', place.plan(), '--out', 'run']);
    assert([0, 4].includes(code), stderr);
    assert.match(await place.served(), /^40[04] /);
  });

  it('puts back what was loaded with a configuration of its own, and says so', async () => {
    await using place = await RemotePlace.begin();
    const config = await place.far.control.config(irisModel);
    await place.far.control.reload(irisModel, { ...config, instance_group: [{ kind: 'KIND_CPU', count: 3 }] });
    const before = await place.served();
    assert.match(before, /"count":3/);
    const { code, stderr } = await place.run(['sweep', place.plan(), '--out', 'run']);
    assert([0, 4].includes(code), stderr);
    assert.match(
      stderr,
      /warning: .* is loaded with the configuration that it had, which is not its file's: instance_group/,
    );
    assert.match(stderr, /warning: the server has sklearn-onnx loaded with another configuration than the committed/);
    assert.equal(await place.served(), before);
  });

  it('over the load alone changes nothing there and loads nothing', async () => {
    await using place = await RemotePlace.begin();
    const calls: string[] = [];
    const config = await place.served();
    const sentBefore = await place.far.control.statistics(irisModel);
    const plan = place.plan({
      engine: { kind: 'auto', http: place.http, grpc: place.grpc },
      variants: [
        { id: 'four', load: { concurrency: 4 } },
        { id: 'grpc', load: { protocol: 'grpc' } },
      ],
    });
    const { code, stdout, stderr } = await place.run(['sweep', plan, '--out', 'run', '--json']);
    assert([0, 4].includes(code), stderr);
    const results = JSON.parse(stdout);
    assert.deepEqual([results.run.applied.way, results.engine.kind, calls], ['keep', 'remote', []]);
    assert.equal(await place.served(), config);
    // Counters begin at zero with every load: they have gone on.
    const count = (statistics: unknown): number =>
      (statistics as { model_stats: { inference_stats: { success: { count: number } } }[] }).model_stats[0]
        ?.inference_stats.success.count ?? -1;
    const measured = results.variants.reduce(
      (sum: number, { requests }: { requests: number }) => sum + (requests ?? 0),
      0,
    );
    assert(count(await place.far.control.statistics(irisModel)) > count(sentBefore) + measured);
  });
});

describe('a sweep on a remote server that is ended', () => {
  it('by Ctrl-C puts back what it changed', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    const running = place.start(['sweep', place.plan({ blocks: 40 }), '--out', 'run']);
    await said(running, /block 2\//);
    running.kill('SIGINT');
    const { exitCode, stderr } = await running;
    assert.equal(exitCode, 130, stderr);
    assertMessage(stderr, /^tritune: interrupted$/, /--resume/);
    assert.equal(await place.served(), before);
    assert.deepEqual(place.records(), []);
  });

  it('by SIGKILL leaves a record, by which restore puts it back byte for byte; others wait until then', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    const running = place.start(['sweep', place.plan({ blocks: 40, variants: twoKinds }), '--out', 'run']);
    await said(running, /block 2\//);
    const other = await place.run(['sweep', place.plan(), '--out', 'other']);
    assert.equal(other.code, 2);
    assertMessage(
      other.stderr,
      new RegExp(
        `^tritune: 127\\.0\\.0\\.1:\\d+ is in use by process ${running.pid} on .* since 20.* UTC \\(.*/run\\)$`,
      ),
      /would measure each other/,
    );
    running.kill('SIGKILL');
    await running;
    const [record] = place.records();
    assert.deepEqual(
      record?.models.map(({ name, loaded, way }) => [name, loaded, way]),
      [[irisModel, true, 'file']],
    );
    assert.equal(`200 ${JSON.stringify(record?.models[0]?.config)}`, before);
    const list = await place.run(['restore', '--list']);
    assert.match(list.stdout, /^to be restored: 127\.0\.0\.1:\d+, sklearn-onnx \(.*\/run\): left by process \d+ on/);
    const { code, stdout, stderr } = await place.run(['restore', 'run']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^restored: 127\.0\.0\.1:\d+, sklearn-onnx/);
    assert.equal(await place.served(), before);
    assert.deepEqual(place.records(), []);
    assert.equal(existsSync(join(place.folder, 'run', 'restore.json')), false);
    assert.equal((await place.run(['restore', 'run'])).stdout, 'nothing is to be restored of run\n');
  });

  it('by SIGKILL goes on with --resume, which puts back first what was left', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    const running = place.start(['sweep', place.plan({ blocks: 3 }), '--out', 'run']);
    await said(running, /block 2\//);
    running.kill('SIGKILL');
    await running;
    const { code, stderr } = await place.run(['sweep', '--resume', 'run']);
    assert([0, 4].includes(code), stderr);
    assert.match(
      stderr,
      /warning: 127\.0\.0\.1:\d+: process \d+ \(.*run\) left sklearn-onnx changed; that is put back first/,
    );
    assert.equal(await place.served(), before);
    assert.deepEqual(place.records(), []);
  });

  it('by a network that is cut says that it is left changed, and how to mend that', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    await using wire = await Wire.before(place.far.httpAddress.port);
    const plan = place.plan({ engine: { kind: 'remote', http: `127.0.0.1:${wire.port}` }, blocks: 40 });
    const running = place.start(['sweep', plan, '--out', 'run']);
    await said(running, /block 2\//);
    wire.cut();
    const { exitCode, stderr } = await running;
    assert.equal(exitCode, 3, stderr);
    assert.match(stderr, /is left changed: .* got no answer/);
    assert.doesNotMatch(stderr, /bug|\n\s+at /);
    assert.match(stderr, /tritune restore says what is still to be put back/);
    assert.equal(place.records().length, 1);
    const early = await place.run(['restore']);
    assert.equal(early.code, 3);
    assert.match(early.stdout, /^failed: /);
    wire.mode = 'pass';
    const { code, stdout } = await place.run(['restore']);
    assert.equal(code, 0, stdout);
    assert.equal(await place.served(), before);
    assert.deepEqual(place.records(), []);
  });

  it('finds another file than before: says what differs, and restores what was served only where that is asked for', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    const running = place.start(['sweep', place.plan({ blocks: 40 }), '--out', 'run']);
    await said(running, /block 1\//);
    const file = `${irisModel}/config.pbtxt`;
    place.repository.write(file, place.repository.read(file).replace('max_batch_size: 64', 'max_batch_size: 32'));
    running.kill('SIGTERM');
    const { exitCode, stderr } = await running;
    assert.equal(exitCode, 143, stderr);
    assert.match(stderr, /is left changed: sklearn-onnx is not what it was: .*max_batch_size was 64 and is 32/);
    assert.match(stderr, /tritune restore --keep; else tritune restore --override/);
    assert.match(await place.served(), /"max_batch_size":32/);
    const { code, stdout } = await place.run(['restore', 'run', '--override']);
    assert.equal(code, 0, stdout);
    assert.equal(await place.served(), before);
  });
});

describe('a sweep whose remote server is restarted for each block', () => {
  it('runs the command, waits, and says nothing of a shared process', async () => {
    await using place = await RemotePlace.begin();
    const mark = join(place.folder, 'restarts');
    const script = place.file(
      'restart.mjs',
      `import { appendFileSync } from 'node:fs';\nappendFileSync(${JSON.stringify(mark)}, process.argv[2] + '\\n');\n`,
    );
    const restartCommand = [process.execPath, script, '$(touch hacked); `x`'];
    const engine = { kind: 'remote', http: place.http, restartCommand };
    const { code, stdout, stderr } = await place.run([
      'sweep',
      place.plan({ engine, blocks: 2 }),
      '--out',
      'run',
      '--json',
    ]);
    assert([0, 4].includes(code), stderr);
    assert.equal('sharedProcess' in JSON.parse(stdout).engine, false);
    // One more, to see what it costs.
    assert.equal(readFileSync(mark, 'utf8'), '$(touch hacked); `x`\n'.repeat(3));
  });

  it('has all models loaded again at the end that were loaded before, though a new process has none', async () => {
    await using place = await RemotePlace.begin();
    place.repository.addLikeCommitted('beside');
    await place.far.control.load('beside');
    const before = [await place.served(), await place.served('beside')];
    // As a restart leaves them, as far as a client can see.
    const script = place.file(
      'forget.mjs',
      `for (const name of ['${irisModel}', 'beside']) await fetch('http://${place.http}/v2/repository/models/' + name + '/unload', { method: 'POST' });\n`,
    );
    const engine = { kind: 'remote', http: place.http, restartCommand: [process.execPath, script] };
    const { code, stderr } = await place.run(['sweep', place.plan({ engine }), '--out', 'run']);
    assert([0, 4].includes(code), stderr);
    assert.deepEqual([await place.served(), await place.served('beside')], before);
    assert.deepEqual(place.records(), []);
  });

  it('ends where the command fails, with what it said', async () => {
    await using place = await RemotePlace.begin();
    const before = await place.served();
    const engine = {
      kind: 'remote',
      http: place.http,
      headers: { Authorization: { env: 'TOKEN' } },
      restartCommand: [process.execPath, '-e', 'console.error("no rights for " + process.env.TOKEN); process.exit(7)'],
    };
    const { code, stderr } = await place.run(['sweep', place.plan({ engine }), '--out', 'run'], {
      TOKEN: 'canary-4711',
    });
    assert.equal(code, 3, stderr);
    assertMessage(stderr, /engine\.restartCommand ended with exit code 7/, /no rights for \*\*\*/);
    assert.equal(await place.served(), before);
    const missing = { ...engine, restartCommand: ['/no/such/program'] };
    const ran = await place.run(['sweep', place.plan({ engine: missing }), '--out', 'run2'], { TOKEN: 'canary-4711' });
    assertMessage(ran.stderr, /engine\.restartCommand could not be run \(ENOENT\)/);
  });
});

describe('a sweep on a remote Triton', requires('triton'), () => {
  it('leaves its configuration byte for byte as it was, after its end, however that came, and after SIGKILL with restore', async () => {
    const installation = readInstallation(projectFolder);
    assert('found' in installation);
    await using place = await RemotePlace.begin(installedEngine(installation.found, process.env));
    const before = await place.served();
    const priority = { id: 'priority', settings: { 'dynamic_batching.priority_levels': 2 } };
    const swept = await place.run([
      'sweep',
      place.plan({ variants: [...twoKinds, priority] }),
      '--out',
      'whole',
      '--json',
    ]);
    assert([0, 4].includes(swept.code), swept.stderr);
    const refused = JSON.parse(swept.stdout).variants.find(({ id }: { id: string }) => id === 'priority');
    assert.equal(
      refused.reason,
      "failed to load 'sklearn-onnx', failed to poll from model repository (its default_priority_level is none of its priority_levels; the server's own log has the reason)",
    );
    assert.equal(await place.served(), before);
    for (const signal of isLong ? (['SIGINT', 'SIGKILL'] as const) : (['SIGKILL'] as const)) {
      const running = place.start(['sweep', place.plan({ blocks: 40, variants: twoKinds }), '--out', signal]);
      await said(running, /block 2\//);
      running.kill(signal);
      await running;
      if (signal === 'SIGKILL') assert.equal((await place.run(['restore'])).code, 0);
      assert.equal(await place.served(), before);
      assert.deepEqual(place.records(), []);
    }
  });
});

/** Waits until a process said so on stderr; fails where it ends before. */
async function said(running: ReturnType<RemotePlace['start']>, pattern: RegExp): Promise<void> {
  let told = '';
  running.stderr.on('data', (piece) => {
    told += String(piece);
  });
  let ended = false;
  running.then(() => {
    ended = true;
  });
  while (!pattern.test(told)) {
    if (ended) throw new Error(`it ended before it said ${pattern}: ${told}`);
    await delay(10);
  }
}
