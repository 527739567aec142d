/**
 * Where a measured window opens and closes in a stream of completions, and the throughput in it.
 *
 * A window runs from completion to completion, or a cycle of 20 ms would be counted with an error of several per cent
 * in 0.3 s. A batch's answers come in as one burst: a burst is one instant, so the window opens at the end of a burst and
 * closes at the end of a burst. Completions closer together than a small share of the latency are one burst.
 */
export class Window {
  state: 'before' | 'opening' | 'open' | 'closing' | 'closed' = 'before';
  openNs = 0;
  closeNs = 0;
  /** Completions after `openNs`, up to and with `closeNs`. */
  count = 0;
  readonly #lengthNs: number;
  #burstGapNs = 0;
  #lastNs = 0;
  #openingSinceNs = 0;

  constructor(lengthNs: number) {
    this.#lengthNs = lengthNs;
  }

  /** From here on the window opens at the end of the next burst. `latencyNs` is the mean seen while warming up. */
  arm(nowNs: number, latencyNs: number): void {
    this.state = 'opening';
    this.#burstGapNs = latencyNs * burstGapRatio;
    this.#lastNs = nowNs;
    this.#openingSinceNs = nowNs;
  }

  /** Takes the next completion, in order of time; true if it lies in the window. */
  complete(endNs: number): boolean {
    const burstEnded = endNs - this.#lastNs >= this.#burstGapNs;
    if (this.state === 'opening' && (burstEnded || endNs - this.#openingSinceNs > openingLimitNs)) {
      this.openNs = this.#lastNs;
      this.state = 'open';
    }
    if (this.state === 'closing' && (burstEnded || endNs - this.openNs > this.#lengthNs + openingLimitNs)) {
      this.closeNs = this.#lastNs;
      this.state = 'closed';
    }
    this.#lastNs = endNs;
    if (this.state !== 'open' && this.state !== 'closing') return false;
    this.count += 1;
    if (endNs - this.openNs >= this.#lengthNs) this.state = 'closing';
    return true;
  }

  /** Completions per second; the burst at `openNs` is not counted. */
  get ratePerSecond(): number {
    return this.count / ((this.closeNs - this.openNs) / 1e9);
  }
}

const burstGapRatio = 0.02;
/** A stream without any gap that long is no bursts but a flood; any instant does then. */
const openingLimitNs = 20e6;
