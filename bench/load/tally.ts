import type { ErrorKind } from './answers.ts';
import type { LoadMeasurement } from './measurement.ts';
import { LatencyRecorder } from './recorder.ts';
import { TimelineRecorder } from './timeline.ts';
import type { WarmupGate } from './warmup-gate.ts';
import { Window } from './window.ts';

export type TallyOptions = {
  readonly concurrency: number;
  readonly batchSize: number;
  /** The window opens after both, and after each lane has had an answer. */
  readonly warmup: { readonly minimumNs: number; readonly minimumRequestCount: number };
  readonly windowNs: number;
  /** Latency limits whose violations are counted. */
  readonly limitsNs: readonly number[];
  /** Keeps the timeline of the whole load, warm-up included. */
  readonly timeline?: boolean;
  /** Keeps the window from opening until other threads have warmed up too. */
  readonly gate?: WarmupGate;
};

/** How many latencies the one that tells bursts apart looks back on: a cold first request must not count for long. */
const recentCount = 64;

/** The accounts of one load: takes completions and failures in order of time; knows neither clock nor sockets. */
export class Tally {
  readonly window: Window;
  readonly #options: TallyOptions;
  readonly #startNs: number;
  readonly #recorder = new LatencyRecorder();
  readonly #timeline: TimelineRecorder | null;
  readonly #errors: Partial<Record<ErrorKind, number>> = {};
  readonly #limitsNs: readonly number[];
  readonly #above: number[];
  /** Of failures since the last answer: their overlap should the window open with it, close with it, or go on. */
  #sinceAnswerNs = { opened: 0, closed: 0, open: 0 };
  #errorCount = 0;
  #warmCount = 0;
  #warmLaneCount = 0;
  #arrived = false;
  #recentLatencyNs = 0;
  #lastAnswerNs: number;
  #firstStartNs = Number.POSITIVE_INFINITY;
  #firstRequestNs = 0;
  #integralNs = 0;

  constructor(options: TallyOptions, startNs: number) {
    this.#options = options;
    this.#startNs = startNs;
    this.#lastAnswerNs = startNs;
    this.window = new Window(options.windowNs);
    this.#limitsNs = options.limitsNs;
    this.#above = options.limitsNs.map(() => 0);
    this.#timeline = options.timeline === true ? new TimelineRecorder() : null;
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  get warmCount(): number {
    return this.#warmCount;
  }

  /** When the last right answer came; the start of the load before the first. */
  get lastAnswerNs(): number {
    return this.#lastAnswerNs;
  }

  /** Longest latency in the window so far. */
  get maxNs(): number {
    return this.#recorder.maxNs;
  }

  /** Takes a right answer; tells when it shows that the window has opened or closed before it. */
  complete(startNs: number, endNs: number, firstOfLane: boolean): 'open' | 'close' | undefined {
    const { window } = this;
    const { state } = window;
    this.#lastAnswerNs = endNs;
    this.#timeline?.record(endNs - this.#startNs, endNs - startNs);
    if (state === 'before') {
      this.#warm(startNs, endNs, firstOfLane);
      return undefined;
    }
    const isInside = window.complete(endNs);
    this.#settleFailures(state);
    if (!isInside) {
      if (window.state !== 'closed' || state === 'closed') return undefined;
      this.#integralNs += this.#overlapNs(startNs);
      return 'close';
    }
    const latencyNs = endNs - startNs;
    this.#recorder.record(latencyNs);
    this.#integralNs += endNs - Math.max(startNs, window.openNs);
    for (let index = 0; index < this.#above.length; index += 1) {
      if (latencyNs > (this.#limitsNs[index] ?? 0)) this.#above[index] = (this.#above[index] ?? 0) + 1;
    }
    return state === 'opening' ? 'open' : undefined;
  }

  /** Takes a failure; `startNs` as of the request that failed, undefined where none was sent. */
  fail(kind: ErrorKind, startNs: number | undefined, endNs: number): void {
    this.#errors[kind] = (this.#errors[kind] ?? 0) + 1;
    this.#errorCount += 1;
    if (startNs !== undefined) this.#overlapped(startNs, endNs);
  }

  /** Call once, at the end, with the instants at which the requests still outstanding were sent. */
  finish(outstandingSinceNs: readonly number[]): void {
    for (const startNs of outstandingSinceNs) this.#integralNs += this.#overlapNs(startNs);
  }

  /** All zero but warm-up and errors where the window did not close; `endNs` is when the load ended. */
  measurement(endNs: number): Omit<LoadMeasurement, 'startedAt' | 'checkedCount' | 'client'> {
    const { concurrency, batchSize } = this.#options;
    const { openNs, closeNs, count, ratePerSecond, state } = this.window;
    const closed = state === 'closed';
    const rate = closed ? ratePerSecond : 0;
    return {
      pacing: { kind: 'closed', concurrency },
      warmup: {
        durationNs: (openNs === 0 ? endNs : openNs) - this.#startNs,
        requestCount: this.#warmCount,
        firstRequestNs: this.#firstRequestNs,
      },
      window: closed ? { openNs: openNs - this.#startNs, closeNs: closeNs - this.#startNs } : { openNs: 0, closeNs: 0 },
      requestCount: closed ? count : 0,
      requestsPerSecond: rate,
      inferencesPerSecond: rate * batchSize,
      outstandingIntegralNs: closed ? this.#integralNs : 0,
      pressureRatio: closed ? this.#integralNs / (concurrency * (closeNs - openNs)) : 0,
      latency: (closed ? this.#recorder : new LatencyRecorder()).finish(),
      aboveLimits: this.#limitsNs.map((limitNs, index) => ({ limitNs, count: closed ? (this.#above[index] ?? 0) : 0 })),
      errors: { ...this.#errors },
      schedule: null,
      // Answers that came after the end of the window are not all taken.
      ...(this.#timeline === null
        ? {}
        : { timeline: this.#timeline.finish((closed ? closeNs : endNs) - this.#startNs) }),
    };
  }

  #warm(startNs: number, endNs: number, firstOfLane: boolean): void {
    this.#warmCount += 1;
    this.#recentLatencyNs += (endNs - startNs - this.#recentLatencyNs) / Math.min(this.#warmCount, recentCount);
    if (firstOfLane) this.#warmLaneCount += 1;
    if (startNs < this.#firstStartNs) {
      this.#firstStartNs = startNs;
      this.#firstRequestNs = endNs - startNs;
    }
    const { concurrency, warmup, gate } = this.#options;
    if (this.#warmLaneCount < concurrency || this.#warmCount < warmup.minimumRequestCount) return;
    if (endNs - this.#startNs < warmup.minimumNs) return;
    if (!this.#arrived) gate?.arrived();
    this.#arrived = true;
    if (gate?.open() ?? true) this.window.arm(endNs, this.#recentLatencyNs);
  }

  /**
   * A failure's overlap with the window. Near its edges that is known only with the next answer, as an edge is the answer
   * before it; sums are kept until then, and no list: a load that goes on may see millions of failures.
   */
  #overlapped(startNs: number, endNs: number): void {
    const { state, openNs } = this.window;
    const since = this.#sinceAnswerNs;
    const last = this.#lastAnswerNs;
    if (state === 'open') this.#integralNs += endNs - Math.max(startNs, openNs);
    else if (state === 'opening') since.opened += Math.max(0, endNs - Math.max(startNs, last));
    else if (state === 'closing') {
      since.open += Math.max(0, endNs - Math.max(startNs, openNs));
      since.closed += Math.max(0, Math.min(endNs, last) - Math.max(startNs, openNs));
    }
  }

  /** An answer has shown where the window stands that was in `before`. */
  #settleFailures(before: Window['state']): void {
    const since = this.#sinceAnswerNs;
    const { state } = this.window;
    if (before === 'opening' && state !== 'opening') this.#integralNs += since.opened;
    if (before === 'closing') this.#integralNs += state === 'closed' ? since.closed : since.open;
    since.opened = 0;
    since.closed = 0;
    since.open = 0;
  }

  /** The part of a request sent at `startNs` and not answered by the window's end. */
  #overlapNs(startNs: number): number {
    return Math.max(0, this.window.closeNs - Math.max(startNs, this.window.openNs));
  }
}
