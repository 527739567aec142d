import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../failure.ts';
import { startScriptedServer } from '../../testing/scripted-server.ts';
import { undisturbed } from '../../testing/undisturbed.ts';
import { constantRate } from '../pacing/schedule.ts';
import { mergeHistograms } from '../recorder.ts';
import { times } from '../scripted-load.test-suite.ts';
import { scriptedLoad } from './load.test-suite.ts';
import { Crew, runLoad } from './run-load.ts';
import { runTeam } from './team.ts';
import { mostThreads } from './thread-count.ts';

const ms = 1e6;

describe('a load in several threads', { timeout: 120_000 }, () => {
  for (const threads of [1, 2, 4]) {
    it(`of ${threads} is the sum of what each of them saw`, async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 20 }] }, { thread: true });
      const load = await runLoad(
        scriptedLoad(server, { threads, windowNs: 400 * ms, limitsNs: [1 * ms, 9e9], batchSize: 3 }),
      );
      const record = await server.record();
      assert.deepEqual(load.errors, {});
      assert.equal(load.checkedCount, record.requestCount);
      assert.deepEqual(
        [record.connectionCount, record.mostOutstanding, record.mostOutstandingPerConnection],
        [4, 4, 1],
      );
      assert.deepEqual([...new Set(record.bodies)].sort(), [0, 1, 2, 3, 4]);
      assert.equal(load.latency.count, load.requestCount);
      assert.equal(mergeHistograms([load.latency.histogram]).totalCount, load.requestCount);
      assert.deepEqual(load.aboveLimits, [
        { limitNs: 1 * ms, count: load.requestCount },
        { limitNs: 9e9, count: 0 },
      ]);
      assert.deepEqual(load.pacing, { kind: 'closed', concurrency: 4 });
      // 4 outstanding at 20 ms each.
      assert(load.requestsPerSecond > 120 && load.requestsPerSecond <= 200, `${load.requestsPerSecond}`);
      assert(Math.abs(load.inferencesPerSecond / load.requestsPerSecond - 3) < 1e-9);
      assert(load.latency.minNs >= 20 * ms && load.latency.p50Ns < 40 * ms);
      assert(load.pressureRatio > 0.9 && load.pressureRatio < 1.001, `${load.pressureRatio}`);
      assert.equal(load.client.threadCount, threads);
    });
  }

  it('keeps a timeline of what all of them saw, from the first request on, where it is asked for', async () => {
    const steps = [...times(4, { holdMs: 200 }), { holdMs: 5 }];
    await using server = await startScriptedServer({ steps, repeatFrom: 4 }, { thread: true });
    const spec = scriptedLoad(server, { threads: 2, warmup: { minimumNs: 300 * ms, minimumRequestCount: 4 } });
    const { timeline, warmup, requestCount } = await runLoad({ ...spec, timeline: true });
    assert(timeline !== undefined && timeline.counts.length >= 8, `${timeline?.counts}`);
    // Each connection's first answer comes after 200 ms: all are in the warm-up, which the timeline begins with.
    assert.deepEqual(timeline.counts.slice(0, 3), [0, 0, 0]);
    const [count, sumNs] = [timeline.counts, timeline.latencySumsNs].map((each) => each.reduce((a, b) => a + b, 0));
    assert((count ?? 0) > 0 && (count ?? 0) <= warmup.requestCount + requestCount + 4);
    assert((sumNs ?? 0) >= 4 * 200 * ms);
    assert.equal((await runLoad(spec)).timeline, undefined);
  });

  it('opens the windows of all threads together, once the last is warm', async () => {
    const steps = [{ holdMs: 500 }, { holdMs: 5 }];
    await using server = await startScriptedServer({ steps, repeatFrom: 1 }, { thread: true });
    const edges: string[] = [];
    const load = await runLoad(
      scriptedLoad(server, { threads: 2, windowNs: 100 * ms, onWindow: (edge) => edges.push(edge) }),
    );
    assert(load.window.openNs >= 500 * ms, `open ${load.window.openNs}`);
    assert(load.latency.maxNs < 500 * ms);
    // From the first opening to the last closing: apart, the windows would reach over 500 ms.
    assert(load.window.closeNs - load.window.openNs < 450 * ms, `${load.window.closeNs - load.window.openNs}`);
    assert.deepEqual(edges, ['open', 'close']);
  });

  it('takes no more threads than requests may be outstanding', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] });
    const load = await runLoad(scriptedLoad(server, { threads: 9, pacing: { kind: 'closed', concurrency: 2 } }));
    assert.equal(load.client.threadCount, 2);
    assert.deepEqual(load.pacing, { kind: 'closed', concurrency: 2 });
  });

  it('takes as many threads as it finds to be needed, few for a slow server', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 20 }] }, { thread: true });
    const load = await runLoad(scriptedLoad(server, { threads: 'auto' }));
    assert.deepEqual(load.errors, {});
    assert(load.client.threadCount >= 1 && load.client.threadCount <= mostThreads(4, availableParallelism()));
  });

  it('counts the errors of one thread as its own', async () => {
    const steps = [...times(40, { holdMs: 5 }), { answer: { kind: 'status', status: 500 } as const }, { holdMs: 5 }];
    await using server = await startScriptedServer({ steps, repeatFrom: 41 });
    const load = await runLoad(scriptedLoad(server, { threads: 2 }));
    assert.deepEqual(load.errors, { 'http-5xx': 1 });
    assert(load.requestCount > 0);
  });

  it('measures nothing where one thread cannot go on, and keeps its error', async () => {
    for (const lostAt of [1, 40]) {
      const steps = [...times(lostAt, { holdMs: 5 }), { answer: { kind: 'silent' } as const }, { holdMs: 5 }];
      await using server = await startScriptedServer({ steps, repeatFrom: lostAt + 1 });
      const load = await runLoad(
        scriptedLoad(server, { threads: 2, requestTimeoutNs: 300 * ms, windowNs: 5_000 * ms }),
      );
      assert.deepEqual(load.errors, { timeout: 1 });
      assert.deepEqual([load.requestCount, load.requestsPerSecond, load.latency.count], [0, 0, 0]);
      assert.deepEqual(load.window, { openNs: 0, closeNs: 0 });
      // Of the whole load, though the other thread has given its part up.
      assert.deepEqual([load.client.threadCount, load.pacing], [2, { kind: 'closed', concurrency: 4 }]);
    }
  });

  it('gives what the transport says to the user', async () => {
    await using server = await startScriptedServer({ steps: [] });
    await assert.rejects(
      runLoad(scriptedLoad(server, { threads: 2, shared: true })),
      (error) =>
        error instanceof Failure && error.exitCode === 2 && error.code === 'transport' && error.hint !== undefined,
    );
  });

  it('gives a bug in a thread as the error it is', async () => {
    await using server = await startScriptedServer({ steps: [] });
    await assert.rejects(
      runLoad(
        scriptedLoad(server, {
          threads: 2,
          warmup: { minimumNs: 0, minimumRequestCount: 0 },
          windowNs: Number.NaN,
          requests: [],
        }),
      ),
      RangeError,
    );
  });

  it('refuses a number of threads that is none', async () => {
    await using server = await startScriptedServer({ steps: [] });
    for (const threads of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(runLoad(scriptedLoad(server, { threads })), RangeError);
    }
  });
});

describe('an open loop in several threads', { timeout: 120_000 }, () => {
  for (const threads of [1, 2, 4]) {
    it(`of ${threads} sends each request of the schedule once`, async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] }, { thread: true });
      const pacing = { kind: 'constant', requestsPerSecond: 200, inFlight: { limit: 64, whenFull: 'wait' } } as const;
      const load = await runLoad(
        scriptedLoad(server, {
          threads,
          pacing,
          windowNs: 500 * ms,
          warmup: { minimumNs: 100 * ms, minimumRequestCount: 0 },
        }),
      );
      assert.deepEqual(load.errors, {});
      assert.deepEqual([load.schedule?.intendedCount, load.schedule?.sentCount, load.requestCount], [100, 100, 100]);
      assert.deepEqual(
        [load.schedule?.lateness.count, load.schedule?.service.count, load.latency.count],
        [100, 100, 100],
      );
      assert(Math.abs((load.schedule?.offeredPerSecond ?? 0) - 200) < 1e-6);
      assert.deepEqual(load.pacing, { kind: 'constant', requestsPerSecond: 200 });
      assert.equal(load.schedule?.inFlightLimit, 64);
      assert.equal(load.pressureRatio, 1);
      assert.equal(load.client.threadCount, threads);
      assert.equal((await server.record()).requestCount, load.checkedCount);
      // 100 in the window, 20 in the warm-up, and one for each of the first connections.
      assert.equal(load.checkedCount, 120 + 16);
    });
  }

  for (const [limit, threads] of [
    [3, 8],
    [5, 2],
    [1, 4],
  ] as const) {
    it(`of ${threads} has exactly ${limit} outstanding where no more are allowed`, async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 50 }] }, { thread: true });
      const pacing = { kind: 'constant', requestsPerSecond: 400, inFlight: { limit, whenFull: 'drop' } } as const;
      const warmup = { minimumNs: 0, minimumRequestCount: 0 };
      const load = await runLoad(scriptedLoad(server, { threads, pacing, warmup, windowNs: 500 * ms }));
      const { mostOutstanding, connectionCount } = await server.record();
      assert.deepEqual([mostOutstanding, connectionCount, load.errors], [limit, limit, {}]);
      assert.equal(load.client.threadCount, Math.min(limit, threads));
      const { schedule } = load;
      assert(schedule !== null);
      assert.deepEqual([schedule.inFlightLimit, schedule.intendedCount], [limit, 200]);
      assert.equal(schedule.droppedCount + load.requestCount, 200);
    });
  }

  it('ends where the first requests of one thread are not answered, and tells of all threads', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'silent' } }] });
    const pacing = { kind: 'constant', requestsPerSecond: 50, inFlight: { limit: 9, whenFull: 'wait' } } as const;
    const load = await runLoad(
      scriptedLoad(server, { threads: 3, pacing, requestTimeoutNs: 60e9, firstAnswerNs: 300 * ms }),
    );
    assert((load.errors.timeout ?? 0) > 0);
    assert.deepEqual([load.requestCount, load.schedule, load.client.threadCount], [0, null, 3]);
    assert.deepEqual(load.pacing, { kind: 'constant', requestsPerSecond: 50 });
  });

  it('cannot share a trace of more times than memory is taken for', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const inFlight = { limit: 64, whenFull: 'wait' } as const;
    const pacing = { kind: 'trace', file: 'times', schedule: constantRate(1e9), inFlight } as const;
    await assert.rejects(runLoad(scriptedLoad(server, { pacing, threads: 2 })), {
      ...{ exitCode: 2, code: 'trace' },
      message: 'times has more than 16777216 requests in one warm-up and window, which several threads cannot share',
    });
  });

  it('keeps the intervals of the schedule between requests of different threads', () =>
    undisturbed(async () => {
      await using server = await startScriptedServer({ steps: [{}] }, { thread: true });
      const schedule = Array.from({ length: 20 }, (_, index) => 50 * ms + index * 25 * ms);
      const pacing = { kind: 'trace', file: 'times', schedule, inFlight: { limit: 64, whenFull: 'wait' } } as const;
      const load = await runLoad(
        scriptedLoad(server, {
          threads: 2,
          pacing,
          windowNs: 600 * ms,
          warmup: { minimumNs: 0, minimumRequestCount: 0 },
        }),
      );
      assert.deepEqual([load.requestCount, load.pacing], [20, { kind: 'trace', file: 'times' }]);
      const arrivals = (await server.record()).arrivalsNs.slice(-20);
      const gaps = arrivals.slice(1).map((atNs, index) => atNs - (arrivals[index] ?? 0));
      // Threads that started apart would make each second gap longer and the others shorter by as much.
      for (const parity of [0, 1]) {
        const [median = 0] = gaps
          .filter((_, index) => index % 2 === parity)
          .sort((a, b) => a - b)
          .slice(4);
        assert(Math.abs(median - 25 * ms) < 5 * ms, gaps.join());
      }
    }));
});

describe('the end of a load in several threads', { timeout: 120_000 }, () => {
  it('comes within a second of the signal, and leaves no connection', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    const reason = new Error('enough');
    const controller = new AbortController();
    const load = runLoad(scriptedLoad(server, { threads: 2, windowNs: 60e9, signal: controller.signal }));
    while ((await server.record()).openConnectionCount < 4) await delay(20);
    const abortedMs = performance.now();
    controller.abort(reason);
    await assert.rejects(load, reason);
    // A second is promised; a busy host may add as much.
    assert(performance.now() - abortedMs < 2_000);
    while ((await server.record()).openConnectionCount > 0) await delay(20);
  });

  it('comes at once where the signal was given before', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const reason = new Error('never');
    await assert.rejects(runLoad(scriptedLoad(server, { threads: 2, signal: AbortSignal.abort(reason) })), reason);
    assert.equal((await server.record()).connectionCount, 0);
  });

  it('comes with what its listener throws', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] });
    const broken = new Error('a listener broke');
    const onWindow = (): void => {
      throw broken;
    };
    for (const threads of [1, 2]) await assert.rejects(runLoad(scriptedLoad(server, { threads, onWindow })), broken);
  });

  it('comes with the death of a thread, however it dies', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const dying = new URL('./fixtures/dying-thread.ts', import.meta.url);
    const { threads, ...load } = scriptedLoad(server);
    const deaths = {
      exit: (error: unknown) => error instanceof Failure && error.exitCode === 4 && /exit code 3/.test(error.message),
      throw: (error: unknown) => error instanceof TypeError && error.message === 'a bug in a thread',
    };
    for (const [model, known] of Object.entries(deaths)) {
      await using crew = new Crew(dying);
      await assert.rejects(runTeam({ ...load, target: { ...load.target, model } }, 2, {}, crew), known);
    }
  });

  it('leaves a crew for the next load, new where it had to end', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] });
    await using crew = new Crew();
    const given = { threads: 2, windowNs: 50 * ms, crew };
    const first = crew.muster(2);
    assert((await runLoad(scriptedLoad(server, given))).requestCount > 0);
    assert.deepEqual((await runLoad(scriptedLoad(server, given))).errors, {});
    assert(crew.muster(2).every((thread, index) => thread === first[index]));
    const reason = new Error('enough');
    const signal = AbortSignal.timeout(200);
    await assert.rejects(runLoad(scriptedLoad(server, { ...given, windowNs: 60e9, signal })));
    assert(first.every(({ alive }) => !alive));
    assert((await runLoad(scriptedLoad(server, given))).requestCount > 0);
    await assert.rejects(runLoad(scriptedLoad(server, { ...given, signal: AbortSignal.abort(reason) })), reason);
  });

  it('leaves no thread behind', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] });
    const resources = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const before = resources();
    await runLoad(scriptedLoad(server, { threads: 2, windowNs: 50 * ms }));
    assert.equal(resources(), before);
  });
});
