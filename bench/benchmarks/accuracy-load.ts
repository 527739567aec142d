import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { irisModel } from '../engines/staged-repository.ts';
import { encodeElements } from '../kserve/tensors.ts';
import { runClosedLoop } from '../load/closed-loop.ts';
import type { LoadMeasurement } from '../load/measurement.ts';
import { type OpenLoop, runOpenLoop } from '../load/open-loop.ts';
import { constantRate } from '../load/pacing/schedule.ts';
import { loadTransport, plainTarget } from '../load/transport.ts';
import type { Transport as TransportName } from '../plan/plan.ts';
import { type HeldAnswer, readHeldAnswers } from './held-times.ts';
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

export type AccuracyLoad = {
  /** Of the delay server. */
  readonly flags: readonly string[];
  /** Closed with 8 outstanding, or an open loop as given, by default 1 000 requests per second with at most 8 in flight. */
  readonly pacing: 'closed' | Partial<OpenLoop>;
  readonly windowNs: number;
};

export type HeldLoad = {
  readonly measurement: LoadMeasurement;
  /** Those of the window. */
  readonly samples: readonly Sample[];
  readonly held: readonly HeldAnswer[];
};

/** One load on a delay server of its own. */
export async function loadDelayServer(
  { program, transport: name, signal }: AccuracyRun,
  { flags, pacing, windowNs }: AccuracyLoad,
): Promise<HeldLoad> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'tritune-accuracy-'));
  const log = join(folder.path, 'held');
  const server = await startNative(program, [...flags, '--log', log]);
  try {
    const transport = await loadTransport(name);
    const target = plainTarget(server.address, irisModel);
    const requests = numbers.map((id) => ({ ...transport.encode(target, [rowOf(id)]), expected: irisAnswer }));
    using carrier = new RecordingCarrier(transport.open(target, { shared: transport.sharesConnections }), requests);
    let opened = 0;
    const common = { carrier, requests, batchSize: 1, windowNs, limitsNs: [], requestTimeoutNs: 10e9, signal };
    // The answer that opens the window is the first one in it.
    const onWindow = (edge: 'open' | 'close'): void => {
      if (edge === 'open') opened = carrier.samples.length - 1;
    };
    const measurement = await (pacing === 'closed'
      ? runClosedLoop({ ...common, concurrency, warmup: { minimumNs: warmupNs, minimumRequestCount: 100 }, onWindow })
      : runOpenLoop({ ...common, ...openLoop, ...pacing }));
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

const concurrency = 8;
export const openLoopPerSecond = 1_000;
const warmupNs = 300e6;
/** Enough for a closed loop of 8 at 1 ms for 10 s; each request carries its number, so that both sides can be paired. */
const requestCount = 90_000;
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
