import type { LoadMeasurement } from '../load/measurement.ts';
import { OpenLoopAccount } from '../load/open-loop/account.ts';
import { Tally } from '../load/tally.ts';
import { askedOf, type OpenPacing, scheduleOf } from '../load/threads/load-spec.ts';
import type { DiagnosedLoad, LoadSpec } from '../load/threads/run-load.ts';
import type { ScriptedHostState } from './scripted-host-state.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** What is said of a load apart from where it goes. */
export type SimulatedLoad = Pick<
  LoadSpec,
  'pacing' | 'batchSize' | 'warmup' | 'windowNs' | 'limitsNs' | 'timeline' | 'requestTimeoutNs' | 'onWindow'
>;

/** `networkNs`: from sending a request until the host has it. */
export type SimulatedPlace = {
  readonly host: ScriptedHostState;
  readonly clock: SimulatedClock;
  readonly networkNs: number;
};

/**
 * A load as the generator would have run it on a scripted host, event by event; the clock is as late afterwards as the load
 * was long. The accounts are those of the real generator. A request that times out ends a closed loop, as it does there.
 */
export function simulateLoad(load: SimulatedLoad, place: SimulatedPlace): DiagnosedLoad {
  const startedAt = place.clock.wallTime().toISOString();
  const { pacing } = load;
  const seen = pacing.kind === 'closed' ? closedLoop(load, pacing.concurrency, place) : openLoop(load, pacing, place);
  return { startedAt, checkedCount: seen.requestCount, ...seen, client: idleClient };
}

type Seen = Omit<LoadMeasurement, 'startedAt' | 'checkedCount' | 'client'>;

function closedLoop(load: SimulatedLoad, concurrency: number, { host, clock, networkNs }: SimulatedPlace): Seen {
  const { batchSize, warmup, windowNs, limitsNs, timeline = false, requestTimeoutNs, onWindow } = load;
  const startNs = clock.nowNs;
  const tally = new Tally({ concurrency, batchSize, warmup, windowNs, limitsNs, timeline }, startNs);
  const sentNs = new Float64Array(concurrency).fill(startNs);
  const isWarm = new Uint8Array(concurrency);
  // All take the same time to arrive, so that they arrive in the order in which they were sent.
  const sent = new Line(concurrency);
  let outstanding = concurrency;
  let over = false;
  for (let lane = 0; lane < concurrency; lane += 1) sent.push(lane);
  while (outstanding > 0) {
    const arrivalNs = sent.isEmpty ? Number.POSITIVE_INFINITY : (sentNs[sent.first] ?? 0) + networkNs;
    const nextNs = Math.min(arrivalNs, host.nextNs);
    if (nextNs - startNs > requestTimeoutNs && tally.lastAnswerNs + requestTimeoutNs < nextNs) {
      tally.fail('timeout', startNs, nextNs);
      break;
    }
    clock.nowNs = nextNs;
    for (const lane of host.advance(nextNs)) {
      const edge = over ? undefined : tally.complete(sentNs[lane] ?? 0, nextNs, isWarm[lane] === 0);
      isWarm[lane] = 1;
      sentNs[lane] = over || edge === 'close' ? Number.NaN : nextNs;
      if (edge !== undefined) onWindow?.(edge);
      if (edge === 'close') {
        over = true;
        tally.finish([...sentNs].filter((atNs) => !Number.isNaN(atNs)));
      }
      if (over) outstanding -= 1;
      else sent.push(lane);
    }
    if (arrivalNs === nextNs) host.arrive(sent.shift(), nextNs);
  }
  return tally.measurement(clock.nowNs);
}

/** Its schedule begins at once: there are no connections to make. */
function openLoop(load: SimulatedLoad, pacing: OpenPacing, { host, clock, networkNs }: SimulatedPlace): Seen {
  const { batchSize, warmup, windowNs, limitsNs, onWindow } = load;
  const startNs = clock.nowNs;
  const openNs = startNs + warmup.minimumNs;
  const closeNs = openNs + windowNs;
  const { inFlight } = pacing;
  const account = new OpenLoopAccount({ pacing: askedOf(pacing), batchSize, windowNs, limitsNs, inFlight }, openNs);
  const dueNs: number[] = [];
  for (const atNs of scheduleOf(pacing)) {
    if (startNs + atNs >= closeNs) break;
    dueNs.push(startNs + atNs);
  }
  let isOpen = false;
  const answer = (tickets: readonly number[], atNs: number): void => {
    for (const ticket of tickets) {
      const due = dueNs[ticket] ?? 0;
      account.answered(due, due, atNs);
    }
  };
  for (const [ticket, due] of dueNs.entries()) {
    runUntil(due + networkNs, host, answer);
    if (due >= openNs && !isOpen) {
      isOpen = true;
      account.edge('open');
      onWindow?.('open');
    }
    account.intended(due, due);
    clock.nowNs = due + networkNs;
    host.arrive(ticket, clock.nowNs);
  }
  account.edge('close');
  if (isOpen) onWindow?.('close');
  while (account.outstanding > 0 && host.nextNs < Number.POSITIVE_INFINITY) {
    clock.nowNs = host.nextNs;
    answer(host.advance(clock.nowNs), clock.nowNs);
  }
  const { warmCount, ...measured } = account.measurement();
  return {
    ...measured,
    warmup: { durationNs: warmup.minimumNs, requestCount: warmCount, firstRequestNs: 0 },
    window: { openNs: openNs - startNs, closeNs: closeNs - startNs },
    errors: {},
  };
}

function runUntil(untilNs: number, host: ScriptedHostState, answer: (tickets: number[], atNs: number) => void): void {
  for (let nextNs = host.nextNs; nextNs <= untilNs; nextNs = host.nextNs) answer(host.advance(nextNs), nextNs);
}

/** First in, first out, of lanes of which each is in it at most once. */
class Line {
  readonly #places: Int32Array;
  #head = 0;
  #length = 0;

  constructor(capacity: number) {
    this.#places = new Int32Array(capacity);
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  get first(): number {
    return this.#places[this.#head] ?? 0;
  }

  push(lane: number): void {
    this.#places[(this.#head + this.#length) % this.#places.length] = lane;
    this.#length += 1;
  }

  shift(): number {
    const { first } = this;
    this.#head = (this.#head + 1) % this.#places.length;
    this.#length -= 1;
    return first;
  }
}

/** A client that costs nothing and is never in the way. */
const idleClient: DiagnosedLoad['client'] = {
  cpuNs: 0,
  eventLoopUtilization: 0,
  runQueueWaitRatio: 0,
  eventLoopDelay: null,
  gc: { count: 0, totalNs: 0, maxNs: 0 },
  stealRatio: null,
  cpuPressureRatio: null,
  threadCount: 1,
  cpuPerRequestNs: null,
};
