import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { dockerTestImage as image, requires } from '../../testing/requires.ts';
import { StagedRepository } from '../staged-repository.ts';
import { dockerCli } from './docker-cli.ts';
import { containersOf, testEngine } from './fixtures/test-engine.ts';
import { abandonedContainers } from './leftovers.ts';
import { starterLabel, starterText, thisStarter } from './starter.ts';

const holdServer = fileURLToPath(new URL('fixtures/hold-server.ts', import.meta.url));
const theirs = `theirs-${process.pid}`;

describe('containers whose starter is killed with SIGKILL', { ...requires('docker'), timeout: 300_000 }, () => {
  let repository: StagedRepository;
  let idBefore: string;
  // Containers of the user's: one as compose would make it of the same file, one that only looks like a run's.
  before(async () => {
    repository = new StagedRepository();
    const sleeper = ['run', '--detach', '--network', 'host', '--label', 'com.docker.compose.project=tritune'];
    await execa('docker', [...sleeper, '--name', theirs, image, 'sleep', '600']);
    const odd = ['run', '--detach', '--network', 'host', '--label', `${starterLabel}=mine`];
    await execa('docker', [...odd, '--name', `tritune-${theirs}`, image, 'sleep', '600']);
    idBefore = await theirContainers();
  });
  after(async () => {
    assert.equal(await theirContainers(), idBefore);
    await execa('docker', ['rm', '--force', theirs, `tritune-${theirs}`]);
    repository[Symbol.dispose]();
  });

  it('are taken away at once', async () => {
    const starter = hold();
    while (!/\d+/.test(starter.said())) await running(starter.child);
    assert.equal(containersOf(starter.pid).length, 1);
    await kill(starter.child);
    await untilNone(starter.pid);
  });

  it('are taken away where they were only on their way', async () => {
    for (const afterMs of [100, 300, 700]) {
      const starter = hold();
      while (!starter.said().includes('starting')) await running(starter.child);
      await delay(afterMs);
      await kill(starter.child);
      await delay(500);
      await untilNone(starter.pid);
    }
  });

  it('are taken away by the next run where the watcher was killed too, and no others', async () => {
    const starter = hold();
    while (!/\d+/.test(starter.said())) await running(starter.child);
    for (const pid of watchersOf(starter.pid)) process.kill(pid, 'SIGKILL');
    await kill(starter.child);
    await delay(500);
    assert.equal(containersOf(starter.pid).length, 1);
    await using server = await (await testEngine({ image })).start({
      repository: repository.path,
      autoCompleteConfig: false,
    });
    assert.deepEqual(containersOf(starter.pid), []);
    assert.equal(containersOf(process.pid).length, 1);
    await server.stop();
  });

  it('are told from those of a starter that lives, or of one that cannot be seen', async () => {
    const docker = dockerCli(process.env);
    const starters = [
      thisStarter(),
      { ...thisStarter(), host: 'another-host', ticks: '1' },
      { ...thisStarter(), space: 'pid:[1]', ticks: '1' },
      { ...thisStarter(), ticks: '1' },
      { ...thisStarter(), boot: 'an earlier one' },
    ];
    const names = starters.map((_, index) => `tritune-${process.pid}-00000000000${index}`);
    for (const [index, name] of names.entries()) {
      const label = `${starterLabel}=${starterText(starters[index] ?? thisStarter())}`;
      await execa('docker', ['create', '--name', name, '--label', label, image, 'sleep', '1']);
    }
    assert.deepEqual((await abandonedContainers(docker)).toSorted(), names.slice(3));
    await execa('docker', ['rm', '--force', ...names]);
  });

  function hold(): { child: ChildProcess; pid: number; said: () => string } {
    const child = spawn(process.execPath, [holdServer, repository.path, image], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (data) => {
      said += data;
    });
    return { child, pid: child.pid ?? 0, said: () => said };
  }
});

async function running(child: ChildProcess): Promise<void> {
  assert.equal(child.exitCode, null);
  await delay(10);
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function untilNone(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (containersOf(pid).length > 0 && performance.now() < deadline) await delay(50);
  assert.deepEqual(containersOf(pid), []);
}

function watchersOf(starter: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(`watch tritune-${starter}-`))
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function theirContainers(): Promise<string> {
  const { stdout } = await execa('docker', [
    'inspect',
    '--format',
    '{{.Id}} {{.State.Status}} {{.State.StartedAt}}',
    theirs,
    `tritune-${theirs}`,
  ]);
  return stdout;
}
