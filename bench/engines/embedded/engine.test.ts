import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { engineContract } from '../contract.test-suite.ts';
import { leftoversOf } from '../local/leftovers.ts';
import { irisModel, StagedRepository } from '../staged-repository.ts';
import { embeddedEngine } from './engine.ts';

const holdServer = fileURLToPath(new URL('fixtures/hold-server.ts', import.meta.url));

engineContract('embedded', {
  makeEngine: () => embeddedEngine(process.env),
  leftovers: () => leftoversOf(process.pid),
});

describe('an embedded server', () => {
  it('is gone within 5 s where its starter is killed with SIGKILL, serving or still starting', async () => {
    using repository = new StagedRepository();
    for (const phase of ['serving', 'starting']) {
      const starter = spawn(process.execPath, [holdServer, repository.path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const pid = starter.pid ?? 0;
      if (phase === 'serving') await once(starter.stdout, 'data');
      else while (leftoversOf(pid).length === 0) await delay(2);
      assert.notDeepEqual(leftoversOf(pid), []);
      starter.kill('SIGKILL');
      const deadline = performance.now() + 5_000;
      while (leftoversOf(pid).length > 0 && performance.now() < deadline) await delay(20);
      assert.deepEqual(leftoversOf(pid), [], phase);
    }
  });

  it('writes nothing into the home folder or beside other temporary files, and so tells nobody of its use', async () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'tritune-home-'));
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    using repository = new StagedRepository();
    await using server = await embeddedEngine({ ...env, HOME: folder.path, TMPDIR: folder.path }).start({
      repository: repository.path,
      autoCompleteConfig: false,
    });
    await server.control.load(irisModel);
    await server[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it('says that its numbers do not carry over', async () => {
    using repository = new StagedRepository();
    await using server = await embeddedEngine(process.env).start({
      repository: repository.path,
      autoCompleteConfig: false,
    });
    assert.equal(server.identity.transferable, false);
    assert.equal(server.identity.kind, 'embedded');
  });
});
