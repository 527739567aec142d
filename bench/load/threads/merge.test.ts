import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../random.ts';
import type { ScheduleKept } from '../measurement.ts';
import { type LatencyRecord, LatencyRecorder, mergeHistograms } from '../recorder.ts';
import type { Timeline } from '../timeline.ts';
import { mergeLatencies, mergeParts, type TeamAsked, type TeamPart } from './merge.ts';
import type { ClientDiagnosis } from './run-part.ts';

describe('the merged measurement of threads', () => {
  it('has the percentiles of all their requests together, to 3 digits', () => {
    const random = seededRandom(7);
    const parts = [4_000, 1, 900].map((count) => Array.from({ length: count }, () => 10 ** (4 + random.next() * 4)));
    const merged = mergeLatencies(parts.map(recorded));
    const sorted = parts.flat().sort((a, b) => a - b);
    const naive = (percentile: number): number => sorted[Math.ceil((percentile * sorted.length) / 100) - 1] ?? 0;
    assert.equal(merged.count, 4_901);
    assert.deepEqual([merged.minNs, merged.maxNs], [sorted[0], sorted.at(-1)]);
    assert(Math.abs(merged.sumNs / sorted.reduce((sum, each) => sum + each, 0) - 1) < 1e-12);
    assert(Math.abs(merged.p50Ns / naive(50) - 1) <= 1e-3 && Math.abs(merged.p99Ns / naive(99) - 1) <= 1e-3);
    const histogram = mergeHistograms([merged.histogram]);
    for (const percentile of [1, 10, 25, 75, 90, 99.9, 100]) {
      assert(Math.abs(histogram.getValueAtPercentile(percentile) / naive(percentile) - 1) <= 1e-3, `p${percentile}`);
    }
  });

  it('is the same whatever the order of the threads', () => {
    const parts = [part({ startNs: 10, latencies: [5, 6] }), part({ startNs: 20, latencies: [7] })] as const;
    assert.deepEqual(mergeParts([parts[1], parts[0]], closed(2)), mergeParts(parts, closed(2)));
  });

  it('adds counts, rates, errors and what was outstanding', () => {
    const merged = mergeParts(
      [
        part({ latencies: [1e6, 2e6], laneCount: 3, errors: { timeout: 1, reset: 2 } }),
        part({ latencies: [3e6], laneCount: 1, errors: { timeout: 4 } }),
      ],
      closed(2),
    );
    assert.deepEqual([merged.requestCount, merged.requestsPerSecond, merged.inferencesPerSecond], [3, 30, 60]);
    assert.deepEqual(merged.errors, { timeout: 5, reset: 2 });
    assert.deepEqual(merged.aboveLimits, [{ limitNs: 1.5e6, count: 2 }]);
    assert.deepEqual([merged.checkedCount, merged.warmup.requestCount], [8, 10]);
    assert.deepEqual(merged.pacing, { kind: 'closed', concurrency: 4 });
    // 3 and 1 outstanding all through windows of 100 ms.
    assert.deepEqual([merged.outstandingIntegralNs, merged.pressureRatio], [0.4e9, 1]);
  });

  it('puts all times on one clock, from the start of the first thread', () => {
    const merged = mergeParts(
      [
        part({ startNs: 5_000e6, firstRequestNs: 2, startedAt: 'later' }),
        part({ startNs: 4_980e6, firstRequestNs: 9, startedAt: 'first' }),
      ],
      closed(2),
    );
    // Each window opens 50 ms after its thread began and lasts 100 ms.
    assert.deepEqual(merged.window, { openNs: 50e6, closeNs: 170e6 });
    assert.equal(merged.warmup.durationNs, 70e6);
    assert.deepEqual([merged.startedAt, merged.warmup.firstRequestNs], ['first', 9]);
  });

  it('has the one window that the threads of an open loop share, however far apart they say that they began', () => {
    const schedule = kept([0, 0, 0, 0], []);
    const { window } = mergeParts([part({ startNs: 0, schedule }), part({ startNs: 56e6, schedule })], constant);
    assert.deepEqual(window, { openNs: 50e6, closeNs: 150e6 });
  });

  it('tells the worst thread where adding makes no sense', () => {
    const { client } = mergeParts(
      [
        part({
          latencies: [1, 2],
          client: { cpuNs: 900, eventLoopUtilization: 0.2, runQueueWaitRatio: null, stealRatio: 0.1 },
        }),
        part({
          latencies: [3],
          client: {
            cpuNs: 600,
            eventLoopUtilization: 0.8,
            runQueueWaitRatio: 0.3,
            eventLoopDelay: { p50Ns: 1, p99Ns: 2, maxNs: 3 },
            gc: { count: 2, totalNs: 30, maxNs: 20 },
          },
        }),
      ],
      closed(2),
    );
    assert.deepEqual(client, {
      cpuNs: 900,
      cpuPerRequestNs: 300,
      eventLoopUtilization: 0.8,
      runQueueWaitRatio: 0.3,
      eventLoopDelay: { p50Ns: 1, p99Ns: 2, maxNs: 3 },
      gc: { count: 2, totalNs: 30, maxNs: 20 },
      stealRatio: 0.1,
      cpuPressureRatio: null,
      threadCount: 2,
    });
  });

  it('adds the schedules of an open loop', () => {
    const { schedule, pacing, pressureRatio } = mergeParts(
      [part({ schedule: kept([1, 2, 3, 4], [1e3]) }), part({ schedule: kept([10, 20, 30, 40], [2e3, 9e3]) })],
      constant,
    );
    assert.deepEqual(schedule?.meanBacklog, [11, 22, 33, 44]);
    assert.deepEqual(
      [schedule?.intendedCount, schedule?.sentCount, schedule?.droppedCount, schedule?.failedCount],
      [20, 16, 4, 2],
    );
    assert.deepEqual([schedule?.offeredPerSecond, schedule?.inFlightLimit, schedule?.whenFull], [200, 16, 'drop']);
    assert.deepEqual([schedule?.backlogAtOpen, schedule?.backlogAtClose], [2, 6]);
    assert.deepEqual([schedule?.lateness.count, schedule?.lateness.maxNs, schedule?.service.count], [3, 9e3, 3]);
    assert.deepEqual(pacing, { kind: 'constant', requestsPerSecond: 200 });
    assert.equal(pressureRatio, 1);
  });

  it('has the timeline of all of them, from the start of the first, where each kept one', () => {
    const timeline = { binNs: 50e6, counts: [1, 2, 3], latencySumsNs: [10, 20, 30] };
    const merged = (...others: TeamPart[]) =>
      mergeParts([part({ startNs: 100e6, timeline }), ...others], closed(2)).timeline;
    assert.deepEqual(merged(part({ startNs: 51e6, timeline })), {
      binNs: 50e6,
      counts: [1, 3, 5],
      latencySumsNs: [10, 30, 50],
    });
    assert.equal(merged(part({ startNs: 100e6 })), undefined);
  });

  it('is all zero but for warm-up, errors and the client where a thread is missing or its window did not close', () => {
    const whole = part({ latencies: [1e6, 2e6], errors: { timeout: 1 } });
    const open = part({ errors: { reset: 3 }, window: { openNs: 0, closeNs: 0 } });
    for (const merged of [mergeParts([whole], closed(2)), mergeParts([whole, open], closed(2))]) {
      assert.deepEqual(
        [merged.requestCount, merged.requestsPerSecond, merged.latency.count, merged.pressureRatio, merged.schedule],
        [0, 0, 0, 0, null],
      );
      assert.deepEqual(merged.window, { openNs: 0, closeNs: 0 });
      assert.deepEqual(merged.aboveLimits, [{ limitNs: 1.5e6, count: 0 }]);
      assert.equal(merged.errors.timeout, 1);
      assert.equal(merged.client.cpuPerRequestNs, null);
      // What was asked and used, not what is left of it.
      assert.deepEqual([merged.client.threadCount, merged.pacing], [2, { kind: 'closed', concurrency: 4 }]);
    }
  });
});

/** 4 requests outstanding in so many threads, or 200 a second in two. */
const closed = (threadCount: number): TeamAsked => ({ threadCount, pacing: { kind: 'closed', concurrency: 4 } });
const constant: TeamAsked = { threadCount: 2, pacing: { kind: 'constant', requestsPerSecond: 200 } };

type Given = {
  startNs?: number;
  startedAt?: string;
  latencies?: readonly number[];
  laneCount?: number;
  firstRequestNs?: number;
  errors?: TeamPart['measurement']['errors'];
  window?: { openNs: number; closeNs: number };
  client?: Partial<ClientDiagnosis>;
  schedule?: ScheduleKept;
  timeline?: Timeline;
};

/** One thread's part: a window of 100 ms, 50 ms after its start, in batches of 2. */
function part(given: Given): TeamPart {
  const { startNs = 0, latencies = [], laneCount = 1, errors = {}, schedule = null } = given;
  const latency = recorded(latencies);
  return {
    startNs,
    laneCount,
    measurement: {
      startedAt: given.startedAt ?? '2026-01-01T00:00:00.000Z',
      pacing:
        schedule === null ? { kind: 'closed', concurrency: laneCount } : { kind: 'constant', requestsPerSecond: 200 },
      warmup: { durationNs: 50e6, requestCount: 5, firstRequestNs: given.firstRequestNs ?? 1 },
      window: given.window ?? { openNs: 50e6, closeNs: 150e6 },
      requestCount: latencies.length,
      requestsPerSecond: latencies.length * 10,
      inferencesPerSecond: latencies.length * 20,
      outstandingIntegralNs: laneCount * 100e6,
      pressureRatio: 1,
      latency,
      aboveLimits: [{ limitNs: 1.5e6, count: latencies.filter((latencyNs) => latencyNs > 1.5e6).length }],
      errors,
      checkedCount: 4,
      schedule,
      ...(given.timeline === undefined ? {} : { timeline: given.timeline }),
      client: {
        cpuNs: 0,
        cpuPerRequestNs: null,
        eventLoopUtilization: 0,
        runQueueWaitRatio: null,
        eventLoopDelay: null,
        gc: { count: 0, totalNs: 0, maxNs: 0 },
        stealRatio: null,
        cpuPressureRatio: null,
        threadCount: 1,
        ...given.client,
      },
    },
  };
}

function kept(meanBacklog: ScheduleKept['meanBacklog'], latenessNs: readonly number[]): ScheduleKept {
  return {
    offeredPerSecond: 100,
    intendedCount: 10,
    sentCount: 8,
    droppedCount: 2,
    failedCount: 1,
    inFlightLimit: 8,
    whenFull: 'drop',
    lateness: recorded(latenessNs),
    service: recorded(latenessNs),
    backlogAtOpen: 1,
    backlogAtClose: 3,
    meanBacklog,
  };
}

function recorded(latencies: readonly number[]): LatencyRecord {
  const recorder = new LatencyRecorder();
  for (const latencyNs of latencies) recorder.record(latencyNs);
  return recorder.finish();
}
