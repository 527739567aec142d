import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import { leftoversOf } from '../engines/local/leftovers.ts';
import { irisModel } from '../engines/staged-repository.ts';
import { folderState } from '../run/folder-state.fixture.ts';
import { isLong, onlyLong } from '../testing/long.ts';
import { requires } from '../testing/requires.ts';
import { RemotePlace } from './remote-place.test-suite.ts';
import { assertMessage, type Command, readLines, Workplace } from './workplace.fixture.ts';

const engines = [
  { engine: 'embedded', name: 'the embedded server', needs: {} },
  { engine: 'local', name: 'tritonserver', needs: requires('triton') },
] as const;

/** Where in the life of a slice the server is killed: what share of which part has passed since the slice before was written. */
const phases = ['load', 'warm-up', 'measurement'] as const;

for (const { engine, name, needs } of engines) {
  describe(`a sweep on the ${engine} engine whose server`, { ...needs, timeout: 120_000 }, () => {
    it('is killed while the variants are looked at keeps nothing, and says what happened', async () => {
      using place = new Workplace();
      const many = { id: 'count-32', settings: { 'instance_group.count': 32 } };
      const plan = place.plan({ engine, variants: [many] });
      const given = folderState(place.given);
      const command = place.start('sweep', plan, '--out', 'run');
      await command.said(/looking at count-32/);
      await delay(30);
      process.kill(await serverOf(command), 'SIGKILL');
      await assertDied(command, name);
      assert.equal(existsSync(join(place.folder, 'run')), false);
      assert.deepEqual(folderState(place.given), given);
    });

    for (const phase of phases) {
      const one = phase === 'measurement' && engine === 'embedded';
      const skip = !isLong && !one && 'TRITUNE_LONG=1 runs it';
      it(`is killed in the ${phase} of a slice says so, and the run goes on from there`, { skip }, async () => {
        using place = new Workplace();
        const plan = place.plan({ engine, blocks: 2, slicesPerBlock: 2 });
        const command = place.start('sweep', plan, '--out', 'run');
        const folder = join(place.folder, 'run');
        const sliceCount = () => (existsSync(join(folder, 'journal.jsonl')) ? slicesIn(folder) : 0);
        await command.said(/block 1\//);
        const before = sliceCount();
        while (sliceCount() === before) await delay(2);
        await delay(momentOf(phase, folder));
        process.kill(await serverOf(command), 'SIGKILL');
        await assertDied(command, name, /tritune sweep --resume \S+run$/m);
        const kept = readLines(folder);
        const { code, stderr } = await place.run('sweep', '--resume', 'run');
        assert([0, 4].includes(code ?? -1), stderr);
        const lines = readLines(folder);
        assert.deepEqual(lines.slice(0, kept.length), kept);
        const complete = lines.flatMap((line) =>
          line.kind === 'block' && line.status === 'complete' ? line.block : [],
        );
        assert.deepEqual(complete, [1, 2].slice(0, complete.length));
        assert.equal(place.results(folder).run.complete, true);
      });
    }

    it('hangs, not to be reached by anything but SIGKILL, is ended by Ctrl-C within 5 s all the same', async () => {
      using place = new Workplace();
      const command = place.start('sweep', place.plan({ engine, blocks: 9 }), '--out', 'run');
      await command.said(/block 1\//);
      await delay(200);
      process.kill(await serverOf(command), 'SIGSTOP');
      await delay(500);
      const { code, stderr, tookMs } = await command.end('SIGINT');
      assert.equal(code, 130, stderr);
      assertMessage(stderr, /^tritune: interrupted$/, /--resume/);
      // A busy host may add as much as is promised.
      assert(tookMs < 10_000, `${tookMs} ms`);
      assert.deepEqual(leftoversOf(command.pid), []);
    });

    it('hangs and is left to itself is given up', {
      ...onlyLong,
      timeout: 400_000,
    }, async () => {
      using place = new Workplace();
      const load = { concurrency: 2, input: 'rows.csv', requestTimeout: '1s' };
      const command = place.start('sweep', place.plan({ engine, load, blocks: 2 }), '--out', 'run');
      await command.said(/block 1\//);
      await delay(200);
      process.kill(await serverOf(command), 'SIGSTOP');
      const { code, stderr } = await command.ended;
      assert.equal(code, 3, stderr);
      assertMessage(stderr, /got no answer: .*(timeout|aborted)/);
      assert.deepEqual(leftoversOf(command.pid), []);
    });

    it('has no port to listen on is told by it, and keeps nothing', async () => {
      using place = new Workplace();
      await using holder = createServer().listen({ port: 0, host: '127.0.0.1' });
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      for (const [fixed, use] of [
        [{ httpPort: port }, 'http'],
        [{ grpcPort: port }, 'grpc'],
      ] as const) {
        const { code, stderr } = await place.run('sweep', place.plan({ engine: { kind: engine, ...fixed } }));
        assert.equal(code, 3);
        assertMessage(
          stderr,
          new RegExp(`^tritune: ${use} port ${port} on 127\\.0\\.0\\.1 is already in use$`),
          /give another port, or leave it out/,
        );
        assert.equal(existsSync(place.reports), false);
      }
    });
  });
}

describe('a sweep on a remote server that is killed', { timeout: 180_000 }, () => {
  for (const afterMs of isLong ? [5, 100, 250, 400] : [250]) {
    it(`${afterMs} ms after a slice says so, and goes on once somebody has started it again`, async () => {
      await using place = await RemotePlace.begin();
      const served = await place.served();
      const folder = join(place.folder, 'run');
      const running = place.start(['sweep', place.plan({ blocks: 3 }), '--out', 'run']);
      while (!existsSync(join(folder, 'journal.jsonl')) || slicesIn(folder) === 0) await delay(5);
      await delay(afterMs);
      const { pid, httpAddress, grpcAddress } = place.far;
      assert(pid !== undefined && grpcAddress !== undefined);
      process.kill(pid, 'SIGKILL');
      const { exitCode, stderr } = await running;
      assert.equal(exitCode, 3, stderr);
      assertMessage(stderr, /^tritune: /, /tritune restore says what is still to be put back[\s\S]*--resume/);
      assert.match(stderr, /got no answer: /);
      assert.equal(place.records().length, 1);
      const ports = { httpPort: httpAddress.port, grpcPort: grpcAddress.port };
      const options = { repository: place.repository.path, autoCompleteConfig: false, ...ports };
      await using again = await embeddedEngine(process.env).start(options);
      await again.control.load(irisModel);
      const resumed = await place.start(['sweep', '--resume', 'run']);
      assert([0, 4].includes(resumed.exitCode ?? -1), resumed.stderr);
      assert.deepEqual([await place.served(), place.records()], [served, []]);
    });
  }
});

describe('a program in place of a server', { timeout: 120_000 }, () => {
  it('that never gets ready is ended by Ctrl-C at once, and leaves nothing', async () => {
    using place = new Workplace();
    const command = place.start('sweep', place.plan({ engine: { kind: 'local', path: sleeper(place) } }));
    await command.said(/starting the server/);
    await delay(200);
    const { code, stderr, tookMs } = await command.end('SIGINT');
    assert.equal(code, 130);
    assertMessage(stderr, /^tritune: interrupted$/, /nothing is kept/);
    assert(tookMs < 10_000, `${tookMs} ms`);
    assert.deepEqual([leftoversOf(command.pid), existsSync(place.reports)], [[], false]);
  });

  it('that never gets ready is given up after a minute', onlyLong, async () => {
    using place = new Workplace();
    const { code, stderr } = await place.run('sweep', place.plan({ engine: { kind: 'local', path: sleeper(place) } }));
    assert.equal(code, 3);
    assertMessage(stderr, /^tritune: tritonserver is not ready after 60 s$/, /what it logged:\n {2}thinking/);
    assert.equal(existsSync(place.reports), false);
  });
});

/** A program that hears no signal but SIGKILL; the path of it as a plan has it. */
function sleeper(place: Workplace): string {
  place.file('server', '#!/bin/sh\ntrap "" TERM INT\necho thinking\nwhile :; do sleep 1; done\n');
  chmodSync(join(place.given, 'server'), 0o755);
  return './server';
}

async function assertDied(command: Command, name: string, hint?: RegExp): Promise<void> {
  const { code, stdout, stderr } = await command.ended;
  assert.deepEqual([code, stdout], [3, ''], stderr);
  assertMessage(stderr, new RegExp(`^tritune: ${name} ended by itself \\(signal SIGKILL\\)$`), hint);
  assert.deepEqual(leftoversOf(command.pid), []);
}

/** The middle of a phase, in ms since the slice before: what a load takes is seen from it. */
function momentOf(phase: (typeof phases)[number], folder: string): number {
  const { design } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
  const slice = readLines(folder).findLast((line) => line.kind === 'slice');
  const loadMs = slice?.status === 'measured' ? slice.measurement.loadMs : 0;
  if (phase === 'load') return loadMs / 2;
  return phase === 'warm-up' ? loadMs + design.warmupMs / 2 : loadMs + design.warmupMs + 100;
}

function slicesIn(folder: string): number {
  return readLines(folder).filter(({ kind }) => kind === 'slice').length;
}

/** The process id of a command's server, waited for: the shell that watches over it names it. */
async function serverOf(command: Command): Promise<number> {
  for (;;) {
    const watched = leftoversOf(command.pid).flatMap((text) => / watch (\d+) tritune-/.exec(text)?.[1] ?? []);
    const found = watched.find((pid) => existsSync(`/proc/${pid}`));
    if (found !== undefined) return Number(found);
    assert.equal(command.child.exitCode, null, command.stderr);
    await delay(5);
  }
}
