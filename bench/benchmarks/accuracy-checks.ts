import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { irisModel } from '../engines/staged-repository.ts';
import { encodeElements } from '../kserve/tensors.ts';
import { runClosedLoop } from '../load/closed-loop.ts';
import type { LoadMeasurement } from '../load/measurement.ts';
import { runOpenLoop } from '../load/open-loop.ts';
import { constantRate } from '../load/pacing/schedule.ts';
import { type LatencyRecord, mergeHistograms } from '../load/recorder.ts';
import { loadTransport, plainTarget } from '../load/transport.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import { type HeldAnswer, pairUp, percentile, percentileBounds, readHeldAnswers } from './held-times.ts';
import { irisAnswer } from './iris-question.ts';
import { startNative } from './native-server.ts';
import { RecordingCarrier, type Sample } from './recording-carrier.ts';

export type AccuracyRun = {
  /** The compiled delay server. */
  readonly program: string;
  readonly transport: TransportName;
  readonly seconds: number;
  readonly signal: AbortSignal;
};

/** One figure; `isWithin` is null for those that only explain the others. */
export type Finding = {
  /** Transport, pacing and what the server did. */
  readonly run: string;
  readonly what: string;
  readonly value: string;
  readonly limit: string | null;
  readonly isWithin: boolean | null;
};

type Pacing = 'closed' | 'open';

const concurrency = 8;
const openLoopPerSecond = 1_000;
const warmupNs = 300e6;
/** Enough for a closed loop of 8 at 1 ms for 10 s; each request carries its number, so that both sides can be paired. */
const requestCount = 90_000;
const addedLimitsNs = { 50: 0.3e6, 99: 1e6 } as const;
/** A histogram of three digits, and the clock read once more by whoever keeps the samples. */
const reportedLimit = { ratio: 0.001, ns: 5_000 } as const;

/** Per request, our latency less the time held; and the percentiles reported against the sorted samples themselves. */
export async function checkHeldTimes(
  run: AccuracyRun & {
    readonly hold: { readonly name: string; readonly flags: readonly string[] };
    readonly pacing: Pacing;
  },
): Promise<Finding[]> {
  const { transport, hold, pacing, seconds } = run;
  const { measurement, samples, held } = await load(run, { flags: hold.flags, pacing, windowNs: seconds * 1e9 });
  const added = pairUp(samples, held).map(({ addedNs }) => addedNs);
  const name = `${transport}, ${pacing} loop, ${hold.name}`;
  const late = held.map(({ lateNs }) => lateNs);
  const reported = pacing === 'open' ? measurement.schedule?.service : measurement.latency;
  return [
    ...([50, 99] as const).map((percent) => {
      const ns = percentile(added, percent);
      const limitNs = addedLimitsNs[percent];
      const isWithin = ns <= limitNs;
      return judged(name, `p${percent} of latency less time held`, ns, {
        limit: `at most ${milliseconds(limitNs)}`,
        isWithin,
      });
    }),
    explained(name, 'p99 of how late the server itself was', percentile(late, 99)),
    ...(reported === undefined ? [] : compareReported(name, reported, samples)),
  ];
}

/**
 * A server that stands still for 1 s of the 10 s measured, at 1 000 requests per second: a tenth of the requests wait for
 * what is left of that second, so p99 is 0.9 s, p95 0.5 s and the mean 50 ms. With at most 8 requests in flight, timing from
 * the send hides it, which is shown beside. The queue that the stall leaves takes its time as well: it adds little to p99,
 * and half of what it takes in all to p95.
 */
export async function checkStall(run: AccuracyRun): Promise<Finding[]> {
  const flags = ['--hold-us', '0', '--stall-ms', '1000', '--stall-each-ms', '10000'];
  const { measurement } = await load(run, { flags, pacing: 'open', windowNs: 10e9 });
  const { latency, schedule } = measurement;
  if (schedule === null) throw new Error('an open loop has a schedule');
  const name = `${run.transport}, open loop, ${openLoopPerSecond}/s, a stall of 1 s in 10 s`;
  const rows = [
    { what: 'p99', of: percentileOf(99), formulaNs: 900e6, tolerance: 0.02 },
    { what: 'p95', of: percentileOf(95), formulaNs: 500e6, tolerance: 0.1 },
    { what: 'mean', of: ({ sumNs, count }: LatencyRecord) => sumNs / count, formulaNs: 50e6, tolerance: 0.1 },
  ];
  return rows.flatMap(({ what, of, formulaNs, tolerance }) => {
    const ns = of(latency);
    return [
      judged(name, `${what} from the intended time`, ns, {
        limit: `${milliseconds(formulaNs)} by the formula, ${tolerance * 100} % more or less`,
        isWithin: Math.abs(ns / formulaNs - 1) <= tolerance,
      }),
      explained(name, `${what} from the send`, of(schedule.service)),
    ];
  });
}

function percentileOf(percent: number): (record: LatencyRecord) => number {
  return ({ histogram }) => mergeHistograms([histogram]).getValueAtPercentile(percent);
}

/** One load on a delay server of its own; `samples` are those of the window. */
async function load(
  { program, transport: name, signal }: AccuracyRun,
  { flags, pacing, windowNs }: { flags: readonly string[]; pacing: Pacing; windowNs: number },
): Promise<{ measurement: LoadMeasurement; samples: readonly Sample[]; held: readonly HeldAnswer[] }> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tritune-accuracy-'));
  const log = join(folder.path, 'held');
  const server = await startNative(program, [...flags, '--log', log]);
  try {
    const transport = await loadTransport(name);
    const target = plainTarget(server.address, irisModel);
    const requests = numbers.map((id) => ({ ...transport.encode(target, [rowOf(id)]), expected: irisAnswer }));
    using carrier = new RecordingCarrier(transport.open(target, { shared: false }), requests);
    let opened = 0;
    const common = { carrier, requests, batchSize: 1, windowNs, limitsNs: [], requestTimeoutNs: 10e9, signal };
    // The answer that opens the window is the first one in it.
    const onWindow = (edge: 'open' | 'close'): void => {
      if (edge === 'open') opened = carrier.samples.length - 1;
    };
    const measurement = await (pacing === 'closed'
      ? runClosedLoop({ ...common, concurrency, warmup: { minimumNs: warmupNs, minimumRequestCount: 100 }, onWindow })
      : runOpenLoop({ ...common, ...openLoop }));
    // Its log is written when it ends.
    await server[Symbol.asyncDispose]();
    const samples =
      pacing === 'closed'
        ? carrier.samples.slice(opened, opened + measurement.requestCount)
        : inWindow(carrier.samples, measurement);
    return { measurement, samples, held: readHeldAnswers(log) };
  } finally {
    await server[Symbol.asyncDispose]();
  }
}

const numbers = Array.from({ length: requestCount }, (_, index) => index);

const openLoop = {
  warmupNs,
  pacing: { kind: 'constant', requestsPerSecond: openLoopPerSecond },
  schedule: constantRate(openLoopPerSecond),
  inFlight: { limit: concurrency, whenFull: 'wait' },
} as const;

/** The schedule is kept in order: what was sent last before the window closed is the last of the window. */
function inWindow(samples: readonly Sample[], { requestCount: count }: LoadMeasurement): readonly Sample[] {
  return [...samples].sort((a, b) => a.sentNs - b.sentNs).slice(-count);
}

function rowOf(id: number) {
  return { name: 'input', datatype: 'FP32', shape: [1, 4], data: encodeElements('FP32', [id, 0, 0, 0]) } as const;
}

function compareReported(run: string, reported: LatencyRecord, samples: readonly Sample[]): Finding[] {
  const latencies = samples.map(({ sentNs, answeredNs }) => answeredNs - sentNs);
  const merged = mergeHistograms([reported.histogram]);
  const meanNs = latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length;
  const reportedMeanNs = reported.sumNs / reported.count;
  return [
    judged(run, `mean reported of ${reported.count} requests`, reportedMeanNs, {
      limit: `${milliseconds(meanNs)} of the ${latencies.length} samples, 5 us more or less`,
      isWithin: reported.count === latencies.length && Math.abs(reportedMeanNs - meanNs) <= reportedLimit.ns,
    }),
    ...[50, 90, 99, 99.9].map((percent) => {
      const told = merged.getValueAtPercentile(percent);
      const [low, high] = percentileBounds(latencies, percent);
      const { ratio, ns } = reportedLimit;
      return judged(run, `p${percent} reported`, told, {
        limit: `${milliseconds(high)} in the sorted samples, 0.1 % and 5 us more or less`,
        isWithin: told >= low * (1 - ratio) - ns && told <= high * (1 + ratio) + ns,
      });
    }),
  ];
}

function judged(run: string, what: string, ns: number, limit: { limit: string; isWithin: boolean }): Finding {
  return { run, what, value: milliseconds(ns), ...limit };
}

function explained(run: string, what: string, ns: number): Finding {
  return { run, what, value: milliseconds(ns), limit: null, isWithin: null };
}

function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(3)} ms`;
}
