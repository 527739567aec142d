import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { execa } from 'execa';
import { Failure } from '../../failure.ts';
import { dockerTestImage as image, requires } from '../../testing/requires.ts';
import { engineContract } from '../contract.test-suite.ts';
import { settled } from '../contract-lifetime.ts';
import type { Engine, Server } from '../engine.ts';
import { flowers, labelsOf } from '../iris-requests.ts';
import { irisModel, StagedRepository } from '../staged-repository.ts';
import { containersOf, testEngine } from './fixtures/test-engine.ts';

const needsDocker = requires('docker');
const found = needsDocker.skip === undefined ? await testEngine({ image }) : undefined;

engineContract('docker', { ...needsDocker, makeEngine, leftovers: () => containersOf(process.pid) });

describe('a container of a run', needsDocker, () => {
  it('serves from a folder of any name, which it cannot write to, and on loopback alone', async () => {
    using repository = new StagedRepository();
    const folder = mkdtempSync(join(tmpdir(), 'tritune-odd-'));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: no template, but what compose would take for a variable
    const odd = join(folder, 'a b: $HOME ${X:-y} "q" \'s\' #c {x} - \n\u2028\u0085\u00e9\u{1f600}, z');
    mkdirSync(odd);
    cpSync(repository.path, odd, { recursive: true });
    await using server = await makeEngine().start({ repository: odd, autoCompleteConfig: false });
    await server.control.load(irisModel);
    assert.deepEqual(await labelsOf(server, flowers), [0n, 1n, 2n]);
    const [mount, ...others] = (await inspect(server)).Mounts;
    assert.deepEqual([mount?.Source, mount?.Destination, mount?.RW, others], [odd, '/models', false, []]);
    for (const { port } of [server.httpAddress, server.grpcAddress, server.metricsAddress].flatMap(
      (each) => each ?? [],
    )) {
      // gRPC writes it as a version 6 address.
      for (const address of listeningAddresses(port)) assert.match(address, /^(0{16}FFFF0000)?0100007F$/);
      assert.equal(listeningAddresses(port).length, 1);
    }
    rmSync(folder, { recursive: true });
  });

  it('is of the image by its id, never begins again, and is found by no label of the service', async () => {
    using place = new ComposePlace(
      {
        image,
        network_mode: 'host',
        container_name: 'theirs',
        restart: 'always',
        labels: { 'traefik.enable': 'true' },
        environment: { WORDS: 'a\'b"c: $$x' },
        command: [
          'tritonserver',
          '--model-repository=/data',
          '--log-verbose=1',
          '--http-thread-count',
          '3',
          '--load-model=nope',
        ],
        volumes: ['mine:/mine'],
      },
      { volumes: { mine: { name: 'tritune-test-theirs' } } },
    );
    using repository = new StagedRepository();
    await using server = await (await testEngine({ folder: place.folder })).start({
      ...complete(repository),
      flags: ['--http-thread-count=2'],
    });
    const { Name, Config, HostConfig, Mounts } = await inspect(server);
    assert.match(Name, /^\/tritune-\d+-[0-9a-f]{12}$/);
    assert.match(Config.Image, /^sha256:[0-9a-f]{64}$/);
    assert.equal(HostConfig.RestartPolicy.Name, 'no');
    assert.deepEqual(
      Object.keys(Config.Labels).filter((label) => !label.startsWith('com.docker.compose.')),
      ['tritune.starter'],
    );
    assert(Config.Env.includes('WORDS=a\'b"c: $x'));
    assert.deepEqual(Config.Cmd.slice(0, 3), ['tritonserver', '--log-verbose=1', '--model-repository=/data']);
    assert.equal(Config.Cmd.filter((word) => word.startsWith('--http-thread-count')).join(), '--http-thread-count=2');
    assert.deepEqual(Mounts.map(({ Destination }) => Destination).sort(), ['/data', '/mine']);
    // A volume that the file calls by a name of its own holds what is the user's.
    assert.notEqual(Mounts.find(({ Destination }) => Destination === '/mine')?.Name, 'tritune-test-theirs');
    await server.stop();
    const { stdout } = await execa('docker', ['volume', 'ls', '--quiet']);
    assert.doesNotMatch(stdout, /tritune/);
  });

  it('keeps to the processors that it is given, and says so where there are none such', async () => {
    using repository = new StagedRepository();
    await using server = await (await testEngine({ image, cpuset: '0' })).start(complete(repository));
    assert.equal((await inspect(server)).HostConfig.CpusetCpus, '0');
    const start = (await testEngine({ image, cpuset: '4000' })).start(complete(repository));
    await assert.rejects(start, (error) => {
      assert(error instanceof Failure);
      assert.equal(error.exitCode, 3);
      assert.match(error.message, /4000/);
      return true;
    });
    await server.stop();
    assert.deepEqual(await settled(() => containersOf(process.pid)), []);
  });

  it('that never gets ready is given up with what it said, and ended though it hears no signal but SIGKILL', async () => {
    const script = 'trap "" TERM; echo thinking; while :; do sleep 1; done';
    using place = new ComposePlace({ image, entrypoint: ['sh', '-c', script] });
    using repository = new StagedRepository();
    const engine = await testEngine({ folder: place.folder, readyTimeoutMs: 300 });
    await assert.rejects(engine.start(complete(repository)), (error) => {
      assert(error instanceof Failure);
      assert.deepEqual([error.exitCode, error.message], [3, 'the container of Triton is not ready after 0.3 s']);
      assert.equal(error.hint, 'what it logged:\nthinking');
      return true;
    });
    assert.deepEqual(await settled(() => containersOf(process.pid)), []);
  });

  it('is told from one that ended when it is killed or removed from outside', async () => {
    using repository = new StagedRepository();
    for (const [words, how] of [
      [['kill'], /SIGKILL/],
      [['rm', '--force'], /SIGKILL|it was removed/],
    ] as const) {
      await using server = await makeEngine().start(complete(repository));
      const death = once(server.died, 'abort');
      await execa('docker', [...words, nameOf(server)]);
      await death;
      assert(server.died.reason instanceof Failure);
      assert.match(server.died.reason.message, how);
    }
    assert.deepEqual(await settled(() => containersOf(process.pid)), []);
  });
});

function makeEngine(): Engine {
  if (found === undefined) throw new Error(needsDocker.skip);
  return found;
}

function complete(repository: StagedRepository): { repository: string; autoCompleteConfig: boolean } {
  return { repository: repository.path, autoCompleteConfig: false };
}

type Inspected = {
  Name: string;
  Config: { Image: string; Labels: Record<string, string>; Env: string[]; Cmd: string[] };
  HostConfig: { RestartPolicy: { Name: string }; CpusetCpus: string };
  Mounts: { Source: string; Destination: string; RW: boolean; Name?: string }[];
};

async function inspect(server: Server): Promise<Inspected> {
  const { stdout } = await execa('docker', ['inspect', nameOf(server)]);
  const [inspected] = JSON.parse(stdout) as Inspected[];
  assert(inspected !== undefined);
  return inspected;
}

function nameOf({ command }: Server): string {
  const [name] = /tritune-\d+-[0-9a-f]{12}/.exec(command.join(' ')) ?? [];
  assert(name !== undefined);
  return name;
}

/** Local addresses, in the kernel's own form, on which something listens at a port. */
function listeningAddresses(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].flatMap((kind) =>
    readFileSync(`/proc/net/${kind}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(`:${hex}`) && state === '0A')
      .map(([, local = '']) => local.split(':')[0] ?? ''),
  );
}

/** A folder with a compose file of one service. */
class ComposePlace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tritune-compose-'));

  constructor(triton: object, more: object = {}) {
    writeFileSync(join(this.folder, 'compose.yaml'), JSON.stringify({ services: { triton }, ...more }));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
