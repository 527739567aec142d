import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { KServeError } from '../kserve/client.ts';
import type { ContractOptions } from './contract.test-suite.ts';
import type { Server } from './engine.ts';
import { flowers, inputOf, labelsOf } from './iris-requests.ts';
import { irisModel, StagedRepository } from './staged-repository.ts';
import { meterServer } from './usage/server-meter.ts';

/** What a running server does: answer, load, count, refuse. */
export function describeServing({ makeEngine, attached }: ContractOptions): void {
  describe('a running server', () => {
    let repository: StagedRepository;
    let server: Server;
    before(async () => {
      repository = new StagedRepository();
      server = await makeEngine().start({ repository: repository.path, autoCompleteConfig: false });
    });
    after(async () => {
      await server?.stop();
      repository?.[Symbol.dispose]();
    });

    it('is ready, says its version and has no model loaded', async () => {
      assert.equal(await server.control.serverReady(), true);
      const { version } = await server.control.serverMetadata();
      assert.match(version, /^\d+\.\d+\.\d+/);
      assert.equal(server.identity.version, version);
      assert.equal(server.identity.kind, makeEngine().kind);
      assert.equal(await server.control.modelReady(irisModel), false);
    });

    it('listens on each address that it names', async () => {
      for (const { host, port } of addressesOf(server)) {
        const socket = connect({ host, port });
        await once(socket, 'connect');
        socket.destroy();
      }
      if (server.metricsAddress === undefined) return;
      const { host, port } = server.metricsAddress;
      assert.match(await (await fetch(`http://${host}:${port}/metrics`)).text(), /^# HELP nv_/m);
    });

    it('loads, unloads and reloads a model', async () => {
      await server.control.load(irisModel);
      assert.equal(await server.control.modelReady(irisModel), true);
      await server.control.unload(irisModel);
      assert.equal(await server.control.modelReady(irisModel), false);
      await server.control.reload(irisModel);
      assert.equal(await server.control.modelReady(irisModel), true);
    });

    it('gives the right answers, in one request or in many', async () => {
      await server.control.reload(irisModel);
      assert.deepEqual(await labelsOf(server, flowers), [0n, 1n, 2n]);
      for (const [label, flower] of flowers.entries()) {
        assert.deepEqual(await labelsOf(server, [flower]), [BigInt(label)]);
      }
    });

    it('shows tensors with the batch dimension', async () => {
      await server.control.reload(irisModel);
      const { inputs, outputs } = await server.control.modelMetadata(irisModel);
      assert.deepEqual(inputs, [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }]);
      assert.deepEqual(outputs, [
        { name: 'label', datatype: 'INT64', shape: [-1, 1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
      ]);
    });

    it('serves the configuration that a load overrides with, until an unload', async () => {
      await server.control.reload(irisModel);
      const original = await server.control.config(irisModel);
      const asked = {
        ...original,
        instance_group: [{ kind: 'KIND_CPU', count: 2 }],
        dynamic_batching: { max_queue_delay_microseconds: 300 },
      };
      await server.control.reload(irisModel, asked);
      assert.deepEqual(settingsOf(await server.control.config(irisModel)), { count: 2, delayUs: 300 });
      await server.control.load(irisModel);
      assert.deepEqual(settingsOf(await server.control.config(irisModel)), { count: 2, delayUs: 300 });
      await server.control.reload(irisModel);
      assert.deepEqual(await server.control.config(irisModel), original);
    });

    it('counts what was sent since the load', async () => {
      await server.control.reload(irisModel);
      for (let sent = 0; sent < 7; sent += 1) await labelsOf(server, flowers);
      assert.deepEqual(await settledCounts(server, 7), { requests: 7, rows: 21, failed: 0 });
      await server.control.reload(irisModel);
      assert.deepEqual(countsOf(await server.control.statistics(irisModel)), { requests: 0, rows: 0, failed: 0 });
    });

    it('is seen to take memory, and processor time for its answers, where it is a process of this host', async (context) => {
      if (server.pid === undefined) return context.skip('it is none of this host');
      await server.control.reload(irisModel);
      using meter = meterServer(server);
      const beforeNs = meter.clock?.readNs() ?? Number.NaN;
      for (let sent = 0; sent < 200; sent += 1) await labelsOf(server, flowers);
      const usedNs = (meter.clock?.readNs() ?? Number.NaN) - beforeNs;
      // Some 50 us each at the least, and not more than a processor second each.
      assert(usedNs > 10e6 && usedNs < 200e9, `${usedNs} ns by ${meter.clock?.source}`);
      assert((meter.residentBytes() ?? 0) > 2 ** 20);
    });

    it('refuses a wrong shape and an unknown model with a status and a reason', async () => {
      await server.control.reload(irisModel);
      await assert.rejects(server.control.infer(irisModel, [inputOf([[1, 2, 3]])]), (error) => {
        assert(error instanceof KServeError);
        assert.equal(error.status, 400);
        assert.match(error.reason, /unexpected shape for input 'input'/);
        return true;
      });
      for (const call of [
        () => server.control.infer('no-such', [inputOf(flowers)]),
        () => server.control.config('no-such'),
      ]) {
        await assert.rejects(call, (error) => {
          assert(error instanceof KServeError);
          assert(error.status >= 400 && error.status < 500);
          assert.match(error.reason, /no-such/);
          return true;
        });
      }
    });

    it('has logged why a configuration was refused by the time it refuses it', async (context) => {
      if (attached === true) return context.skip('its log is not to be seen from here');
      repository.addModel('odd', repository.read(`${irisModel}/config.pbtxt`).replace('sklearn-onnx', 'odd'));
      repository.write('odd/config.pbtxt', `${repository.read('odd/config.pbtxt')}\nno_such_field: 1\n`);
      const mark = server.logMark();
      await assert.rejects(server.control.load('odd'), KServeError);
      assert.match(server.logSince(mark).join('\n'), /no_such_field/);
      assert.deepEqual(server.logSince(server.logMark()), []);
    });
  });
}

function addressesOf(server: Server) {
  return [server.httpAddress, server.grpcAddress, server.metricsAddress].filter((address) => address !== undefined);
}

function settingsOf(config: unknown): { count: number; delayUs: number } {
  const { instance_group, dynamic_batching } = config as {
    instance_group: { count: number }[];
    dynamic_batching: { max_queue_delay_microseconds: number | string };
  };
  return { count: Number(instance_group[0]?.count), delayUs: Number(dynamic_batching.max_queue_delay_microseconds) };
}

function countsOf(statistics: unknown): { requests: number; rows: number; failed: number } {
  const { model_stats } = statistics as {
    model_stats: { inference_count?: number; inference_stats: Record<'success' | 'fail', { count?: number }> }[];
  };
  const [stats] = model_stats;
  return {
    requests: Number(stats?.inference_stats.success.count ?? 0),
    rows: Number(stats?.inference_count ?? 0),
    failed: Number(stats?.inference_stats.fail.count ?? 0),
  };
}

/** A backend counts a request just after its answer went out, so the last one may take a moment to show. */
async function settledCounts(server: Server, requests: number): Promise<ReturnType<typeof countsOf>> {
  const deadlineMs = performance.now() + 2_000;
  for (;;) {
    const counts = countsOf(await server.control.statistics(irisModel));
    if (counts.requests >= requests || performance.now() > deadlineMs) return counts;
    await delay(5);
  }
}
