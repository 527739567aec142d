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
  /** When it began to look for the end of a burst, to open or to close. */
  #lookingSinceNs = 0;

  constructor(lengthNs: number) {
    this.#lengthNs = lengthNs;
  }

  /** From here on the window opens at the end of the next burst. `latencyNs` is the mean seen while warming up. */
  arm(nowNs: number, latencyNs: number): void {
    this.state = 'opening';
    this.#burstGapNs = latencyNs * burstGapRatio;
    this.#lastNs = nowNs;
    this.#lookingSinceNs = nowNs;
  }

  /** Takes the next completion, in order of time; true if it lies in the window. */
  complete(endNs: number): boolean {
    const burstEnded = endNs - this.#lastNs >= this.#burstGapNs || endNs - this.#lookingSinceNs > lookingLimitNs;
    if (this.state === 'opening' && burstEnded) {
      this.openNs = this.#lastNs;
      this.state = 'open';
    } else if (this.state === 'closing' && burstEnded) {
      this.closeNs = this.#lastNs;
      this.state = 'closed';
    }
    this.#lastNs = endNs;
    if (this.state !== 'open' && this.state !== 'closing') return false;
    this.count += 1;
    if (this.state === 'open' && endNs - this.openNs >= this.#lengthNs) {
      this.state = 'closing';
      this.#lookingSinceNs = endNs;
    }
    return true;
  }

  /** Completions per second; the burst at `openNs` is not counted. */
  get ratePerSecond(): number {
    return (this.count * 1e9) / (this.closeNs - this.openNs);
  }
}

const burstGapRatio = 0.02;
/** A stream without any gap that long is no bursts but a flood; any instant does then. */
const lookingLimitNs = 20e6;
