import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScriptedRecord } from '../testing/scripted-record.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { undisturbed } from '../testing/undisturbed.ts';
import { mergeHistograms } from './recorder.ts';
import { loadOn, scriptedRequests, times } from './scripted-load.test-suite.ts';

const ms = 1e6;

describe('a closed loop on a server with a known delay', () => {
  it('measures its rate and its latency', () =>
    undisturbed(async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 50 }] }, { thread: true });
      const load = await loadOn(server, { windowNs: 600 * ms, batchSize: 3 });
      assert.deepEqual(load.errors, {});
      assertWithin(load.requestsPerSecond, serverRate(await server.record(), load.requestCount), 0.03);
      assertWithin(load.requestsPerSecond, 80, 0.15);
      assert.equal(load.inferencesPerSecond, load.requestsPerSecond * 3);
      assert(load.latency.minNs >= 50 * ms, `min ${load.latency.minNs}`);
      assert(load.latency.p50Ns <= 60 * ms, `p50 ${load.latency.p50Ns}`);
      assert(load.pressureRatio > 0.96 && load.pressureRatio < 1.001, `pressure ${load.pressureRatio}`);
      assert(load.window.closeNs - load.window.openNs >= 600 * ms);
      assert.equal(load.requestCount, load.latency.count);
    }));

  it('waits in line where the server has fewer workers', () =>
    undisturbed(async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 25 }], workers: 1 }, { thread: true });
      const load = await loadOn(server, {
        windowNs: 500 * ms,
        warmup: { minimumNs: 150 * ms, minimumRequestCount: 4 },
      });
      assert.deepEqual(load.errors, {});
      assertWithin(load.requestsPerSecond, serverRate(await server.record(), load.requestCount), 0.03);
      assertWithin(load.requestsPerSecond, 40, 0.15);
      assert(load.latency.minNs >= 99 * ms, `min ${load.latency.minNs}`);
      assert(load.latency.p50Ns <= 120 * ms, `p50 ${load.latency.p50Ns}`);
    }));

  it('uses one connection for each request outstanding, never two requests on one', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] }, { thread: true });
    const load = await loadOn(server, { concurrency: 6 });
    const { connectionCount, mostOutstandingPerConnection, mostOutstanding, ...record } = await server.record();
    assert.deepEqual([connectionCount, mostOutstandingPerConnection, mostOutstanding], [6, 1, 6]);
    assert(record.requestsPerConnection.every((count) => count > 5));
    assert.equal(record.requestCount, record.answeredCount);
    assert.equal(load.checkedCount, record.requestCount);
  });

  it('sends all distinct requests in rotation', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 1 }] });
    await loadOn(server, { requests: scriptedRequests(server, 7), concurrency: 1 });
    const { bodies } = await server.record();
    assert(bodies.length > 21);
    assert.deepEqual(
      bodies,
      bodies.map((_, index) => index % 7),
    );
  });

  it('shows a server that stalls for a second', () =>
    undisturbed(async () => {
      const steps = [...times(30, { holdMs: 5 }), { holdMs: 1_000 }, { holdMs: 5 }];
      await using server = await startScriptedServer({ steps, repeatFrom: 31, workers: 1 });
      const load = await loadOn(server, { concurrency: 2, windowNs: 400 * ms });
      assert(load.latency.maxNs >= 1_000 * ms);
      assert(load.window.closeNs - load.window.openNs >= 1_000 * ms);
      assert(load.pressureRatio > 0.97, `pressure ${load.pressureRatio}`);
    }));

  it('counts latencies above each limit exactly', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }, { holdMs: 60 }] });
    const load = await loadOn(server, { concurrency: 1, windowNs: 400 * ms, limitsNs: [1 * ms, 30 * ms, 5_000 * ms] });
    const histogram = mergeHistograms([load.latency.histogram]);
    let slowCount = 0;
    for (const { valueIteratedTo, countAddedInThisIterationStep } of recorded(histogram)) {
      if (valueIteratedTo > 30 * ms) slowCount += countAddedInThisIterationStep;
    }
    assert(Math.abs(slowCount - load.requestCount / 2) <= 1);
    assert.deepEqual(load.aboveLimits, [
      { limitNs: 1 * ms, count: load.requestCount },
      { limitNs: 30 * ms, count: slowCount },
      { limitNs: 5_000 * ms, count: 0 },
    ]);
  });
});

describe('the warm-up of a closed loop', () => {
  it('lasts as long and takes as many requests as asked', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] });
    for (const warmup of [
      { minimumNs: 150 * ms, minimumRequestCount: 1 },
      { minimumNs: 0, minimumRequestCount: 90 },
    ]) {
      const load = await loadOn(server, { windowNs: 50 * ms, warmup });
      assert(load.window.openNs >= warmup.minimumNs);
      assert(load.warmup.requestCount >= warmup.minimumRequestCount);
      assert.equal(load.warmup.durationNs, load.window.openNs);
    }
  });

  it('keeps the first request of each connection out of the window and tells the very first', () =>
    undisturbed(async () => {
      const steps = [{ holdMs: 300 }, ...times(3, { holdMs: 100 }), { holdMs: 5 }];
      await using server = await startScriptedServer({ steps, repeatFrom: 4 });
      const load = await loadOn(server, { windowNs: 100 * ms, warmup: { minimumNs: 0, minimumRequestCount: 1 } });
      assert(load.warmup.firstRequestNs >= 300 * ms && load.warmup.firstRequestNs < 400 * ms);
      assert(load.latency.maxNs < 100 * ms, `max ${load.latency.maxNs}`);
    }));
});

describe('the edges of a window', () => {
  it('are told once each while load goes on', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] });
    const edges: string[] = [];
    const counts: Promise<number>[] = [];
    const load = await loadOn(server, {
      onWindow: (edge) => {
        edges.push(edge);
        counts.push(server.record().then(({ requestCount }) => requestCount));
      },
    });
    assert.deepEqual(edges, ['open', 'close']);
    const [before = 0, after = 0] = await Promise.all(counts);
    // Each edge shows with the first completion behind it, and up to 4 requests are outstanding then.
    assert(Math.abs(after - before - load.requestCount) <= 8, `${before} ${after} ${load.requestCount}`);
    assert(load.client.cpuNs > 0 && load.client.eventLoopUtilization > 0);
  });

  it('reject the load where their listener throws', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 5 }] });
    const onWindow = (): void => {
      throw new TypeError('a bug in the listener');
    };
    await assert.rejects(loadOn(server, { onWindow }), /a bug in the listener/);
  });
});

describe('a closed loop that cannot be', () => {
  const nowhere = { address: { host: '127.0.0.1', port: 1 } };
  it('is refused: without requests, or without a connection', async () => {
    await assert.rejects(loadOn(nowhere, { requests: [] }), RangeError);
    for (const concurrency of [0, Number.NaN]) await assert.rejects(loadOn(nowhere, { concurrency }), RangeError);
  });
});

function assertWithin(value: number, expected: number, ratio: number): void {
  assert(Math.abs(value / expected - 1) <= ratio, `${value} is not within ${ratio * 100} % of ${expected}`);
}

/**
 * Answers per second in the window as the server saw it: how long it really held each is up to the machine. After the
 * window come the answer that shows its end, the other three outstanding then, and one that was sent just before.
 */
function serverRate({ answersNs }: ScriptedRecord, requestCount: number): number {
  const [open = 0, ...inside] = answersNs.slice(-6 - requestCount, -5);
  return (requestCount * 1e9) / ((inside.at(-1) ?? 0) - open);
}

type Step = { valueIteratedTo: number; countAddedInThisIterationStep: number };

function recorded(histogram: ReturnType<typeof mergeHistograms>): Step[] {
  const iterator = (
    histogram as unknown as { recordedValuesIterator: { reset(): void; hasNext(): boolean; next(): Step } }
  ).recordedValuesIterator;
  iterator.reset();
  const steps: Step[] = [];
  while (iterator.hasNext()) steps.push({ ...iterator.next() });
  return steps;
}
