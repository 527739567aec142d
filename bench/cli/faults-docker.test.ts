import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execaSync } from 'execa';
import { FaultProxy } from '../testing/fault-proxy.ts';
import { dockerTestImage as image, requires } from '../testing/requires.ts';
import { describeKilled, type Served } from './faults-killed.test-suite.ts';
import { assertMessage, type Command, Workplace } from './workplace.fixture.ts';

const engine = { kind: 'docker', image };
const needsDocker = requires('docker');

describe('a sweep by Docker that is ended at any moment, and gone on with', () => {
  describeKilled({ name: 'docker', ...needsDocker, begin: async () => containers(), leftovers: containersOf });
});

describe('a sweep whose container hangs', { ...needsDocker, timeout: 120_000 }, () => {
  it('is ended by Ctrl-C within 5 s all the same, and leaves nothing', async () => {
    using place = new Workplace();
    const command = place.start('sweep', place.plan({ engine, blocks: 9 }));
    await command.said(/block 1\//);
    execaSync('docker', ['pause', await runningOf(command)]);
    await delay(500);
    const { code, stderr, tookMs } = await command.end('SIGINT');
    assert.equal(code, 130, stderr);
    assertMessage(stderr, /^tritune: interrupted$/, /--resume/);
    // A busy host may add as much as is promised.
    assert(tookMs < 10_000, `${tookMs} ms`);
    for (let look = 0; look < 100 && containersOf(command.pid).length > 0; look += 1) await delay(50);
    assert.deepEqual(containersOf(command.pid), []);
  });
});

describe('a sweep whose Docker daemon goes away', { ...needsDocker, timeout: 300_000 }, () => {
  it('ends with 3 and says so; the run goes on once it is back, and nothing is left', async () => {
    using place = new Workplace();
    const endpoint = execaSync('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']).stdout;
    await using daemon = await FaultProxy.before(endpoint.replace(/^unix:\/\//, ''));
    const command = withDaemon(`tcp://127.0.0.1:${daemon.port}`, () =>
      place.start('sweep', place.plan({ engine }), '--out', 'run'),
    );
    await command.said(/block 1\//);
    await runningOf(command);
    daemon.failAfter(0, 'reset');
    const { code, stdout, stderr } = await command.ended;
    assert.deepEqual([code, stdout], [3, ''], stderr);
    assertMessage(stderr, /^tritune: .*Docker daemon/, /--resume/);
    daemon.mend();
    const resumed = await place.run('sweep', '--resume', 'run');
    assert([0, 4].includes(resumed.code ?? -1), resumed.stderr);
    assert.deepEqual([containersOf(command.pid), containersOf(resumed.pid)], [[], []]);
  });
});

/** Commands take the environment of this process as it is when they are started. */
function withDaemon<T>(host: string, start: () => T): T {
  const before = process.env.DOCKER_HOST;
  process.env.DOCKER_HOST = host;
  try {
    return start();
  } finally {
    if (before === undefined) delete process.env.DOCKER_HOST;
    else process.env.DOCKER_HOST = before;
  }
}

function containers(): Served {
  return { engine, unchanged: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
}

/** Its container, once it runs: a block begins with a new one. */
async function runningOf({ pid, child, stderr }: Command): Promise<string> {
  for (;;) {
    const { stdout } = execaSync('docker', ['ps', '--format', '{{.Names}}']);
    const name = stdout.split('\n').find((each) => each.startsWith(`tritune-${pid}-`));
    if (name !== undefined) return name;
    assert.equal(child.exitCode, null, stderr);
    await delay(50);
  }
}

function containersOf(pid: number): string[] {
  const { stdout } = execaSync('docker', ['ps', '--all', '--format', '{{.Names}}']);
  return stdout.split('\n').filter((name) => name.startsWith(`tritune-${pid}-`));
}
