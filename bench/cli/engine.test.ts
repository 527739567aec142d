import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import type { EngineChoice } from '../plan/plan.ts';
import { chooseEngine, type EngineHost } from './engine.ts';
import { remoteChoice } from './remote-far-side.test-suite.ts';

const choice = (kind: EngineChoice['kind'], path: string | null = null): EngineChoice => ({
  kind,
  path,
  httpPort: null,
  grpcPort: null,
  flags: [],
  remote: null,
});

describe('the engine', () => {
  it('is a local one where auto finds it, and nobody need be told', async () => {
    using place = new Place({ tritonserver: 'exit 0' });
    const { engine, reason } = await chooseEngine(choice('auto'), place.host());
    assert.deepEqual([engine.kind, reason], ['local', undefined]);
  });

  it('is the embedded one where auto finds nothing else, and says why', async () => {
    using place = new Place({});
    const { engine, reason } = await chooseEngine(choice('auto'), place.host());
    assert.equal(engine.kind, 'embedded');
    assert.match(reason ?? '', /^on the embedded server, as a rehearsal: no tritonserver on PATH/);
  });

  it('is the embedded one where it is asked for, though there is a local one', async () => {
    using place = new Place({ tritonserver: 'exit 0' });
    const { engine, reason } = await chooseEngine(choice('embedded'), place.host());
    assert.deepEqual([engine.kind, reason], ['embedded', undefined]);
  });

  it('is for the user to choose where Docker could serve the compose file', async () => {
    using place = new Place({ docker: 'exit 0' }, ['compose.yaml']);
    await assert.rejects(chooseEngine(choice('auto'), place.host()), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /Docker answers and .*compose\.yaml is there/);
      assert.match(error.hint ?? '', /--engine embedded/);
      return true;
    });
  });

  it('is the embedded one with a compose file alone, with Docker alone, and with a daemon that does not answer', async () => {
    for (const [programs, files] of [
      [{}, ['docker-compose.yaml']],
      [{ docker: 'exit 0' }, []],
      [{ docker: 'exit 1' }, ['docker-compose.yml']],
      [{ docker: 'exec /bin/sleep 60' }, ['compose.yml']],
    ] as const) {
      using place = new Place(programs, files);
      assert.equal((await chooseEngine(choice('auto'), place.host())).engine.kind, 'embedded');
    }
  });

  it('is none where local is asked for, or a path, and is not there', async () => {
    using place = new Place({});
    for (const asked of [choice('local'), choice('auto', 'no/such/tritonserver'), choice('local', '/no/such')]) {
      await assert.rejects(chooseEngine(asked, place.host()), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.exitCode, 3);
        assert.match(error.hint ?? '', /triton:install[\s\S]*--engine embedded/);
        return true;
      });
    }
  });

  it('is a usage error where this version has it not', async () => {
    using place = new Place({});
    await assert.rejects(
      chooseEngine(choice('docker'), place.host()),
      (error) => error instanceof Failure && error.exitCode === 2,
    );
  });

  it('is the remote one where auto finds one named, before all else, and a usage error where remote names none', async () => {
    using place = new Place({ tritonserver: 'exit 0' });
    for (const kind of ['auto', 'remote'] as const) {
      const remote = remoteChoice({ http: '127.0.0.1:1' });
      const { engine, reason } = await chooseEngine({ ...choice(kind), remote }, place.host());
      assert.deepEqual([engine.kind, reason], ['remote', undefined]);
    }
    await assert.rejects(chooseEngine(choice('remote'), place.host()), (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 2);
      assert.match(error.hint ?? '', /--url HOST:8000/);
      return true;
    });
  });

  it('is not waited for once the user has had enough', async () => {
    using place = new Place({ docker: 'exec /bin/sleep 60' }, ['compose.yaml']);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(chooseEngine(choice('auto'), { ...place.host(), signal }), (error) => error === signal.reason);
  });
});

/** A folder that is project, current folder and PATH in one, with scripts for programs. */
class Place implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tritune-choice-'));

  constructor(programs: Readonly<Record<string, string>>, files: readonly string[] = []) {
    for (const [name, body] of Object.entries(programs)) {
      writeFileSync(join(this.#folder, name), `#!/bin/sh\n${body}\n`);
      chmodSync(join(this.#folder, name), 0o755);
    }
    for (const name of files) writeFileSync(join(this.#folder, name), 'services: {}\n');
  }

  host(): EngineHost {
    const folder = this.#folder;

    const env = { PATH: `${folder}:/nowhere`, HOME: folder };
    return { projectFolder: folder, cwd: folder, env, signal: new AbortController().signal };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
