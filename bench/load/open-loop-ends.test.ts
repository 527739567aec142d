import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startScriptedGrpc } from '../testing/scripted-grpc.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { clientLimits } from './client-limits.ts';
import { openLoadOn, type Protocol, protocols, startWorkerServer } from './open-loop/open-load.test-suite.ts';
import { times } from './scripted-load.test-suite.ts';
import { nowNs } from './transport.ts';

const ms = 1e6;

/** A server that answers so many requests rightly, and no other. */
async function startFallingSilent(protocol: Protocol, rightCount: number) {
  const kinds = ['right', 'silent'] as const;
  const steps = Array.from({ length: 500 }, (_, index) => ({ answer: { kind: kinds[index < rightCount ? 0 : 1] } }));
  return protocol === 'grpc' ? startScriptedGrpc({ steps }) : startScriptedServer({ steps });
}

for (const protocol of protocols) {
  describe(`the end of an open loop over ${protocol}`, { concurrency: true }, () => {
    it('waits for requests intended in the window that are answered after it, and counts them', async () => {
      await using server = await startWorkerServer(protocol, 700, 1_000);
      const load = await openLoadOn(protocol, server.address, { requestsPerSecond: 50 });
      assert.deepEqual([load.requestCount, load.schedule.sentCount, load.errors], [25, 25, {}]);
      assert(load.latency.minNs >= 700 * ms);
      // Those intended before the window and in it: nothing that was sent is forgotten, and nothing was sent after it.
      const { requestCount, answeredCount } = await server.record();
      assert.deepEqual([requestCount, answeredCount], [4 + 5 + 25, 4 + 5 + 25]);
      assert.equal(load.schedule.backlogAtClose, 30);
      assert.equal(load.requestsPerSecond, 0);
    });

    it('waits no longer than the time-out from the intended time, and counts what is lost', async () => {
      // The first on each connection, those before the window, and 10 in it.
      await using server = await startFallingSilent(protocol, 4 + 5 + 10);
      const startNs = nowNs();
      const load = await openLoadOn(protocol, server.address, {
        requestsPerSecond: 50,
        requestTimeoutNs: 1_000 * ms,
      });
      const { intendedCount, failedCount, sentCount } = load.schedule;
      assert.deepEqual([intendedCount, load.requestCount, failedCount, sentCount], [25, 10, 15, 25]);
      assert.deepEqual(load.errors, { timeout: 15 });
      assert(nowNs() - startNs < 10_000 * ms);
      assert(load.latency.maxNs < 1_000 * ms, 'what failed has no latency');
    });

    it('gives up what has waited that long for its place', async () => {
      await using server = await startFallingSilent(protocol, 1);
      const load = await openLoadOn(protocol, server.address, {
        requestsPerSecond: 50,
        warmupNs: 0,
        requestTimeoutNs: 400 * ms,
        inFlight: { limit: 1, whenFull: 'wait' },
      });
      const { intendedCount, failedCount } = load.schedule;
      assert.deepEqual([intendedCount, load.requestCount, failedCount], [25, 0, 25]);
      assert.deepEqual(load.errors, { timeout: 25 });
    });

    it('comes also where the server is killed under it', async () => {
      await using server = await startWorkerServer(protocol, 1, 1_000);
      const load = await openLoadOn(protocol, server.address, {
        requestTimeoutNs: 1_000 * ms,
        onWindow: (edge) => {
          if (edge === 'open') setTimeout(() => process.kill(server.pid, 'SIGKILL'), 200);
        },
      });
      const { intendedCount, failedCount, droppedCount } = load.schedule;
      assert.deepEqual([intendedCount, droppedCount], [50, 0]);
      assert.equal(load.requestCount + failedCount, 50);
      assert(failedCount > 5 && load.requestCount > 5, `${failedCount} ${load.requestCount}`);
      const errorCount = Object.values(load.errors).reduce((sum, count) => sum + count, 0);
      assert.equal(errorCount, failedCount);
    });

    it('comes at once where there never was a server', async () => {
      const load = await openLoadOn(protocol, { host: '127.0.0.1', port: 1 });
      assert.deepEqual(load.errors, { connect: 100 });
      assert.deepEqual([load.requestCount, load.schedule.intendedCount, load.pressureRatio], [0, 0, 0]);
      assert.deepEqual(load.window, { openNs: 0, closeNs: 0 });
      assert(load.warmup.durationNs > 0);
    });

    it('comes long before the time-out where nothing was answered for as long as the first answer may take', async () => {
      await using server = await startFallingSilent(protocol, 2);
      const startNs = nowNs();
      const load = await openLoadOn(protocol, server.address, { requestTimeoutNs: 60e9, firstAnswerNs: 1_000 * ms });
      assert(nowNs() - startNs < 30e9);
      assert.deepEqual([load.requestCount, load.schedule.intendedCount], [0, 0]);
      // On each of the four connections one was answered, or not, or the connection was not made in time.
      const { timeout = 0, connect = 0, ...others } = load.errors;
      assert.deepEqual([timeout + connect + load.warmup.requestCount, others], [4, {}]);
    });

    it('comes at the time-out where the first requests are not answered', async () => {
      await using server = await startFallingSilent(protocol, 0);
      const load = await openLoadOn(protocol, server.address, { requestTimeoutNs: 500 * ms });
      assert.deepEqual([load.requestCount, load.schedule.intendedCount], [0, 0]);
      // A connection over gRPC that is not greeted in time has not been made.
      const { timeout = 0, connect = 0, ...others } = load.errors;
      assert(timeout + connect >= 1);
      assert.deepEqual(others, {});
    });
  });
}

describe('an open loop on a server that closes connections', () => {
  it('makes new ones without an error where no request was lost', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'right-then-closed' } }] });
    const load = await openLoadOn('http', server.address, { requestsPerSecond: 4, windowNs: 1_250 * ms });
    assert.deepEqual([load.errors, load.requestCount], [{}, 5]);
    const { connectionCount, requestCount } = await server.record();
    assert(connectionCount >= requestCount, `${connectionCount} ${requestCount}`);
  });

  it('makes new ones where an answer says that it is the last', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'connection-close' } }] });
    const load = await openLoadOn('http', server.address);
    assert.deepEqual([load.errors, load.requestCount], [{}, 50]);
  });
});

describe('an open loop', () => {
  it('has latencies of successes only, and counts failures', async () => {
    const steps = [...times(4, {}), { holdMs: 30 }, { answer: { kind: 'status', status: 500 } } as const];
    await using server = await startScriptedServer({ steps, repeatFrom: 4 });
    const load = await openLoadOn('http', server.address);
    assert.deepEqual([load.requestCount, load.schedule.failedCount], [25, 25]);
    assert.deepEqual(load.errors, { 'http-5xx': 30 });
    assert(load.latency.minNs >= 30 * ms);
    assert.equal(load.schedule.sentCount, 50);
  });

  it('is ended by its signal, whenever it comes', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] });
    for (const afterMs of [0, 20, 150, 400]) {
      const signal = AbortSignal.timeout(afterMs);
      await assert.rejects(openLoadOn('http', server.address, { signal, windowNs: 60_000 * ms }), {
        name: 'TimeoutError',
      });
    }
    await assert.rejects(
      openLoadOn('http', server.address, { signal: AbortSignal.abort(new Error('before')) }),
      /before/,
    );
  });

  it('is ended by a listener that throws', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const onWindow = (): void => {
      throw new TypeError('a bug in the listener');
    };
    await assert.rejects(openLoadOn('http', server.address, { onWindow }), /a bug in the listener/);
  });

  it('measures nothing, and ends, where the schedule ends before the window', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const load = await openLoadOn('http', server.address, { schedule: [0, 50 * ms] });
    assert.deepEqual([load.requestCount, load.schedule.intendedCount, load.warmup.requestCount], [0, 0, 6]);
    assert.deepEqual([load.errors, load.latency.count], [{}, 0]);
  });

  it('gives up a schedule that no client can follow, which is the limit of the client', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 1 }] }, { thread: true });
    const edges: string[] = [];
    for (const whenFull of ['wait', 'drop'] as const) {
      const load = await openLoadOn('http', server.address, {
        ...{ requestsPerSecond: 1e9, warmupNs: 0, requestTimeoutNs: 1_000 * ms },
        inFlight: { limit: 1, whenFull },
        onWindow: (edge) => edges.push(edge),
      });
      assert.equal(load.schedule.isGivenUp, true);
      const { intendedCount, failedCount, droppedCount } = load.schedule;
      assert.equal(load.requestCount + failedCount + droppedCount, intendedCount);
      assert(intendedCount < 500_000_000);
      assert(clientLimits(load).some((reason) => /gave up the rest: it was the limit/.test(reason)));
    }
    assert.deepEqual(edges, ['open', 'close', 'open', 'close']);
  });

  it('is refused where it cannot be', async () => {
    const nowhere = { host: '127.0.0.1', port: 1 };
    await assert.rejects(openLoadOn('http', nowhere, { requests: [] }), RangeError);
    await assert.rejects(openLoadOn('http', nowhere, { windowNs: 0 }), RangeError);
    for (const limit of [0, Number.NaN]) {
      await assert.rejects(openLoadOn('http', nowhere, { inFlight: { limit, whenFull: 'wait' } }), RangeError);
    }
  });
});
