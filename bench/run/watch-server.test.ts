import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { embeddedEngine } from '../engines/embedded/engine.ts';
import type { Server } from '../engines/engine.ts';
import { flowers, labelsOf } from '../engines/iris-requests.ts';
import { irisModel, StagedRepository } from '../engines/staged-repository.ts';
import type { ServerUsage } from './server-usage.ts';
import { serverWatcher } from './watch-server.ts';

/** A busy host may take its time. */
const patient = { ownMs: 20_000, attachedMs: 20_000 };
const requestCount = 100;

/** Looks at a server around some requests. */
async function usageOf(server: Server, watcher = serverWatcher(patient)): Promise<ServerUsage> {
  using watch = await watcher(server, irisModel);
  await labelsOf(server, flowers);
  watch.edge('open');
  for (let sent = 0; sent < requestCount; sent += 1) await labelsOf(server, flowers);
  watch.edge('close');
  return await watch.usage(requestCount * flowers.length);
}

describe('what is seen of a server around a load', () => {
  const repository = new StagedRepository();
  let server: Server;
  before(async () => {
    server = await embeddedEngine(process.env).start({ repository: repository.path, autoCompleteConfig: false });
    await server.control.load(irisModel);
  });
  after(async () => {
    await server?.stop();
    repository[Symbol.dispose]();
  });

  it('is its processor time, its memory and its metrics', async () => {
    const { cpu, residentBytes, metrics } = await usageOf(server);
    assert(cpu !== null && 'failures' in metrics, JSON.stringify({ cpu, metrics }));
    assert.equal(cpu.inferenceCount, requestCount * flowers.length);
    assert(['threads', 'processes'].includes(cpu.source) && cpu.ns > 0);
    assert((residentBytes ?? 0) > 2 ** 24);
    assert.deepEqual(metrics.failures, []);
  });

  it('counts the failures in between by their reason', async () => {
    let count = 3;
    const send = async () =>
      new Response(`nv_inference_request_failure{model="${irisModel}",reason="OTHER"} ${count++}`);
    const { metrics } = await usageOf(attached(server, { url: 'http://h/metrics', send }));
    assert.deepEqual('failures' in metrics && metrics.failures, [{ reason: 'OTHER', count: 1 }]);
  });

  it('of one that is no process of this host is what its metrics page tells', async () => {
    const { host, port } = server.metricsAddress ?? { host: '', port: 0 };
    const metrics = { url: `http://${host}:${port}/metrics`, send: fetch };
    const { cpu, residentBytes, gpus } = await usageOf(attached(server, metrics));
    // The page is read before the first request and after the last one.
    assert.equal(cpu?.inferenceCount, (requestCount + 1) * flowers.length);
    assert(cpu.source === 'metrics' && cpu.ns > 0 && (residentBytes ?? 0) > 2 ** 24);
    assert.equal(gpus, null);
  });

  it('of one that nobody named a page of is unknown', async () => {
    assert.deepEqual(await usageOf(attached(server)), {
      ...{ cpu: null, residentBytes: null, metrics: { unknown: 'no address is known' }, gpus: null },
    });
  });

  it('is all but the page where that does not answer, which is asked for once', async () => {
    let askedCount = 0;
    const send = async () => {
      askedCount += 1;
      return new Response('', { status: 503 });
    };
    const watcher = serverWatcher(patient);
    const deaf = { ...attached(server, { url: 'http://h/metrics', send }), pid: server.pid };
    for (let slice = 0; slice < 3; slice += 1) {
      const { cpu, metrics } = await usageOf(deaf, watcher);
      assert.deepEqual([cpu?.inferenceCount, metrics], [requestCount * flowers.length, { unknown: 'status 503' }]);
    }
    assert.equal(askedCount, 1);
  });

  it('is no processor time where a window did not open and close', async () => {
    using watch = await serverWatcher(patient)(attached(server), irisModel);
    watch.edge('open');
    assert.equal((await watch.usage(10)).cpu, null);
  });
});

/** The same server as it looks from another host. */
function attached(server: Server, metrics?: NonNullable<Server['attached']>['metrics']): Server {
  const envelope = { headers: [], tls: null, proxy: null };
  return {
    identity: { ...server.identity, kind: 'remote' },
    ...{ httpAddress: server.httpAddress, grpcAddress: server.grpcAddress, metricsAddress: undefined },
    ...{ control: server.control, died: server.died, pid: undefined, command: [] },
    attached: {
      over: { http: envelope, grpc: envelope },
      ...(metrics === undefined ? {} : { metrics }),
      renew: async () => false,
    },
    ...{ logMark: () => 0, logSince: () => [], stop: async () => undefined },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
