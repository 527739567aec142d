/** More would take memory without end, and tell nothing that these do not. */
const lengthMost = 1_000_000;

/** Intended times of requests that wait to be sent, first come, first served. */
export class Line {
  #times: number[] = [];
  #first = 0;

  get length(): number {
    return this.#times.length - this.#first;
  }

  /** Who comes now cannot wait. */
  get isFull(): boolean {
    return this.length >= lengthMost;
  }

  /** Infinity where nobody waits. */
  get firstNs(): number {
    return this.#times[this.#first] ?? Number.POSITIVE_INFINITY;
  }

  push(dueNs: number): void {
    this.#times.push(dueNs);
  }

  /** Undefined where nobody waits. */
  shift(): number | undefined {
    const dueNs = this.#times[this.#first];
    if (dueNs === undefined) return undefined;
    this.#first += 1;
    // Moved up now and then: to do it each time would cost as much as the line is long.
    if (this.#first > 1024 && this.#first * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#first);
      this.#first = 0;
    }
    return dueNs;
  }
}
