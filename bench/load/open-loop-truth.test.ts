import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isLong } from '../testing/long.ts';
import type { ScriptedRecord } from '../testing/scripted-record.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { undisturbed } from '../testing/undisturbed.ts';
import { meetsLimit } from './levels/latency-limit.ts';
import { searchLevels } from './levels/run-levels.ts';
import { backlogGrew, type LoadMeasurement } from './measurement.ts';
import { openLoadOn, protocols, startWorkerServer, type WorkerServer } from './open-loop/open-load.test-suite.ts';
import { poisson } from './pacing/schedule.ts';
import { mergeHistograms } from './recorder.ts';
import { loadOn } from './scripted-load.test-suite.ts';
import { type Carrier, nowNs } from './transport.ts';

const ms = 1e6;
/** Differences of 1 and 2 ms can be told only where the host itself wakes a thread in less; else the wider limits hold. */
const strict = isLong && hostIsQuiet();
const triesMost = strict ? 8 : 3;
/** Each waits for a server of its own. */
const together = { concurrency: !isLong };

/** So long a load runs and so long its server stands still in it. */
const stall = isLong ? { windowMs: 10_000, stoppedMs: 1_000 } : { windowMs: 3_000, stoppedMs: 500 };

/** Stops the server's process for a while, some time after the window has opened; tells how long that was. */
function stopOnce({ pid }: WorkerServer): { onWindow: (edge: 'open' | 'close') => void; stoppedMs: Promise<number> } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const stop = async (): Promise<void> => {
    await delay(500);
    process.kill(pid, 'SIGSTOP');
    const sinceMs = performance.now();
    await delay(stall.stoppedMs);
    process.kill(pid, 'SIGCONT');
    resolve(performance.now() - sinceMs);
  };
  return { onWindow: (edge) => void (edge === 'open' && stop()), stoppedMs: promise };
}

/** Percentiles and mean in ms. */
function shape({ histogram, sumNs, count }: LoadMeasurement['latency']): { p95: number; p99: number; mean: number } {
  const merged = mergeHistograms([histogram]);
  const at = (percentile: number): number => merged.getValueAtPercentile(percentile) / ms;
  return { p95: at(95), p99: at(99), mean: sumNs / count / ms };
}

function assertNear(value: number, expected: number, ratio: number): void {
  assert(Math.abs(value / expected - 1) <= ratio, `${value} is not within ${ratio * 100} % of ${expected}`);
}

for (const protocol of protocols) {
  describe(`a server that stands still for a while, over ${protocol}`, together, () => {
    it('is charged with every request that should have been sent meanwhile', () =>
      undisturbed(async () => {
        await using server = await startWorkerServer(protocol, 0, 1);
        const { onWindow, stoppedMs } = stopOnce(server);
        const windowNs = stall.windowMs * ms;
        const inFlight = { limit: 1, whenFull: 'wait' } as const;
        const load = await openLoadOn(protocol, server.address, { windowNs, inFlight, onWindow });
        const stopped = await stoppedMs;
        assert.deepEqual([load.errors, load.requestCount], [{}, stall.windowMs / 10]);
        const latency = shape(load.latency);
        // Those intended during the stop wait for its end: their latencies are spread evenly from 0 to its length.
        assertNear(latency.p99, stopped - 0.01 * stall.windowMs, 0.2);
        assertNear(latency.p95, stopped - 0.05 * stall.windowMs, 0.2);
        assertNear(latency.mean, stopped ** 2 / 2 / stall.windowMs, 0.4);
        // What a tool shows that counts from the send: one slow request.
        const service = shape(load.schedule.service);
        assert(service.p95 < latency.p95 / 5, `${service.p95} ${latency.p95}`);
        assert(service.mean < latency.mean / 5, `${service.mean} ${latency.mean}`);
      }));

    it('shows from the send as well where any number may be outstanding', () =>
      undisturbed(async () => {
        await using server = await startWorkerServer(protocol, 0, 1);
        const { onWindow, stoppedMs } = stopOnce(server);
        // Connections enough are there before: one that is made meanwhile may not be ready to be sent on until the end.
        const load = await openLoadOn(protocol, server.address, {
          windowNs: stall.windowMs * ms,
          onWindow,
          firstLaneCount: 150,
        });
        const stopped = await stoppedMs;
        assert.deepEqual([load.errors, load.requestCount], [{}, stall.windowMs / 10]);
        for (const record of [load.latency, load.schedule.service]) {
          assertNear(shape(record).p95, stopped - 0.05 * stall.windowMs, 0.2);
        }
      }));
  });

  describe(`a server with one worker, over ${protocol}`, together, () => {
    // Slack: how far a latency may be from its arithmetic, which knows no network and no scheduler.
    // `npm run bench:accuracy` tells how far 99 of 100 are, on a server that adds nothing of its own.
    const { holdMs, slackMs, percentile } = { holdMs: 50, slackMs: 10, percentile: 0.5 };
    const seconds = isLong ? 20 : 3;
    for (const utilisation of isLong ? [0.5, 0.9] : [protocol === 'http' ? 0.9 : 0.5]) {
      it(`has the latencies of Lindley's recursion at utilisation ${utilisation}, within ${slackMs} ms`, async () => {
        await undisturbed(async () => {
          const differences = await differencesToLindley(protocol, { holdMs, utilisation, seconds });
          const worst = differences.sort((a, b) => a - b)[Math.floor(percentile * differences.length)] ?? 0;
          assert(worst < slackMs, `${worst} ms`);
        }, triesMost);
      });
    }

    it('shows its knee: what is offered beyond it is a backlog, not a rate', () =>
      undisturbed(async () => {
        await using server = await startWorkerServer(protocol, 20, 1);
        const achieved: number[] = [];
        const grew: boolean[] = [];
        for (const requestsPerSecond of [25, 100]) {
          const load = await openLoadOn(protocol, server.address, { requestsPerSecond, windowNs: 1_500 * ms });
          assert.deepEqual(load.errors, {});
          assert.equal(load.requestCount, load.schedule.intendedCount);
          achieved.push(load.requestsPerSecond);
          grew.push(backlogGrew(load.schedule));
        }
        const [below = 0, beyond = 0] = achieved;
        assertNear(below, 25, 0.12);
        // At most one in 20 ms.
        assert(beyond <= 50.7 && beyond > 25, `${beyond}`);
        assert.deepEqual(grew, [false, true]);
      }));
  });
}

describe('a rate of 1000 per second', () => {
  it('is kept by timers finer than a millisecond, and how well is reported', async () => {
    await using server = await startWorkerServer('http', 0, 1_000);
    await undisturbed(async () => {
      const load = await openLoadOn('http', server.address, {
        requestsPerSecond: 1_000,
        windowNs: (isLong ? 2e3 : 500) * ms,
      });
      const { lateness, intendedCount, offeredPerSecond } = load.schedule;
      assert.equal(offeredPerSecond, 1_000);
      assert.equal(lateness.count, intendedCount);
      assert(lateness.minNs >= 0 && lateness.p50Ns <= lateness.p99Ns && lateness.p99Ns <= lateness.maxNs * 1.001);
      // Timers of whole ms are 0.6 ms late as a rule.
      if (strict) assert(lateness.p50Ns < 0.2 * ms && lateness.p99Ns < ms, `${lateness.p50Ns} ${lateness.p99Ns}`);
    }, triesMost);
  });
});

describe('the highest rate within a latency limit', { skip: !isLong && 'TRITUNE_LONG=1 runs it' }, () => {
  it('is below what a server with one worker can do', async () => {
    await using server = await startWorkerServer('http', 20, 1);
    const limit = { limitNs: 100 * ms, shareRatio: 0.05 };
    const { highest, beyond, complete } = await searchLevels([20, 40, 60, 80, 100], async (requestsPerSecond) =>
      meetsLimit(
        await openLoadOn('http', server.address, { requestsPerSecond, windowNs: 1e9, limitsNs: [limit.limitNs] }),
        limit,
      ),
    );
    // 50 per second, less what the machine adds to the 20 ms.
    assert.deepEqual([highest, beyond, complete], [40, 60, true]);
  });
});

describe('a wall clock that is set', () => {
  it('changes nothing, in an open loop and in a closed one', async (context) => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    const now = Date.now;
    for (const stepMs of [3_600_000, -3_600_000]) {
      const onWindow = (edge: 'open' | 'close'): void => {
        if (edge === 'open') context.mock.method(Date, 'now', () => now() + stepMs);
        else context.mock.restoreAll();
      };
      const open = await openLoadOn('http', server.address, { onWindow });
      const closed = await loadOn(server, { onWindow });
      assert.deepEqual([open.errors, closed.errors, open.requestCount], [{}, {}, 50]);
      for (const load of [open, closed]) {
        assert(load.latency.minNs >= 5 * ms && load.latency.maxNs < 5_000 * ms);
        assert(load.window.closeNs - load.window.openNs < 5_000 * ms);
      }
    }
  });
});

/** How far each latency is from what the intended times and the server's own record of how long it held each request make it, in ms. */
async function differencesToLindley(
  protocol: (typeof protocols)[number],
  { holdMs, utilisation, seconds }: { holdMs: number; utilisation: number; seconds: number },
): Promise<number[]> {
  await using server = await startWorkerServer(protocol, holdMs, 1);
  const schedule = poisson((utilisation * 1_000) / holdMs, 5);
  const endsNs: number[] = [];
  let startNs = 0;
  const load = await openLoadOn(protocol, server.address, {
    schedule,
    warmupNs: 0,
    windowNs: seconds * 1e9,
    requestTimeoutNs: 60e9,
    startNs: () => {
      startNs = nowNs() + 5 * ms;
      return startNs;
    },
    wrap: (carrier) => listening(carrier, endsNs),
  });
  assert.deepEqual(load.errors, {});
  const measuredMs = endsNs.slice(4).map((endNs) => (endNs - startNs) / ms);
  const heldMs = held(await server.record()).slice(4);
  assert.equal(measuredMs.length, load.requestCount);
  assert.equal(heldMs.length, load.requestCount);
  let freeMs = 0;
  let sumMs = 0;
  const times = schedule[Symbol.iterator]();
  const differences = heldMs.map((hold, index) => {
    const dueMs = times.next().value / ms;
    freeMs = Math.max(freeMs, dueMs) + hold;
    sumMs += (measuredMs[index] ?? 0) - dueMs;
    return Math.abs((measuredMs[index] ?? 0) - freeMs);
  });
  // The same requests as in the histogram.
  assertNear(load.latency.sumNs / ms, sumMs, 1e-6);
  return differences;
}

/** Whether 99 of 100 sleeps of 1 ms end within half a millisecond of their time. */
function hostIsQuiet(): boolean {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const lateMs = Array.from({ length: 2_000 }, () => {
    const dueMs = performance.now() + 1;
    Atomics.wait(word, 0, 0, 1);
    return performance.now() - dueMs;
  });
  return (lateMs.sort((a, b) => a - b)[1_980] ?? 0) < 0.5;
}

/** How long the server had each request, from when it could begin on it. */
function held({ arrivalsNs, answersNs }: ScriptedRecord): number[] {
  return answersNs.map(
    (answerNs, index) => (answerNs - Math.max(arrivalsNs[index] ?? 0, answersNs[index - 1] ?? 0)) / ms,
  );
}

/** A carrier that tells when each answer came in. */
function listening(carrier: Carrier, endsNs: number[]): Carrier {
  return {
    open: (events) =>
      carrier.open({
        connected: () => events.connected(),
        answered: (endNs, reusable, verified) => {
          endsNs.push(endNs);
          events.answered(endNs, reusable, verified);
        },
        failed: (kind, endNs, reusable) => events.failed(kind, endNs, reusable),
      }),
    [Symbol.dispose]: () => carrier[Symbol.dispose](),
  };
}
