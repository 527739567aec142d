import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScriptedAnswer } from '../testing/scripted-answers.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import type { ErrorKind } from './answers.ts';
import { loadOn, times } from './scripted-load.test-suite.ts';

const ms = 1e6;

describe('a request that is never answered', () => {
  it('is an error, though its window closed without it', async () => {
    const hanging: ScriptedAnswer = { kind: 'silent' };
    await using server = await startScriptedServer({
      steps: [...times(60, { holdMs: 5 }), { answer: hanging }, ...times(400, { holdMs: 5 })],
    });
    const load = await loadOn(server, { concurrency: 4 });
    assert.deepEqual(load.errors, { timeout: 1 });
  });
});

describe('a request that is answered long after its window', () => {
  const steps = [...times(40, { holdMs: 5 }), { holdMs: 1_600 }, ...times(1_000, { holdMs: 5 })];
  const waits = { concurrency: 2, requestTimeoutNs: 10_000 * ms };

  it('is no error where the whole time-out is waited for', async () => {
    await using server = await startScriptedServer({ steps }, { thread: true });
    const load = await loadOn(server, { ...waits, drainNs: 10_000 * ms });
    assert.deepEqual(load.errors, {});
  });

  it('is a time-out after 1 s where nothing is said', async () => {
    await using server = await startScriptedServer({ steps }, { thread: true });
    assert.deepEqual((await loadOn(server, waits)).errors, { timeout: 1 });
  });

  it('never waits longer than the time-out', async () => {
    await using server = await startScriptedServer({ steps }, { thread: true });
    const load = await loadOn(server, { ...waits, requestTimeoutNs: 500 * ms, drainNs: 10_000 * ms });
    assert.deepEqual(load.errors, { timeout: 1 });
  });
});

describe('failures of single requests in a closed loop', () => {
  const kinds: [ScriptedAnswer, ErrorKind][] = [
    [{ kind: 'status', status: 400 }, 'http-4xx'],
    [{ kind: 'status', status: 404 }, 'http-4xx'],
    [{ kind: 'status', status: 500 }, 'http-5xx'],
    [{ kind: 'status', status: 503 }, 'http-5xx'],
    [{ kind: 'status', status: 302 }, 'malformed'],
    [{ kind: 'status', status: 204 }, 'malformed'],
    [{ kind: 'garbage' }, 'malformed'],
    [{ kind: 'twice' }, 'malformed'],
    [{ kind: 'wrong-shape' }, 'wrong-shape'],
    [{ kind: 'wrong-values' }, 'wrong-values'],
    [{ kind: 'cut-off' }, 'reset'],
    [{ kind: 'reset' }, 'keep-alive-reset'],
    [{ kind: 'right-then-closed' }, 'keep-alive-reset'],
  ];
  for (const [answer, kind] of kinds) {
    const what = 'status' in answer ? `status ${answer.status}` : answer.kind;
    it(`${what} counts as ${kind}, and the load goes on`, async () => {
      await using server = await startScriptedServer({ steps: [...times(12, { holdMs: 4 }), { holdMs: 4, answer }] });
      const load = await loadOn(server, { concurrency: 2 });
      assert.deepEqual(Object.keys(load.errors), [kind]);
      assert((load.errors[kind] ?? 0) >= 1, JSON.stringify(load.errors));
      assert(load.requestCount > 10);
      assert.equal(load.latency.count, load.requestCount);
    });
  }

  it('never enter the latencies, however fast they are', async () => {
    const steps = [...times(7, { holdMs: 40 }), ...times(3, { answer: { kind: 'status', status: 500 } as const })];
    await using server = await startScriptedServer({ steps });
    const load = await loadOn(server, { windowNs: 300 * ms });
    assert((load.errors['http-5xx'] ?? 0) >= 3);
    assert(load.latency.minNs >= 40 * ms);
    assert(load.requestsPerSecond <= 100);
    assert(load.warmup.firstRequestNs >= 40 * ms);
  });
});

describe('a closed loop ends early', () => {
  it('on a server that fails at once, with 100 errors', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'status', status: 500 } }] });
    const edges: string[] = [];
    const load = await loadOn(server, { windowNs: 60_000 * ms, onWindow: (edge) => edges.push(edge) });
    assert.deepEqual(load.errors, { 'http-5xx': 100 });
    assert.deepEqual([load.requestCount, load.latency.count, load.warmup.firstRequestNs], [0, 0, 0]);
    assert.deepEqual(edges, []);
  });

  it('where nothing listens', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const load = await loadOn({ address: { host: '127.0.0.1', port } });
    assert.deepEqual(load.errors, { connect: 100 });
    assert.deepEqual([load.requestCount, load.requestsPerSecond, load.pressureRatio], [0, 0, 0]);
  });

  it('on a server that resets each connection, and makes no new one afterwards', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'reset' } }] });
    const load = await loadOn(server);
    assert.deepEqual(load.errors, { reset: 100 });
    // The server may not have seen yet what was connected before the end.
    await delay(60);
    const { connectionCount } = await server.record();
    await delay(60);
    assert.equal((await server.record()).connectionCount, connectionCount);
  });

  it('on a server that dies within the window', async () => {
    const server = await startScriptedServer({ steps: [{ holdMs: 10 }] }, { thread: true });
    const edges: string[] = [];
    const load = await loadOn(server, {
      windowNs: 60_000 * ms,
      onWindow: (edge) => {
        edges.push(edge);
        if (edge === 'open') setTimeout(() => server.stop(), 100);
      },
    });
    const { 'keep-alive-reset': reset = 0, connect = 0, ...others } = load.errors;
    assert.deepEqual([reset >= 4, reset + connect, others], [true, 100, {}]);
    assert.deepEqual(edges, ['open', 'close']);
    assert.deepEqual(
      [load.requestCount, load.latency.count, load.latency.sumNs, load.outstandingIntegralNs, load.window.closeNs],
      [0, 0, 0, 0, 0],
    );
  });

  it('on a server that stops answering, with a timeout for each request outstanding', async () => {
    const steps = [...times(40, { holdMs: 2 }), { answer: { kind: 'silent' } as const }];
    await using server = await startScriptedServer({ steps, repeatFrom: 40 });
    const startMs = performance.now();
    const load = await loadOn(server, { windowNs: 60_000 * ms, requestTimeoutNs: 250 * ms });
    assert.deepEqual(load.errors, { timeout: 4 });
    assert(performance.now() - startMs >= 250);
    assert.equal(load.requestCount, 0);
  });

  it('that should go on, once a server has failed everything for as long as the whole should take', async () => {
    const steps = [...times(40, { holdMs: 2 }), { holdMs: 2, answer: { kind: 'status', status: 503 } as const }];
    await using server = await startScriptedServer({ steps, repeatFrom: 40 }, { thread: true });
    const options = { windowNs: 400 * ms, requestTimeoutNs: 20_000 * ms, errorLimit: Number.POSITIVE_INFINITY };
    const startMs = performance.now();
    const load = await loadOn(server, options);
    const tookMs = performance.now() - startMs;
    assert(tookMs >= 420 && tookMs < 10_000, `${tookMs}`);
    assert.deepEqual([Object.keys(load.errors), load.requestCount], [['http-5xx'], 0]);
  });

  it('but where it should go on not for single time-outs, one after the other', async () => {
    const silent = { answer: { kind: 'silent' } as const };
    const steps = [...times(10, { holdMs: 2 }), ...times(3, silent), ...times(2_000, { holdMs: 2 })];
    await using server = await startScriptedServer({ steps }, { thread: true });
    const load = await loadOn(server, {
      ...{ concurrency: 1, windowNs: 1_500 * ms, requestTimeoutNs: 200 * ms },
      errorLimit: Number.POSITIVE_INFINITY,
    });
    // More of them where the host is busy.
    assert((load.errors.timeout ?? 0) >= 3, JSON.stringify(load.errors));
    assert(load.requestCount > 20);
  });

  it('but not where the client itself stood still while the answers came in', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 50 }] }, { thread: true });
    const standStill = (edge: string): void => {
      for (const endMs = performance.now() + 600; edge === 'open' && performance.now() < endMs; );
    };
    const load = await loadOn(server, { requestTimeoutNs: 400 * ms, onWindow: standStill });
    assert.deepEqual(load.errors, {});
    assert(load.latency.maxNs >= 500 * ms);
  });

  it('on a server that fails slowly and has never answered rightly', async () => {
    const steps = [{ holdMs: 200, answer: { kind: 'status', status: 503 } as const }];
    await using server = await startScriptedServer({ steps });
    const load = await loadOn(server, { requestTimeoutNs: 500 * ms });
    assert((load.errors['http-5xx'] ?? 0) <= 16, JSON.stringify(load.errors));
    assert.equal(load.warmup.requestCount, 0);
  });
});

describe('an abort signal', () => {
  it('ends a load at once, with its reason and without a socket left', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'silent' } }] });
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 50);
    await assert.rejects(loadOn(server, { signal: controller.signal }), /enough/);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    for (let tries = 0; tries < 100 && (await server.record()).openConnectionCount > 0; tries += 1) await delay(5);
    const { connectionCount, openConnectionCount } = await server.record();
    assert.deepEqual([connectionCount, openConnectionCount], [4, 0]);
  });

  it('that is aborted already lets no load begin', async () => {
    await using server = await startScriptedServer({ steps: [] });
    await assert.rejects(loadOn(server, { signal: AbortSignal.abort(new Error('too late')) }), /too late/);
    assert.equal((await server.record()).connectionCount, 0);
  });

  it('has no listener left behind by a load that ended by itself', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] });
    const { signal } = new AbortController();
    await loadOn(server, { signal, windowNs: 20 * ms });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });
});
