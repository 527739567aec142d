import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { ContractOptions } from './contract.test-suite.ts';
import type { StartOptions } from './engine.ts';
import { flowers, labelsOf } from './iris-requests.ts';
import { irisModel, StagedRepository } from './staged-repository.ts';

/** That servers end, and what is left of them. */
export function describeLifetime({ makeEngine, leftovers }: ContractOptions): void {
  describe('the life of a server', () => {
    it('does not touch that of another beside it', async () => {
      using repository = new StagedRepository();
      await using first = await makeEngine().start(complete(repository));
      await using second = await makeEngine().start(complete(repository));
      assert.notEqual(first.httpAddress.port, second.httpAddress.port);
      await Promise.all([first.control.load(irisModel), second.control.load(irisModel)]);
      await first.stop();
      assert.deepEqual(await labelsOf(second, flowers), [0n, 1n, 2n]);
    });

    it('ends with nothing left, however often it is stopped', async () => {
      using repository = new StagedRepository();
      const server = await makeEngine().start(complete(repository));
      await server.control.load(irisModel);
      assert.deepEqual(await labelsOf(server, flowers), [0n, 1n, 2n]);
      await Promise.all([server.stop(), server.stop()]);
      await server.stop();
      assert.equal(server.died.aborted, false);
      await assert.rejects(server.control.serverMetadata(), Failure);
      for (const address of [server.httpAddress, server.grpcAddress, server.metricsAddress]) {
        if (address !== undefined) await assertFree(address.port);
      }
      assert.deepEqual(await settled(leftovers), []);
    });

    it('is noticed when it ends by itself, by calls under way too', async (context) => {
      using repository = new StagedRepository();
      await using server = await makeEngine().start(complete(repository));
      if (server.pid === undefined) return context.skip('its process is not one of this host');
      await server.control.load(irisModel);
      process.kill(server.pid, 'SIGSTOP');
      const pending = server.control.statistics(irisModel);
      const death = once(server.died, 'abort');
      process.kill(server.pid, 'SIGKILL');
      await assert.rejects(pending, Failure);
      await death;
      assert(server.died.reason instanceof Failure);
      assert.equal(server.died.reason.code, 'server-died');
      assert.match(server.died.reason.message, /SIGKILL/);
      await assert.rejects(server.control.serverReady(), server.died.reason);
      await server.stop();
      assert.deepEqual(await settled(leftovers), []);
    });
  });
}

/** That a start which fails says why and leaves nothing. */
export function describeFailing({ makeEngine, leftovers, attached }: ContractOptions): void {
  describe('a start that fails', () => {
    it('names the fixed port that is taken', async (context) => {
      if (attached === true) return context.skip('it opens no port');
      using repository = new StagedRepository();
      await using holder = createServer().listen({ port: 0, host: '127.0.0.1' });
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      for (const fixed of [{ httpPort: port }, { grpcPort: port }]) {
        await assert.rejects(makeEngine().start({ ...complete(repository), ...fixed }), (error) => {
          assert(error instanceof Failure);
          assert.match(error.message, new RegExp(`port ${port} .*in use`));
          return true;
        });
      }
      assert.deepEqual(await settled(leftovers), []);
    });

    it('uses a fixed port that is free', async (context) => {
      if (attached === true) return context.skip('it opens no port');
      using repository = new StagedRepository();
      const holder = createServer().listen({ port: 0, host: '127.0.0.1' });
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      await holder[Symbol.asyncDispose]();
      await using server = await makeEngine().start({ ...complete(repository), httpPort: port });
      assert.equal(server.httpAddress.port, port);
      assert.equal(await server.control.serverReady(), true);
    });

    it("ends with the reason of the caller's signal and leaves nothing", async () => {
      using repository = new StagedRepository();
      const reason = new Error('the caller has had enough');
      await assert.rejects(makeEngine().start({ ...complete(repository), signal: AbortSignal.abort(reason) }), reason);
      for (const afterMs of [5, 30, 60]) {
        const caller = new AbortController();
        const start = makeEngine().start({ ...complete(repository), signal: caller.signal });
        setTimeout(() => caller.abort(reason), afterMs);
        await assert.rejects(
          start.then((server) => server.stop().then(() => Promise.reject(reason))),
          reason,
        );
        assert.deepEqual(await settled(leftovers), []);
      }
    });

    it("shows the server's last words", async (context) => {
      if (attached === true) return context.skip('the flags of its server are not its own');
      using repository = new StagedRepository();
      await assert.rejects(makeEngine().start({ ...complete(repository), flags: ['--no-such-flag=1'] }), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.exitCode, 3);
        assert.match(error.hint ?? '', /no-such-flag/);
        return true;
      });
      assert.deepEqual(await settled(leftovers), []);
    });
  });
}

function complete(repository: StagedRepository): StartOptions {
  return { repository: repository.path, autoCompleteConfig: false };
}

async function assertFree(port: number): Promise<void> {
  await using holder = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  await once(holder, 'listening');
}

/** What is left once the last farewells are over: a watcher takes a moment to hear that it may go. */
export async function settled(leftovers: () => readonly string[]): Promise<readonly string[]> {
  for (let look = 0; look < 100 && leftovers().length > 0; look += 1) await delay(10);
  return leftovers();
}
