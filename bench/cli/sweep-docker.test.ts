import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execaSync } from 'execa';
import { seededRandom } from '../random.ts';
import { isLong } from '../testing/long.ts';
import { dockerTestImage as image, requires } from '../testing/requires.ts';
import { assertMessage, measuring, readLines, Workplace } from './workplace.fixture.ts';

const engine = { kind: 'docker', image };
const limits = { ...requires('docker'), timeout: 300_000 };

describe('a sweep with the docker engine', limits, () => {
  it('ends with results that say what served, by servers with and without the flags of a variant, and leaves no container', () =>
    measuring(async (place) => {
      const threads = { id: 'threads-3', settings: { 'server.http-thread-count': 3 } };
      const { code, stderr, pid } = await place.run('sweep', place.plan({ engine, variants: [threads] }));
      assert.equal(code, 0, stderr);
      const { engine: served, run } = place.results();
      assert.deepEqual([served.kind, served.transferable, run.complete], ['docker', false, true]);
      assert.match(served.version, /^\d+\.\d+\.\d+$/);
      assert.match(
        served.command.join(' '),
        /up triton tritune-test \(sha256:[0-9a-f]{64}\) tritonserver --model-repository/,
      );
      const servers = readLines(place.runFolder()).flatMap((line) => (line.kind === 'server' ? [line] : []));
      assert.deepEqual(
        servers.map(({ block }) => block),
        [1, 1, 2, 2],
      );
      assert.equal(new Set(servers.map((server) => server.pid)).size, 4);
      assert.equal(servers.filter(({ command }) => command.includes('--http-thread-count=3')).length, 2);
      assert.deepEqual(containersOf(pid), []);
    }));

  it('is interrupted within 5 s and leaves nothing', async () => {
    using place = new Workplace();
    const command = place.start('sweep', place.plan({ engine }));
    await command.said(/block 1\/2/);
    const { code, stderr, tookMs } = await command.end('SIGINT');
    assert.equal(code, 130);
    assertMessage(stderr, /^tritune: interrupted$/, /--resume/);
    assert(tookMs < 5_000);
    assert.deepEqual(containersOf(command.pid), []);
  });

  it('is interrupted while its container is on its way', async () => {
    using place = new Workplace();
    const command = place.start('sweep', place.plan({ engine }));
    await command.said(/starting the server/);
    const { code } = await command.end('SIGINT');
    assert.equal(code, 130);
    await untilNone(command.pid);
    assert.equal(existsSync(place.reports), false);
  });

  it('says that its container was killed in the middle of a slice, and exits with 3', () =>
    measuring(async (place) => {
      const command = place.start('sweep', place.plan({ engine }));
      await command.said(/block 2\/2/);
      await delay(300);
      const [name = ''] = containersOf(command.pid);
      execaSync('docker', ['kill', name]);
      const { code, stdout, stderr } = await command.ended;
      assert.deepEqual([code, stdout], [3, ''], stderr);
      assertMessage(
        stderr,
        /^tritune: the container of Triton ended by itself \(signal SIGKILL\)$/,
        /the report of the complete block is/,
      );
      assert.deepEqual(containersOf(command.pid), []);
    }));

  it('goes on after SIGKILL at any moment, each block complete once and no container left', () =>
    measuring(async (place) => {
      const random = seededRandom(5);
      const folder = join(place.folder, 'run');
      let words = ['sweep', place.plan({ engine }), '--out', 'run'];
      for (let kill = 0; kill < killCount; kill += 1) {
        const command = place.start(...words);
        await command.said(/block \d\/2/);
        await delay(random.next() * 1_500);
        await command.end('SIGKILL');
        await untilNone(command.pid);
        words = ['sweep', '--resume', folder];
      }
      const { code, stderr } = await place.run(...words);
      assert.equal(code, 0, stderr);
      const { run, verdict, blocks } = place.results(folder);
      assert.deepEqual([run.complete, verdict.blocks, blocks.map(({ block }) => block)], [true, 2, [1, 2]]);
      const complete = readLines(folder).filter((line) => line.kind === 'block' && line.status === 'complete');
      assert.equal(complete.length, 2);
    }));
});

describe('a sweep with the docker engine that cannot start', limits, () => {
  it('names the image that is missing, and how to get it', async () => {
    using place = new Workplace();
    const plan = place.plan({ engine: { kind: 'docker', image: 'localhost:1/no/such:1' } });
    const { code, stderr } = await place.run('sweep', plan);
    assert.equal(code, 3);
    assertMessage(
      stderr,
      /^tritune: the image localhost:1\/no\/such:1 is not on this host \(service triton of \S+\)$/,
      /docker pull localhost:1\/no\/such:1 \(.*GB\)/,
    );
    assert.equal(existsSync(place.reports), false);
    const pulled = await place.run('sweep', plan, '--pull');
    assert.equal(pulled.code, 3);
    assertMessage(pulled.stderr, /^tritune: the image localhost:1\/no\/such:1 cannot be fetched: /, /docker login/);
    assert.match(pulled.stderr, /^fetching localhost:1\/no\/such:1/m);
  });

  it('names the port that is taken', async () => {
    using place = new Workplace();
    await using holder = createServer().listen({ port: 0, host: '127.0.0.1' });
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { code, stderr, pid } = await place.run('sweep', place.plan({ engine: { ...engine, httpPort: port } }));
    assert.equal(code, 3);
    assertMessage(
      stderr,
      new RegExp(`^tritune: http port ${port} on 127\\.0\\.0\\.1 is already in use$`),
      /give another port/,
    );
    assert.deepEqual(containersOf(pid), []);
  });

  it('shows what is wrong with a compose file, and with a command that is no Triton', async () => {
    using place = new Workplace();
    place.file('compose.yaml', 'services: { triton: { imag: x } }');
    const broken = await place.run('sweep', place.plan({ engine: { kind: 'docker', composeFile: 'compose.yaml' } }));
    assert.equal(broken.code, 2);
    assertMessage(
      broken.stderr,
      /^tritune: \S+compose\.yaml cannot be used: .*imag/,
      /docker compose --file \S+ config says more/,
    );
    place.file(
      'compose.yaml',
      JSON.stringify({ services: { triton: { image, entrypoint: ['sh', '-c', 'echo no >&2; exit 4'] } } }),
    );
    const ended = await place.run('sweep', place.plan({ engine: { kind: 'docker', composeFile: 'compose.yaml' } }));
    assert.equal(ended.code, 3);
    assertMessage(
      ended.stderr,
      /^tritune: the container of Triton ended by itself \(exit code 4\)$/,
      /what it logged:\n {2}no/,
    );
    assert.deepEqual(containersOf(ended.pid), []);
  });
});

/** Two for each test run, more where the repeated checks run in full. */
const killCount = isLong ? 30 : 2;

function containersOf(pid: number): string[] {
  const { stdout } = execaSync('docker', ['ps', '--all', '--format', '{{.Names}}']);
  return stdout.split('\n').filter((name) => name.startsWith(`tritune-${pid}-`));
}

async function untilNone(pid: number): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (containersOf(pid).length > 0 && performance.now() < deadline) await delay(50);
  assert.deepEqual(containersOf(pid), []);
}
