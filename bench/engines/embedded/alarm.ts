import { nowNs } from './clock.ts';
import { Sleeper } from './sleeper.ts';

/** How late the sleeper may be: for that long before the instant, it is polled between other work. */
const pollNs = 300_000;

const sleeper = new Sleeper();

/** Calls back at an instant, to within microseconds where the event loop is free. */
export class Alarm {
  readonly #ring: () => void;
  readonly #wake = (): void => this.#approach();
  #atNs: number | undefined;
  #isPolling = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings at `atNs` in place of any instant set before; undefined for not at all. */
  set(atNs: number | undefined): void {
    if (atNs === this.#atNs) return;
    this.#atNs = atNs;
    sleeper.cancel(this.#wake);
    if (atNs !== undefined) this.#approach();
  }

  #approach(): void {
    if (this.#atNs === undefined || this.#isPolling) return;
    if (this.#atNs - nowNs() > pollNs) {
      sleeper.call(this.#wake, this.#atNs - pollNs);
    } else {
      this.#isPolling = true;
      setImmediate(() => this.#poll());
    }
  }

  #poll(): void {
    this.#isPolling = false;
    if (this.#atNs === undefined) return;
    if (nowNs() < this.#atNs) {
      this.#approach();
    } else {
      this.#atNs = undefined;
      this.#ring();
    }
  }
}
