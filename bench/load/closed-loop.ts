import { addAbortListener } from 'node:events';
import type { ErrorKind } from './answers.ts';
import { watchClientCost } from './client-cost.ts';
import { Lane, type LaneLoad } from './lane.ts';
import type { ClientCost, LoadMeasurement } from './measurement.ts';
import { type PreparedRequest, type Question, Rotation } from './rotation.ts';
import { Tally, type TallyOptions } from './tally.ts';
import { type Carrier, nowNs } from './transport.ts';

export type { PreparedRequest } from './rotation.ts';

export type ClosedLoop = TallyOptions & {
  /** Not disposed of here. */
  readonly carrier: Carrier;
  /** Sent in rotation over all connections. */
  readonly requests: readonly PreparedRequest[];
  /** A request, or a connection, that takes longer ends the load. */
  readonly requestTimeoutNs: number;
  /**
   * A load that goes on through failures ends where nothing was answered rightly for so long before its window; what waits then is
   * a time-out. Without an end where left out.
   */
  readonly firstAnswerNs?: number;
  /**
   * Requests in flight when the window closes are waited for so long, then they are time-outs; where left out 1 s or twice the
   * longest latency, at most the time-out, so that many short loads can follow one another.
   */
  readonly drainNs?: number;
  /** So many failures end the load; 100 where left out. Without an end the load goes on through all of them, time-outs too. */
  readonly errorLimit?: number;
  /** Ends the load early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called when the window has opened and, if so, when it has closed or the load ended within it; load goes on meanwhile. */
  readonly onWindow?: (edge: 'open' | 'close') => void;
};

/** More errors than that tell nothing new, and an instantly failing server would burn the client's core. */
const errorLimitDefault = 100;
const tickMs = 20;
/** The client itself stood still that long: sockets may hold answers that have not been read, so nothing is timed out yet. */
const stalledMs = 100;
/** Short time-outs alone, one after the other, do not end a load that goes on. */
const patienceLeastNs = 5e9;
/** Requests in flight when the window closes are waited for at least that long, so that the server's counters and the next load start clean. */
const drainLeastNs = 1e9;

/**
 * Keeps `concurrency` requests outstanding, each on a connection of its own, through warm-up and one window.
 * Failed requests are data (`errors`) and end the load early once there are many; a measurement without a closed window
 * has zero requests and the errors say why.
 */
export async function runClosedLoop(options: ClosedLoop): Promise<LoadMeasurement> {
  const { signal } = options;
  signal?.throwIfAborted();
  using run = new ClosedLoopRun(options);
  using _abort = signal && addAbortListener(signal, () => run.stop(signal.reason));
  return await run.measure();
}

class ClosedLoopRun implements LaneLoad {
  readonly carrier: Carrier;
  over = false;
  readonly #options: ClosedLoop;
  readonly #rotation: Rotation;
  readonly #lanes: readonly Lane[];
  readonly #startedAt = new Date().toISOString();
  readonly #startNs = nowNs();
  readonly #tally: Tally;
  readonly #end = Promise.withResolvers<void>();
  #verifiedCount = 0;
  #lastTickNs = this.#startNs;
  readonly #errorLimit: number;
  #watch: (() => ClientCost) | undefined;
  #cost: ClientCost = { cpuNs: 0, eventLoopUtilization: 0, runQueueWaitRatio: null };
  #ticker: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(options: ClosedLoop) {
    if (!(options.concurrency >= 1)) throw new RangeError(`cannot keep ${options.concurrency} requests outstanding`);
    this.#options = options;
    this.#errorLimit = options.errorLimit ?? errorLimitDefault;
    this.carrier = options.carrier;
    this.#rotation = new Rotation(options.requests);
    this.#lanes = Array.from({ length: options.concurrency }, () => new Lane(this));
    this.#tally = new Tally(options, this.#startNs);
  }

  async measure(): Promise<LoadMeasurement> {
    for (const lane of this.#lanes) lane.open();
    this.#ticker = setInterval(() => this.#tick(), tickMs);
    await this.#end.promise;
    return {
      startedAt: this.#startedAt,
      ...this.#tally.measurement(nowNs()),
      checkedCount: this.#verifiedCount,
      client: this.#cost,
    };
  }

  /** Ends the load without a measurement. */
  stop(reason: unknown): void {
    this[Symbol.dispose]();
    this.#end.reject(reason);
  }

  [Symbol.dispose](): void {
    this.over = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#drainTimer);
    for (const lane of this.#lanes) lane.close();
  }

  next(): Question {
    return this.#rotation.next();
  }

  answered(lane: Lane, startNs: number, endNs: number, verified: boolean): void {
    if (verified) this.#verifiedCount += 1;
    if (this.over) {
      this.#drained();
      return;
    }
    const edge = this.#tally.complete(startNs, endNs, !lane.warm);
    lane.warm = true;
    if (edge === 'open') this.#opened();
    else if (edge === 'close') this.#finish();
  }

  failed(kind: ErrorKind, startNs: number | undefined, endNs: number): void {
    this.#tally.fail(kind, startNs, endNs);
    if (this.over) {
      this.#drained();
      return;
    }
    const { requestTimeoutNs, warmup, windowNs } = this.#options;
    const patienceNs = this.#goesOn ? Math.min(requestTimeoutNs, warmup.minimumNs + windowNs) : requestTimeoutNs;
    const hopeless = this.#tally.warmCount === 0 && endNs - this.#startNs > patienceNs;
    if (hopeless || this.#forsaken(startNs ?? endNs) || this.#tally.errorCount >= this.#errorLimit) this.#finish();
  }

  #opened(): void {
    this.#watch = watchClientCost();
    this.#tell('open');
  }

  #tick(): void {
    const tickNs = nowNs();
    const stalled = tickNs - this.#lastTickNs > stalledMs * 1e6;
    this.#lastTickNs = tickNs;
    if (stalled || this.over) return;
    const { requestTimeoutNs, firstAnswerNs = Number.POSITIVE_INFINITY } = this.#options;
    const silent = this.#tally.window.openNs === 0 && tickNs - this.#tally.lastAnswerNs > firstAnswerNs;
    const expired = this.#lanes.filter((lane) => lane.expire(tickNs, silent ? 0 : requestTimeoutNs));
    if (this.over) return;
    if (this.#goesOn ? silent || this.#overdue(tickNs) : expired.length > 0) this.#finish();
  }

  get #goesOn(): boolean {
    return this.#errorLimit === Number.POSITIVE_INFINITY;
  }

  /**
   * A request sent at `sentNs` has failed, and for as long as the whole should take, or a time-out, nothing was answered
   * rightly before it was sent: a load that goes on would hammer a server that has nothing more to say.
   */
  #forsaken(sentNs: number): boolean {
    const { requestTimeoutNs, warmup, windowNs } = this.#options;
    const patienceNs = Math.min(warmup.minimumNs + windowNs, Math.max(patienceLeastNs, requestTimeoutNs));
    return this.#goesOn && sentNs - this.#tally.lastAnswerNs > patienceNs;
  }

  /** Nobody has been answered for so long that the window, which opens and closes with an answer, should have closed. */
  #overdue(tickNs: number): boolean {
    const { requestTimeoutNs, warmup, windowNs } = this.#options;
    const { openNs } = this.#tally.window;
    return tickNs - (openNs > 0 ? openNs : this.#startNs + warmup.minimumNs) > windowNs + requestTimeoutNs;
  }

  /** The window closed or nothing more can be learnt: nothing is sent from here on. */
  #finish(): void {
    this.over = true;
    const closed = this.#tally.window.state === 'closed';
    const waiting = this.#lanes.filter(({ state }) => state === 'waiting');
    if (this.#watch !== undefined) this.#cost = this.#watch();
    this.#tally.finish(waiting.map(({ startNs }) => startNs));
    if (this.#watch !== undefined) this.#tell('close');
    for (const lane of this.#lanes) if (!closed || lane.state !== 'waiting') lane.close();
    const { requestTimeoutNs, drainNs = Math.max(drainLeastNs, 2 * this.#tally.maxNs) } = this.#options;
    this.#drainTimer = setTimeout(() => this.#lose(), Math.min(drainNs, requestTimeoutNs) / 1e6);
    this.#drained();
  }

  /** A request that is not answered long after the window closed is lost: it counts as an error, not as nothing. */
  #lose(): void {
    for (const lane of this.#lanes) if (lane.state === 'waiting') this.#tally.fail('timeout', lane.startNs, nowNs());
    this.#end.resolve();
  }

  #drained(): void {
    if (this.#lanes.every(({ state }) => state !== 'waiting')) this.#end.resolve();
  }

  #tell(edge: 'open' | 'close'): void {
    try {
      this.#options.onWindow?.(edge);
    } catch (error) {
      this.stop(error);
    }
  }
}
