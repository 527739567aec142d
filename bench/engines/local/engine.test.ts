import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Failure } from '../../failure.ts';
import { requires } from '../../testing/requires.ts';
import { engineContract } from '../contract.test-suite.ts';
import { settled } from '../contract-lifetime.ts';
import type { Engine } from '../engine.ts';
import { StagedRepository } from '../staged-repository.ts';
import { localEngine } from './engine.ts';
import { installedEngine } from './find.ts';
import { readInstallation } from './installation.ts';
import { leftoversOf } from './leftovers.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const holdServer = fileURLToPath(new URL('fixtures/hold-server.ts', import.meta.url));
const needsTriton = requires('triton');

engineContract('local', { ...needsTriton, makeEngine, leftovers: () => leftoversOf(process.pid) });

describe('a local server whose starter is killed with SIGKILL', needsTriton, () => {
  it('is gone within 5 s with its stubs and its shared memory', async () => {
    using repository = new StagedRepository();
    const starter = spawn(process.execPath, [holdServer, repository.path, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = starter.pid ?? 0;
    await once(starter.stdout, 'data');
    const serving = leftoversOf(pid);
    assert(serving.some((what) => what.includes('triton_python_backend_stub')));
    assert(serving.some((what) => !what.startsWith('process')));
    await killAndSettle(starter);
    assert.deepEqual(leftoversOf(pid), []);
  });

  it('is gone too where it was still starting', async () => {
    using repository = new StagedRepository();
    for (const appearedMs of [0, 15, 120]) {
      const starter = spawn(process.execPath, [holdServer, repository.path, root], { stdio: 'ignore' });
      const pid = starter.pid ?? 0;
      while (leftoversOf(pid).length === 0) await delay(2);
      await delay(appearedMs);
      await killAndSettle(starter);
      assert.deepEqual(leftoversOf(pid), []);
    }
  });
});

describe('a local program that is no Triton', () => {
  it('fails a start with what it said, without control characters', async () => {
    using program = script('echo "\u001b[31mnothing\u0007 works\u001b[0m" >&2\nexit 3');
    await assert.rejects(program.engine.start({ repository: '/nowhere', autoCompleteConfig: false }), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /exit code 3/);
      assert.equal(error.hint, 'what it logged:\nnothing  works');
      return true;
    });
    assert.deepEqual(await settled(() => leftoversOf(process.pid)), []);
  });

  it('shows the first line and the last ones of many', async () => {
    using program = script('for i in $(seq 1 500); do echo "line $i"; done\nexit 1');
    await assert.rejects(program.engine.start({ repository: '/nowhere', autoCompleteConfig: false }), (error) => {
      assert(error instanceof Failure);
      const lines = (error.hint ?? '').split('\n').slice(1);
      assert.deepEqual(lines.slice(0, 3), ['line 1', '...', 'line 482']);
      assert.equal(lines.at(-1), 'line 500');
      return true;
    });
  });

  it('fails a start where it cannot be run at all', async () => {
    const engine = localEngine({ tritonserver: '/no/such/tritonserver', flags: [], env: process.env });
    await assert.rejects(engine.start({ repository: '/nowhere', autoCompleteConfig: false }), /exit code 127/);
  });

  it('fails a start that never gets ready, and leaves nothing', async () => {
    using program = script('echo thinking\nsleep 60', { readyTimeoutMs: 100 });
    await assert.rejects(program.engine.start({ repository: '/nowhere', autoCompleteConfig: false }), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.message, 'tritonserver is not ready after 0.1 s');
      assert.equal(error.hint, 'what it logged:\nthinking');
      return true;
    });
    assert.deepEqual(await settled(() => leftoversOf(process.pid)), []);
  });

  it('is started again elsewhere where its ports were taken meanwhile, five times at most', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritune-attempts-'));
    using program = script(`echo x >> ${folder}/attempts\necho "Socket '127.0.0.1:1' already in use"\nexit 1`);
    await assert.rejects(program.engine.start({ repository: '/nowhere', autoCompleteConfig: false }), /exit code 1/);
    assert.equal(readFileSync(join(folder, 'attempts'), 'utf8'), 'x\n'.repeat(5));
    rmSync(folder, { recursive: true });
  });

  it('gets the address of each port, the repository and the further flags on its command line', async () => {
    using program = script('echo "$@"\nexit 1');
    const start = program.engine.start({
      repository: '/some/repository',
      autoCompleteConfig: true,
      flags: ['--log-verbose=1', 'a b'],
    });
    await assert.rejects(start, (error) => {
      assert(error instanceof Failure);
      assert.match(
        error.hint ?? '',
        /--model-repository=\/some\/repository --model-control-mode=explicit --http-address=127\.0\.0\.1/,
      );
      assert.match(error.hint ?? '', /--log-verbose=1 a b$/);
      assert.doesNotMatch(error.hint ?? '', /disable-auto-complete/);
      return true;
    });
  });
});

function makeEngine(): Engine {
  const installation = readInstallation(root);
  if ('missing' in installation) throw new Error(installation.missing);
  return installedEngine(installation.found, process.env);
}

async function killAndSettle(starter: ReturnType<typeof spawn>): Promise<void> {
  const pid = starter.pid ?? 0;
  starter.kill('SIGKILL');
  if (starter.exitCode === null && starter.signalCode === null) await once(starter, 'exit');
  const deadline = performance.now() + 5_000;
  while (leftoversOf(pid).length > 0 && performance.now() < deadline) await delay(20);
}

function script(body: string, limits: { readyTimeoutMs?: number } = {}): Disposable & { engine: Engine } {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-program-'));
  const path = join(folder, 'tritonserver');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return {
    engine: localEngine({ tritonserver: path, flags: [], env: process.env, ...limits }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
