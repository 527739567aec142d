import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { engineOfKind } from '../plan/engine-choice.ts';
import type { EngineChoice } from '../plan/plan.ts';
import { chooseEngine, type EngineHost } from './engine.ts';
import { remoteChoice } from './remote-far-side.test-suite.ts';

const choice = (kind: EngineChoice['kind'], path: string | null = null): EngineChoice => engineOfKind(kind, { path });

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

  it('is the Triton of a compose file where Docker has its image, and says so', async () => {
    using place = new Place({ docker: dockerWith(present) }, ['compose.yaml']);
    const { engine, reason } = await chooseEngine(choice('auto'), place.host());
    assert.equal(engine.kind, 'docker');
    assert.match(reason ?? '', /^by Docker, x\/tritonserver:1 of \S+compose\.yaml: no tritonserver on PATH/);
  });

  it('is none where Docker lacks the image of the compose file: it is fetched by nobody unasked', async () => {
    using place = new Place({ docker: dockerWith('echo "Error: No such image: x" >&2; exit 1') }, ['compose.yaml']);
    for (const kind of ['auto', 'docker'] as const) {
      await assert.rejects(chooseEngine(choice(kind), place.host()), (error) => {
        assert(error instanceof Failure);
        assert.deepEqual([error.exitCode, error.code], [3, 'no-image']);
        assert.match(error.message, /x\/tritonserver:1 is not on this host \(service triton of \S+compose\.yaml\)/);
        assert.match(error.hint ?? '', /docker pull x\/tritonserver:1[\s\S]*sweep --pull[\s\S]*--engine embedded/);
        return true;
      });
    }
    assert.equal(place.wasAsked(/pull/), false);
  });

  it('fetches the image with consent, and tells what Docker says of that', async () => {
    const fetched = `[ -e "$HOME/fetched" ] || { echo "No such image" >&2; exit 1; }; ${present}`;
    using place = new Place(
      { docker: dockerWith(fetched, 'echo "a1: Pull complete"; touch() { : > "$1"; }; touch "$HOME/fetched"') },
      ['compose.yaml'],
    );
    const told: string[] = [];
    const { engine } = await chooseEngine(choice('docker'), place.host(), { pull: (line) => told.push(line) });
    assert.equal(engine.kind, 'docker');
    assert.deepEqual(told.slice(1), ['a1: Pull complete']);
    assert.match(told[0] ?? '', /^fetching x\/tritonserver:1 \(.*GB/);
    assert.equal(place.wasAsked(/^pull x\/tritonserver:1$/m), true);
  });

  it('says why an image cannot be fetched', async () => {
    const pull = 'echo "Error response from daemon: manifest unknown" >&2; exit 1';
    using place = new Place({ docker: dockerWith('echo "No such image" >&2; exit 1', pull) }, ['compose.yaml']);
    await assert.rejects(chooseEngine(choice('docker'), place.host(), { pull: () => undefined }), (error) => {
      assert(error instanceof Failure);
      assert.deepEqual([error.exitCode, error.code], [3, 'pull']);
      assert.match(error.message, /x\/tritonserver:1 cannot be fetched: Error response from daemon: manifest unknown/);
      return true;
    });
  });

  it('is a local one though Docker could serve too, and Docker is not even asked', async () => {
    using place = new Place({ tritonserver: 'exit 0', docker: dockerWith(present) }, ['compose.yaml']);
    assert.equal((await chooseEngine(choice('auto'), place.host())).engine.kind, 'local');
    assert.equal(place.wasAsked(/./), false);
  });

  it("is the embedded one where the compose file is another application's, or broken, or the daemon another host's", async () => {
    const config = (json: string) => dockerWith(present).replace(/echo '\{.*\}'/, json);
    for (const [docker, reason] of [
      [
        config(`echo '{"services":{"web":{"image":"nginx"},"db":{"image":"postgres"}}}'`),
        /compose\.yaml has no service triton/,
      ],
      [config('echo "variable DB is required" >&2; exit 1'), /cannot be used: variable DB is required/],
      [
        dockerWith(present).replace('unix:///x', 'ssh://root:secret@far.example.com'),
        /on another host \(ssh:\/\/far\.example\.com\)$/,
      ],
    ] as const) {
      using place = new Place({ docker }, ['compose.yaml']);
      const chosen = await chooseEngine(choice('auto'), place.host());
      assert.equal(chosen.engine.kind, 'embedded');
      assert.match(chosen.reason ?? '', reason);
      assert.doesNotMatch(chosen.reason ?? '', /secret/);
    }
  });

  it('is none where docker is asked for and cannot serve, with the reason', async () => {
    for (const [programs, files, message] of [
      [{ docker: 'exit 0' }, [], /there is no compose file in/],
      [{}, ['compose.yaml'], /there is no docker program on PATH/],
      [
        { docker: 'echo "Cannot connect to the Docker daemon at unix:///x. Is it running?" >&2; exit 1' },
        ['compose.yaml'],
        /the Docker daemon does not answer/,
      ],
      [
        { docker: 'echo "permission denied while trying to connect to the Docker daemon socket" >&2; exit 1' },
        ['compose.yaml'],
        /may not talk to the Docker daemon/,
      ],
    ] as const) {
      using place = new Place(programs, files);
      await assert.rejects(chooseEngine(choice('docker'), place.host()), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.exitCode, 3);
        assert.match(error.message, message);
        assert.match(error.hint ?? '', /--engine local .*--engine embedded/);
        return true;
      });
    }
  });

  it('is a usage error where the compose file that the plan names is not there, or its variables make no image', async () => {
    using place = new Place({ docker: dockerWith(present).replace('x/tritonserver:1', 'x --privileged') }, [
      'compose.yaml',
    ]);
    const docker = { image: null, composeFile: '/no/such.yaml', service: null, cpuset: null };
    for (const [asked, message] of [
      [{ ...choice('docker'), docker }, /there is no compose file \/no\/such\.yaml/],
      [choice('docker'), /"x --privileged" names no image/],
      [
        { ...choice('docker'), docker: { ...docker, composeFile: null, service: 'gpu' } },
        /compose\.yaml has no service gpu/,
      ],
    ] as const) {
      await assert.rejects(chooseEngine(asked, place.host()), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.exitCode, 2);
        assert.match(error.message, message);
        return true;
      });
    }
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
      chooseEngine(choice('remote'), place.host()),
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

const present = `echo '{"Id":"sha256:1","Config":{"Entrypoint":null}}'`;

/** A docker program with a daemon and a compose file; what it does when asked for the image, and when told to fetch it. */
function dockerWith(image: string, pull = 'exit 1'): string {
  return `echo "$*" >> "$HOME/asked"
case "$*" in
  context*) echo unix:///x ;;
  info*) echo 29.0.0; echo linux; echo Debian; echo '[]' ;;
  compose*config*) echo '{"services":{"triton":{"image":"x/tritonserver:1"}}}' ;;
  image*) ${image} ;;
  pull*) ${pull} ;;
esac`;
}

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

  /** Whether its docker program was asked for something of that form. */
  wasAsked(pattern: RegExp): boolean {
    const file = join(this.#folder, 'asked');
    return existsSync(file) && pattern.test(readFileSync(file, 'utf8'));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
