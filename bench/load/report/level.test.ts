import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DiagnosedLoad } from '../threads/run-load.ts';
import { csvTable } from './csv.ts';
import { isStable } from './judgement.ts';
import { lastLines } from './last-lines.ts';
import { type LevelQuestion, type LevelReport, type MeasuredWindow, reportLevel } from './level.ts';
import { serverShare } from './server-share.ts';
import { counted, measuredLoad } from './windows.test-suite.ts';

const question: LevelQuestion = { batchSize: 1, percentile: null, thresholdNs: null, stabilityRatio: 0.1 };
const ms = 1e6;

function report(loads: readonly DiagnosedLoad[], changes: Partial<LevelQuestion> = {}): LevelReport {
  const [first, ...others] = loads.map((load): MeasuredWindow => ({ load, server: null }));
  assert(first !== undefined);
  return reportLevel([first, ...others], { ...question, ...changes });
}

function repeated(latencyNs: number, count: number): number[] {
  return Array.from({ length: count }, () => latencyNs);
}

describe('a level of several windows', () => {
  it('has the rate of all time together and the percentiles of all requests together', () => {
    const level = report([measuredLoad(repeated(10 * ms, 90)), measuredLoad(repeated(100 * ms, 10))], { batchSize: 4 });
    assert.equal(level.requestCount, 100);
    assert.equal(level.durationMs, 1_900);
    assert.equal(Math.round(level.requestsPerSecond * 1e6), Math.round((100 / 1.9) * 1e6));
    assert.equal(level.inferencesPerSecond, 4 * level.requestsPerSecond);
    assert.equal(level.latencyNs.mean, 19 * ms);
    assert.equal(Math.round((level.latencyNs.p90 ?? 0) / ms), 10);
    assert.equal(level.latencyNs.p99, 100 * ms);
    assert.equal(level.latencyNs.max, 100 * ms);
    assert.equal(Number(level.spreadRatio?.toFixed(3)), Number((90 / 55).toFixed(3)));
    assert.deepEqual(level.invalid, []);
  });

  it('never tells a percentile above the maximum', () => {
    const level = report([measuredLoad([1_000_001, 1_000_001, 1_000_003])]);
    assert.equal(level.latencyNs.p999, 1_000_003);
    assert.equal(level.latencyNs.max, 1_000_003);
  });

  it('says so where latencies are longer than percentiles can tell', () => {
    const level = report([measuredLoad(repeated(120_000 * ms, 2))]);
    assert.deepEqual([level.latencyNs.mean, level.latencyNs.max], [120_000 * ms, 120_000 * ms]);
    const note = /longer than 60 s: in the percentiles they count as that/;
    assert(level.notes.some((text) => note.test(text)));
    assert(!report([measuredLoad([60_000 * ms])]).notes.some((text) => note.test(text)));
  });

  it('is without numbers, not with zeros, where nothing was answered', () => {
    const level = report([measuredLoad([], { errors: { connect: 7, reset: 1 } })], { percentile: 99 });
    assert.deepEqual(level.latencyNs, {
      ...{ count: 0, mean: null, min: null, p50: null, p90: null, p95: null, p99: null, p999: null, max: null },
    });
    assert.equal(level.stabilizingNs, null);
    assert.equal(level.client.cpuPerRequestNs, null);
    assert.deepEqual(level.invalid, [
      '7 failed: connect',
      '1 failed: reset',
      'no request was answered rightly in the window',
    ]);
    assert.deepEqual(csvTable([level], null).split('\n')[1], '1,0,0,,,,,,0,,,,');
    assert.equal(lastLines([level], 99)[1], 'Concurrency: 1, throughput: 0 infer/sec, latency n/a');
  });

  it('is invalid where the client was the limit or kept no pressure', () => {
    const busy = measuredLoad(repeated(ms, 10));
    const client = { ...busy.client, eventLoopUtilization: 0.99 };
    const [reason = '', ...more] = report([
      { ...busy, client },
      { ...busy, client },
    ]).invalid;
    assert.match(reason, /the client was busy 99 % of the time/);
    assert.deepEqual(more, [], 'the same reason once');
    assert.match(report([{ ...busy, pressureRatio: 0.9 }]).invalid[0] ?? '', /only 90.0 % of the requests/);
  });

  it('meets a threshold of the mean, or of a percentile by what was counted above it', () => {
    const load = (aboveCount: number): DiagnosedLoad =>
      measuredLoad(repeated(4 * ms, 100), { aboveLimits: [{ limitNs: 5 * ms, count: aboveCount }] });
    const met = (changes: Partial<LevelQuestion>, aboveCount = 0): boolean | null =>
      report([load(aboveCount)], changes).meetsThreshold;
    assert.equal(met({}), null);
    assert.equal(met({ thresholdNs: 4 * ms }), true);
    assert.equal(met({ thresholdNs: 3.9 * ms }), false);
    assert.equal(met({ thresholdNs: 5 * ms, percentile: 99 }, 1), true);
    assert.equal(met({ thresholdNs: 5 * ms, percentile: 99 }, 2), false);
    const thousand = measuredLoad(repeated(ms, 1_000), { aboveLimits: [{ limitNs: 5 * ms, count: 1 }] });
    assert.equal(report([thousand], { thresholdNs: 5 * ms, percentile: 99.9 }).meetsThreshold, true);
    assert.equal(report([measuredLoad([])], { thresholdNs: ms }).meetsThreshold, null);
    const failing = measuredLoad([ms], { errors: { timeout: 1 } });
    assert.equal(report([failing], { thresholdNs: 5 * ms }).meetsThreshold, false);
    const failed = measuredLoad([], { errors: { 'http-5xx': 9 } });
    assert.equal(report([failed], { thresholdNs: 5 * ms }).meetsThreshold, false);
  });

  it('is stable where the last three windows agree', () => {
    const window = (requestsPerSecond: number, meanNs: number) => ({
      ...{ startedAt: '', requestCount: 1, failedCount: 0, requestsPerSecond, meanNs },
    });
    assert.equal(isStable([window(100, 1), window(100, 1)], 0.1), false);
    assert.equal(isStable([window(1, 9), window(95, 1), window(100, 1), window(105, 1)], 0.1), true);
    assert.equal(isStable([window(80, 1), window(100, 1), window(120, 1)], 0.1), false);
    assert.equal(isStable([window(100, 1), window(100, 1), window(100, 2)], 0.1), false);
  });
});

describe('the server in a level', () => {
  const client = { meanNs: 1_000, requestCount: 10 };

  it('has its share of the mean request, the rest is the network', () => {
    const phases = { success: 700, queue: 100, computeInput: 50, computeInfer: 400, computeOutput: 50 };
    const { share, note } = serverShare([counted(4, phases, { executionCount: 2 }), counted(6, phases)], client);
    assert.equal(note, null);
    assert.deepEqual(share, {
      ...{ requestCount: 10, meanNs: 700, queueNs: 100, computeInputNs: 50, computeInferNs: 400, computeOutputNs: 50 },
      ...{ networkNs: 400, meanBatch: 10 / 8, cacheHitCount: 0 },
    });
  });

  it('is left out where its counters cannot be, and that is said', () => {
    const cases: [Parameters<typeof serverShare>, RegExp][] = [
      [[[null], client], /did not tell/],
      [[[counted(10, { success: 1 }), null], client], /did not tell/],
      [[[counted(0, {})], client], /counted no request/],
      [[[counted(-3, { success: 5 })], client], /went back/],
      [[[counted(10, {}, { cacheHitCount: -1 })], client], /went back/],
      [
        [[counted(600, { success: 5 })], { ...client, requestCount: 1_101 }],
        /counted 600 requests .* 1101: it was restarted/,
      ],
      [[[counted(2 ** 53, { success: 0 })], client], /more than can be/],
      [[[counted(10, { success: 1_100 })], client], /more time for a request than the client waited/],
      [[[counted(10, { computeInfer: 1_100 })], client], /more time for a request/],
      [[[counted(10, { success: 1 })], { meanNs: null, requestCount: 0 }], /counted no request/],
    ];
    for (const [args, note] of cases) {
      const seen = serverShare(...args);
      assert.equal(seen.share, null);
      assert.match(seen.note ?? '', note);
    }
  });

  it('serves others as well where it counted many more', () => {
    assert.equal(serverShare([counted(200, { success: 1 })], client).note, null);
    assert.equal(serverShare([counted(600, { success: 1 })], { ...client, requestCount: 1_100 }).note, null);
    assert.match(serverShare([counted(400, { success: 1 })], client).note ?? '', /others use the model too/);
  });
});

describe('the table for programs', () => {
  it('has the columns of perf_analyzer, whole microseconds, and rows by rising throughput', () => {
    const fast = { ...report([measuredLoad(repeated(ms, 10))]), level: 8 };
    const slow = { ...report([measuredLoad(repeated(2 * ms, 10))]), level: 16 };
    const share = { requestCount: 10, meanNs: 900e3, queueNs: 100_400, computeInputNs: 1e3, computeInferNs: 700e3 };
    const more = { computeOutputNs: 2e3, networkNs: 196_600, meanBatch: 1, cacheHitCount: 0 };
    const [header, ...rows] = csvTable([{ ...fast, server: { ...share, ...more } }, slow], null)
      .trimEnd()
      .split('\n');
    assert.equal(
      header,
      'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency',
    );
    assert.deepEqual(rows, ['16,500,0,,,,,,0,2000,2000,2000,2000', '8,1000,0,197,100,1,700,2,0,1000,1000,1000,1000']);
    assert.match(csvTable([slow], 99.9), /,p99 latency,p99.9 latency\n.*,2000\n$/);
    assert.doesNotMatch(csvTable([slow], 95), /p95 latency.*p95/);
    assert.deepEqual(lastLines([slow], null), [
      'Inferences/Second vs. Client Average Batch Latency',
      'Concurrency: 16, throughput: 500 infer/sec, latency 2000 usec',
    ]);
  });
});
