import type { LoadMeasurement, PacingAsked } from '../measurement.ts';
import { LatencyRecorder } from '../recorder.ts';

export type AccountOptions = {
  readonly pacing: PacingAsked;
  readonly batchSize: number;
  readonly windowNs: number;
  /** Latency limits whose violations are counted, against the latency from the intended time. */
  readonly limitsNs: readonly number[];
  readonly inFlight: InFlightRule;
};

/**
 * How many requests may be outstanding, and whether one more waits, its latency counted from when it was intended, or is
 * dropped and counted as such.
 */
export type InFlightRule = { readonly limit: number; readonly whenFull: 'wait' | 'drop' };

/**
 * The accounts of one open loop: takes what became of each request of the schedule; knows neither clock nor sockets. The
 * window is one of intended times, `windowNs` from `openNs`: what was intended in it counts, however long it took.
 */
export class OpenLoopAccount {
  readonly #options: AccountOptions;
  readonly #openNs: number;
  readonly #closeNs: number;
  readonly #latency = new LatencyRecorder();
  readonly #service = new LatencyRecorder();
  readonly #lateness = new LatencyRecorder();
  readonly #above: number[];
  readonly #backlogSums = [0, 0, 0, 0];
  readonly #backlogCounts = [0, 0, 0, 0];
  #outstanding = 0;
  #warmCount = 0;
  #intendedCount = 0;
  #sentCount = 0;
  #droppedCount = 0;
  #failedCount = 0;
  #achievedCount = 0;
  #integralNs = 0;
  #backlogAtOpen = 0;
  #backlogAtClose = 0;

  constructor(options: AccountOptions, openNs: number) {
    this.#options = options;
    this.#openNs = openNs;
    this.#closeNs = openNs + options.windowNs;
    this.#above = options.limitsNs.map(() => 0);
  }

  /** Requests intended so far of which nothing has become yet. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** All requests intended before the window were taken, and none in it; or in it, and none after it. */
  edge(edge: 'open' | 'close'): void {
    if (edge === 'open') this.#backlogAtOpen = this.#outstanding;
    else this.#backlogAtClose = this.#outstanding;
  }

  /** The request's time has come, which the client saw at `seenNs`. Exactly one of `dropped`, `answered` and `failed` follows. */
  intended(dueNs: number, seenNs: number): void {
    if (this.#counts(dueNs)) {
      this.#intendedCount += 1;
      this.#lateness.record(seenNs - dueNs);
      const quarter = Math.min(3, Math.floor((4 * (dueNs - this.#openNs)) / this.#options.windowNs));
      this.#backlogSums[quarter] = (this.#backlogSums[quarter] ?? 0) + this.#outstanding;
      this.#backlogCounts[quarter] = (this.#backlogCounts[quarter] ?? 0) + 1;
    }
    this.#outstanding += 1;
  }

  dropped(dueNs: number): void {
    this.#outstanding -= 1;
    if (this.#counts(dueNs)) this.#droppedCount += 1;
  }

  answered(dueNs: number, startNs: number, endNs: number): void {
    this.#outstanding -= 1;
    this.#overlapped(startNs, endNs);
    if (endNs > this.#openNs && endNs <= this.#closeNs) this.#achievedCount += 1;
    if (!this.#counts(dueNs)) {
      if (dueNs < this.#openNs) this.#warmCount += 1;
      return;
    }
    const latencyNs = endNs - dueNs;
    this.#sentCount += 1;
    this.#latency.record(latencyNs);
    this.#service.record(endNs - startNs);
    this.#options.limitsNs.forEach((limitNs, index) => {
      if (latencyNs > limitNs) this.#above[index] = (this.#above[index] ?? 0) + 1;
    });
  }

  /** `startNs` is undefined for a request that was given up before it was sent. */
  failed(dueNs: number, startNs: number | undefined, endNs: number): void {
    this.#outstanding -= 1;
    if (startNs !== undefined) this.#overlapped(startNs, endNs);
    if (!this.#counts(dueNs)) return;
    this.#failedCount += 1;
    if (startNs !== undefined) this.#sentCount += 1;
  }

  /** What became of the schedule; call when nothing is outstanding any more. */
  measurement(): Pick<
    LoadMeasurement,
    | ('pacing' | 'requestCount' | 'requestsPerSecond' | 'inferencesPerSecond' | 'outstandingIntegralNs')
    | ('pressureRatio' | 'latency' | 'aboveLimits' | 'schedule')
  > & { readonly warmCount: number } {
    const { pacing, batchSize, windowNs, limitsNs, inFlight } = this.#options;
    const rate = (this.#achievedCount * 1e9) / windowNs;
    return {
      pacing,
      warmCount: this.#warmCount,
      requestCount: this.#latency.count,
      requestsPerSecond: rate,
      inferencesPerSecond: rate * batchSize,
      outstandingIntegralNs: this.#integralNs,
      pressureRatio: 1,
      latency: this.#latency.finish(),
      aboveLimits: limitsNs.map((limitNs, index) => ({ limitNs, count: this.#above[index] ?? 0 })),
      schedule: {
        offeredPerSecond: (this.#intendedCount * 1e9) / windowNs,
        intendedCount: this.#intendedCount,
        sentCount: this.#sentCount,
        droppedCount: this.#droppedCount,
        failedCount: this.#failedCount,
        inFlightLimit: inFlight.limit,
        whenFull: inFlight.whenFull,
        lateness: this.#lateness.finish(),
        service: this.#service.finish(),
        backlogAtOpen: this.#backlogAtOpen,
        backlogAtClose: this.#backlogAtClose,
        meanBacklog: [this.#meanBacklog(0), this.#meanBacklog(1), this.#meanBacklog(2), this.#meanBacklog(3)],
      },
    };
  }

  #counts(dueNs: number): boolean {
    return dueNs >= this.#openNs && dueNs < this.#closeNs;
  }

  #overlapped(startNs: number, endNs: number): void {
    this.#integralNs += Math.max(0, Math.min(endNs, this.#closeNs) - Math.max(startNs, this.#openNs));
  }

  #meanBacklog(quarter: number): number {
    return (this.#backlogSums[quarter] ?? 0) / Math.max(1, this.#backlogCounts[quarter] ?? 0);
  }
}
