import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execaSync } from 'execa';
import { Failure } from '../../failure.ts';
import { dockerTestImage as image, requires } from '../../testing/requires.ts';
import { StagedRepository } from '../staged-repository.ts';
import { containersOf, testEngine } from './fixtures/test-engine.ts';

describe('a Docker daemon that goes away', { ...requires('docker'), timeout: 120_000 }, () => {
  it('in the middle of a run ends it with the reason, and what is left goes when it is back', async () => {
    await using relay = await DaemonRelay.open();
    using repository = new StagedRepository();
    const env = { ...process.env, DOCKER_HOST: `unix://${relay.path}` };
    const engine = await testEngine({ image, env });
    const server = await engine.start({ repository: repository.path, autoCompleteConfig: false });
    const death = once(server.died, 'abort');
    await relay.cut();
    await death;
    assert(server.died.reason instanceof Failure);
    assert.equal(server.died.reason.code, 'docker-gone');
    assert.equal(server.died.reason.exitCode, 3);
    assert.match(server.died.reason.message, /the Docker daemon went away/);
    assert.match(server.died.reason.hint ?? '', /start it again/);
    assert.doesNotMatch(server.died.reason.message, /\n/);
    await server.stop();
    // Nobody can be asked to remove it, but its process is one of this host.
    if (server.pid !== undefined) assert.match((await stateOf(process.pid, /exited/)).join(), /exited/);
    await assert.rejects(
      engine.start({ repository: repository.path, autoCompleteConfig: false }),
      /daemon does not answer/,
    );
    await relay.restore();
    assert.deepEqual(await stateOf(process.pid, /^$/), []);
  });

  it('without a word, and hangs, holds up nobody who wants to go, and what is left goes when it answers', async () => {
    await using relay = await DaemonRelay.open();
    using repository = new StagedRepository();
    const env = { ...process.env, DOCKER_HOST: `unix://${relay.path}` };
    const caller = new AbortController();
    const engine = await testEngine({ image, env });
    const options = { repository: repository.path, autoCompleteConfig: false, signal: caller.signal };
    const server = await engine.start(options);
    relay.stall();
    const start = engine.start(options);
    await delay(200);
    const startMs = performance.now();
    caller.abort(new Failure('interrupted', 'interrupted', 'interrupted'));
    await server.stop();
    await assert.rejects(start, /interrupted/);
    // 5 s are promised for Ctrl-C; a busy host may add as much.
    assert(performance.now() - startMs < 10_000);
    relay.resume();
    assert.deepEqual(await stateOf(process.pid, /^$/), []);
  });

  it('before a start is told at once', async () => {
    const relay = await DaemonRelay.open();
    await relay[Symbol.asyncDispose]();
    const env = { ...process.env, DOCKER_HOST: `unix://${relay.path}` };
    await assert.rejects(testEngine({ image, env }), /the Docker daemon does not answer/);
  });
});

/** The containers of a process once their states look like that, or after 20 s. */
async function stateOf(pid: number, pattern: RegExp): Promise<string[]> {
  const deadline = performance.now() + 20_000;
  while (!pattern.test(containersOf(pid).join()) && performance.now() < deadline) await delay(100);
  return containersOf(pid);
}

/** A socket beside the daemon's own, which can be cut as if the daemon were gone. */
class DaemonRelay implements AsyncDisposable {
  readonly path: string;
  readonly #folder: string;
  readonly #target: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #isStalled = false;

  static async open(): Promise<DaemonRelay> {
    const endpoint = execaSync('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}']).stdout;
    const relay = new DaemonRelay(endpoint.replace(/^unix:\/\//, ''));
    await relay.restore();
    return relay;
  }

  private constructor(target: string) {
    this.#target = target;
    this.#folder = mkdtempSync(join(tmpdir(), 'tritune-relay-'));
    this.path = join(this.#folder, 'docker.sock');
  }

  async restore(): Promise<void> {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#relay(socket)).listen(this.path);
    await once(this.#server, 'listening');
  }

  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  /** Takes what comes, and passes on nothing. */
  stall(): void {
    this.#isStalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  resume(): void {
    this.#isStalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
    rmSync(this.#folder, { recursive: true });
  }

  #relay(socket: Socket): void {
    const upstream = connect({ path: this.#target, allowHalfOpen: true });
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(from);
      from.on('close', () => this.#sockets.delete(from));
      from.on('error', () => to.destroy());
      from.pipe(to);
      if (this.#isStalled) from.pause();
    }
  }
}
