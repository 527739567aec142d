import type { Tensor } from '../kserve/tensors.ts';
import type { ErrorKind } from './answers.ts';
import { watchClientCost } from './client-cost.ts';
import { type ConnectionEvents, HttpConnection, nowNs } from './http/connection.ts';
import type { ClientCost, LoadMeasurement } from './measurement.ts';
import { LatencyRecorder } from './recorder.ts';
import { Window } from './window.ts';

/** One request of the rotation; `expected` is what a right answer holds. */
export type PreparedRequest = { readonly bytes: Buffer; readonly expected: readonly Tensor[] };

export type ClosedLoop = {
  readonly address: { readonly host: string; readonly port: number };
  /** Sent in rotation over all connections, so that no cache sees one request only. */
  readonly requests: readonly PreparedRequest[];
  readonly concurrency: number;
  readonly batchSize: number;
  readonly warmup: { readonly minimumNs: number; readonly minimumRequestCount: number };
  readonly windowNs: number;
  readonly requestTimeoutNs: number;
  /** Latency limits whose violations are counted. */
  readonly limitsNs: readonly number[];
  /** Ends the load early; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called at the first and last instant of the window, while load goes on. */
  readonly onWindow?: (edge: 'open' | 'close') => void;
};

/** One answer in this many has its values compared, the first of each connection included. */
const checkEvery = 64;
/** More errors than that tell nothing new, and an instantly failing server would burn the client's core. */
const errorLimit = 100;
const reconnectDelayMs = 10;
const tickMs = 20;
/** Requests in flight when the window closes are waited for that long, so that the server's counters and the next load start clean. */
const drainLimitMs = 1_000;

/**
 * Keeps `concurrency` requests outstanding, each on a connection of its own, through warm-up and one window.
 * Failed requests are data (`errors`) and end the load early once there are many; a measurement without a closed window
 * has zero requests and the errors say why.
 */
export function runClosedLoop(options: ClosedLoop): Promise<LoadMeasurement> {
  return new Promise((resolve, reject) => {
    const run = new ClosedLoopRun(options, resolve);
    options.signal?.throwIfAborted();
    options.signal?.addEventListener('abort', () => reject(run.abort(options.signal?.reason)), { once: true });
    run.start();
  });
}

type Lane = { connection: HttpConnection; startNs: number; busy: boolean; sentCount: number };

class ClosedLoopRun {
  readonly #options: ClosedLoop;
  readonly #resolve: (measurement: LoadMeasurement) => void;
  readonly #lanes: Lane[] = [];
  readonly #window: Window;
  readonly #recorder = new LatencyRecorder();
  readonly #errors: Partial<Record<ErrorKind, number>> = {};
  readonly #above: number[];
  readonly #startedAt = new Date().toISOString();
  readonly #startNs = nowNs();
  #errorCount = 0;
  #warmCount = 0;
  #warmSumNs = 0;
  #firstRequestNs = 0;
  #integralNs = 0;
  #nextRequest = 0;
  #checkedCount = 0;
  #finished = false;
  #watch: (() => ClientCost) | undefined;
  #cost: ClientCost = { cpuNs: 0, eventLoopUtilization: 0, runQueueWaitRatio: null };
  #ticker: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(options: ClosedLoop, resolve: (measurement: LoadMeasurement) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#window = new Window(options.windowNs);
    this.#above = options.limitsNs.map(() => 0);
  }

  start(): void {
    for (let index = 0; index < this.#options.concurrency; index += 1) this.#open(index);
    this.#ticker = setInterval(() => this.#tick(), tickMs);
  }

  abort<T>(reason: T): T {
    this.#close();
    return reason;
  }

  #open(index: number): void {
    const events: ConnectionEvents = {
      connected: () => this.#send(index),
      answered: (endNs, keepAlive) => this.#answered(index, endNs, keepAlive),
      failed: (kind, endNs, reusable) => this.#failed(index, kind, endNs, reusable),
    };
    // Busy while it connects, so that a connection that is never made times out too.
    const connection = new HttpConnection(this.#options.address, events);
    this.#lanes[index] = { connection, startNs: nowNs(), busy: true, sentCount: 0 };
  }

  #send(index: number): void {
    const lane = this.#lanes[index];
    const request = this.#options.requests[this.#nextRequest];
    if (lane === undefined || request === undefined || this.#finished) return;
    this.#nextRequest = (this.#nextRequest + 1) % this.#options.requests.length;
    const check = lane.sentCount % checkEvery === 0;
    if (check) this.#checkedCount += 1;
    lane.sentCount += 1;
    lane.busy = true;
    lane.startNs = nowNs();
    lane.connection.send(request.bytes, check ? request.expected : undefined);
  }

  #answered(index: number, endNs: number, keepAlive: boolean): void {
    const lane = this.#lanes[index];
    if (lane === undefined) return;
    lane.busy = false;
    if (!this.#finished) this.#count(lane.startNs, endNs);
    if (this.#finished) this.#drained();
    else if (keepAlive) this.#send(index);
    else this.#open(index);
  }

  #count(startNs: number, endNs: number): void {
    const latencyNs = endNs - startNs;
    const window = this.#window;
    if (window.state === 'before') {
      this.#warm(latencyNs, endNs);
      return;
    }
    const before = window.state;
    const inside = window.complete(endNs);
    if (before === 'opening' && window.state === 'open') this.#opened();
    if (inside) {
      this.#recorder.record(latencyNs);
      this.#integralNs += endNs - Math.max(startNs, window.openNs);
      this.#options.limitsNs.forEach((limitNs, index) => {
        if (latencyNs > limitNs) this.#above[index] = (this.#above[index] ?? 0) + 1;
      });
    } else if (window.state === 'closed') {
      this.#integralNs += this.#overlap(startNs);
      this.#finish();
    }
  }

  #warm(latencyNs: number, endNs: number): void {
    if (this.#warmCount === 0) this.#firstRequestNs = latencyNs;
    this.#warmCount += 1;
    this.#warmSumNs += latencyNs;
    const { minimumNs, minimumRequestCount } = this.#options.warmup;
    if (endNs - this.#startNs < minimumNs || this.#warmCount < minimumRequestCount) return;
    this.#window.arm(endNs, this.#warmSumNs / this.#warmCount);
  }

  #opened(): void {
    this.#watch = watchClientCost();
    this.#options.onWindow?.('open');
  }

  /** The part of a request that began at `startNs` and was not answered by the window's end. */
  #overlap(startNs: number): number {
    return Math.max(0, this.#window.closeNs - Math.max(startNs, this.#window.openNs));
  }

  #failed(index: number, kind: ErrorKind, endNs: number, reusable: boolean): void {
    const lane = this.#lanes[index];
    if (lane !== undefined) {
      lane.busy = false;
      lane.startNs = endNs;
    }
    if (this.#finished) {
      this.#drained();
      return;
    }
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
    this.#errorCount += 1;
    if (this.#errorCount >= errorLimit || kind === 'timeout') {
      this.#finish();
    } else if (reusable) {
      this.#send(index);
    } else {
      setTimeout(() => !this.#finished && this.#open(index), reconnectDelayMs);
    }
  }

  #tick(): void {
    const now = nowNs();
    const timeoutNs = this.#options.requestTimeoutNs;
    this.#lanes.forEach((lane, index) => {
      if (!lane.busy || this.#finished || now - lane.startNs < timeoutNs) return;
      lane.connection.destroy();
      this.#failed(index, 'timeout', now, false);
    });
  }

  /** The window closed or nothing more can be learnt: nothing is sent from here on. */
  #finish(): void {
    const closed = this.#window.state === 'closed';
    this.#finished = true;
    if (this.#watch !== undefined) this.#cost = this.#watch();
    if (closed) for (const lane of this.#lanes) if (lane.busy) this.#integralNs += this.#overlap(lane.startNs);
    this.#options.onWindow?.('close');
    if (!closed) for (const lane of this.#lanes) lane.busy = false;
    this.#drainTimer = setTimeout(() => this.#resolveNow(), drainLimitMs);
    this.#drained();
  }

  #drained(): void {
    if (this.#lanes.every((lane) => !lane.busy)) this.#resolveNow();
  }

  #resolveNow(): void {
    this.#close();
    this.#resolve(this.#measurement(this.#window.state === 'closed'));
  }

  #close(): void {
    this.#finished = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#drainTimer);
    for (const lane of this.#lanes) lane.connection.destroy();
  }

  #measurement(closed: boolean): LoadMeasurement {
    const { openNs, closeNs, count, ratePerSecond } = this.#window;
    const { concurrency, batchSize, limitsNs } = this.#options;
    const rate = closed ? ratePerSecond : 0;
    return {
      startedAt: this.#startedAt,
      warmup: {
        durationNs: (openNs === 0 ? nowNs() : openNs) - this.#startNs,
        requestCount: this.#warmCount,
        firstRequestNs: this.#firstRequestNs,
      },
      window: { openNs: closed ? openNs - this.#startNs : 0, closeNs: closed ? closeNs - this.#startNs : 0 },
      requestCount: closed ? count : 0,
      requestsPerSecond: rate,
      inferencesPerSecond: rate * batchSize,
      outstandingIntegralNs: this.#integralNs,
      pressureRatio: closed ? this.#integralNs / (concurrency * (closeNs - openNs)) : 0,
      latency: this.#recorder.finish(),
      aboveLimits: limitsNs.map((limitNs, index) => ({ limitNs, count: this.#above[index] ?? 0 })),
      errors: this.#errors,
      checkedCount: this.#checkedCount,
      client: this.#cost,
    };
  }
}
