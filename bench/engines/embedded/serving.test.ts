import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { KServeClient } from '../../kserve/client.ts';
import { irisModel, StagedRepository } from '../staged-repository.ts';
import { readFlags, splitFlags } from './flags.ts';
import { startServing } from './serving.ts';
import { Threads } from './threads.fixture.ts';

const anyPorts = ['--http-port=0', '--grpc-port=0', '--metrics-port=0', '--exit-timeout-secs=0'];
const explicit = ['--model-control-mode=explicit', '--disable-auto-complete-config'];

function serve(repository: StagedRepository, log: (line: string) => void, ...args: string[]) {
  return startServing(readFlags(splitFlags([`--model-repository=${repository.path}`, ...anyPorts, ...args]), '/'), log);
}

describe('serving', () => {
  it('loads every model at the start, or under explicit control those that are named', async () => {
    using repository = new StagedRepository();
    repository.addLikeCommitted('second');
    const loaded = async (...args: string[]): Promise<string[]> => {
      await using serving = await serve(repository, () => undefined, ...args);
      return [irisModel, 'second'].filter((name) => serving.core.modelReady(name));
    };
    assert.deepEqual(await loaded(), [irisModel, 'second']);
    assert.deepEqual(await loaded(...explicit), []);
    assert.deepEqual(await loaded(...explicit, '--load-model=second'), ['second']);
    assert.deepEqual(await loaded(...explicit, '--load-model=*'), [irisModel, 'second']);
  });

  it('listens only where it is allowed to', async () => {
    using repository = new StagedRepository();
    await using serving = await serve(
      repository,
      () => undefined,
      ...explicit,
      '--allow-grpc=false',
      '--allow-metrics=false',
    );
    assert(serving.http !== undefined);
    assert.deepEqual([serving.grpc, serving.metrics], [undefined, undefined]);
  });

  it('ends what it listens on at the same time, so that the time for it counts once', { timeout: 20_000 }, async () => {
    using repository = new StagedRepository();
    const serving = await serve(repository, () => undefined, ...explicit, '--exit-timeout-secs=60');
    const holders = await Promise.all(
      [serving.http, serving.metrics].map(async (listen) => {
        const socket = connect({ port: listen?.port ?? 0, host: '127.0.0.1', allowHalfOpen: true });
        await once(socket, 'connect');
        return socket.resume();
      }),
    );
    const ended = holders.map((socket) => once(socket, 'end'));
    const disposed = serving[Symbol.asyncDispose]();
    await Promise.all(ended);
    for (const socket of holders) socket.end();
    await disposed;
  });

  it('ends a start that is under way', async () => {
    using repository = new StagedRepository();
    await using threads = new Threads();
    repository.addLikeCommitted('large', { 'count: 1': 'count: 300' });
    const ending = new AbortController();
    const args = [`--model-repository=${repository.path}`, ...anyPorts];
    const starting = startServing(readFlags(splitFlags(args), '/'), () => undefined, ending.signal);
    while (threads.startedCount === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    ending.abort();
    await assert.rejects(starting, /failed to load all models/);
    assert(threads.startedCount < 100);
    assert.equal(threads.runningCount, 0);
  });

  it('logs each request where it is asked to, and flags that it does not heed', async () => {
    using repository = new StagedRepository();
    const lines: string[] = [];
    await using serving = await serve(
      repository,
      (line) => lines.push(line),
      ...explicit,
      '--log-verbose=1',
      '--http-thread-count=2',
    );
    const control = new KServeClient(`http://127.0.0.1:${serving.http?.port}`);
    await control.modelReady('no-such');
    assert(lines.includes('GET /v2/models/no-such/ready 400'));
    assert(lines.includes('--http-thread-count has no effect here'));
  });
});
