import { runClosedLoop } from '../closed-loop.ts';
import type { ClientCost, LoadMeasurement } from '../measurement.ts';
import { hrtimeNs } from '../open-loop/alarm-memory.ts';
import { runOpenLoop } from '../open-loop.ts';
import { split } from '../pacing/schedule.ts';
import { type Carrier, loadTransport } from '../transport.ts';
import type { WarmupGate } from '../warmup-gate.ts';
import { type ClientSigns, ClientWatch } from './client-watch.ts';
import { askedOf, type LoadPart, scheduleOf } from './load-spec.ts';
import type { ThreadPlace } from './split.ts';

/** What the client was during a load: of several threads the worst, of the whole process where it says so. */
export type ClientDiagnosis = ClientCost &
  ClientSigns & {
    /** Threads that sent. */
    readonly threadCount: number;
    /** Processor time of the whole process by requests in the window; null without any. */
    readonly cpuPerRequestNs: number | null;
  };

export type DiagnosedLoad = LoadMeasurement & { readonly client: ClientDiagnosis };

export type PartHooks = {
  readonly signal?: AbortSignal;
  readonly onWindow?: (edge: 'open' | 'close') => void;
  /** Where the load is one thread's part of a larger one. */
  readonly team?: TeamPlace;
};

/** Which part of a load a thread has, and how it starts with the others. */
export type TeamPlace = ThreadPlace & { readonly gate: WarmupGate; readonly startNs: () => number };

/** What one thread measured; `startNs` is when its load began, by the clock that all threads share (`process.hrtime`). */
export type PartResult = { readonly startNs: number; readonly measurement: DiagnosedLoad };

/** Runs a load in this thread. */
export async function runPart(part: LoadPart, hooks: PartHooks): Promise<PartResult> {
  const transport = await loadTransport(part.transport);
  using carrier = transport.open(part.target, { shared: part.shared });
  using watch = new ClientWatch();
  const startNs = hrtimeNs();
  const measurement = await runLoop(part, carrier, {
    ...hooks,
    onWindow(edge) {
      watch[edge]();
      hooks.onWindow?.(edge);
    },
  });
  const client = { ...measurement.client, ...(await watch.signs()), threadCount: 1 };
  return { startNs, measurement: { ...measurement, client: withCostPerRequest(client, measurement.requestCount) } };
}

function runLoop(part: LoadPart, carrier: Carrier, { signal, onWindow, team }: PartHooks): Promise<LoadMeasurement> {
  const { requests, pacing, batchSize, warmup, windowNs, limitsNs, requestTimeoutNs } = part;
  const { errorLimit, drainNs, firstAnswerNs } = part;
  const common = {
    ...{ carrier, requests, batchSize, windowNs, limitsNs, requestTimeoutNs },
    ...(firstAnswerNs === undefined ? {} : { firstAnswerNs }),
    ...(signal === undefined ? {} : { signal }),
    ...(onWindow === undefined ? {} : { onWindow }),
    ...(team === undefined ? {} : { gate: team.gate }),
  };
  if (pacing.kind === 'closed') {
    const ends = { ...(errorLimit === undefined ? {} : { errorLimit }), ...(drainNs === undefined ? {} : { drainNs }) };
    return runClosedLoop({
      ...common,
      ...ends,
      concurrency: pacing.concurrency,
      warmup,
      timeline: part.timeline === true,
    });
  }
  const schedule = scheduleOf(pacing);
  return runOpenLoop({
    ...common,
    pacing: askedOf(pacing),
    inFlight: pacing.inFlight,
    warmupNs: warmup.minimumNs,
    schedule: team === undefined ? schedule : split(schedule, team.index, team.threadCount),
    ...(team === undefined
      ? {}
      : { startNs: team.startNs, firstLaneCount: Math.ceil(firstLaneCount / team.threadCount) }),
  });
}

/** Connections of all threads of an open loop together before its schedule starts. */
const firstLaneCount = 16;

export function withCostPerRequest(
  client: Omit<ClientDiagnosis, 'cpuPerRequestNs'>,
  requestCount: number,
): ClientDiagnosis {
  return { ...client, cpuPerRequestNs: requestCount === 0 ? null : client.cpuNs / requestCount };
}
