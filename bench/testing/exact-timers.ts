/** Timers that ring at their instant, not up to a millisecond after it: the last stretch is waited for turn by turn. */
export class ExactTimers {
  readonly #pending = new Set<NodeJS.Timeout | NodeJS.Immediate>();

  /** Calls `ring` at `dueMs` of performance.now(), in a turn of its own. */
  at(dueMs: number, ring: () => void): void {
    const leftMs = dueMs - performance.now();
    const turn = (): void => {
      this.#pending.delete(timer);
      if (dueMs <= performance.now()) ring();
      else this.at(dueMs, ring);
    };
    const timer = leftMs > lastStretchMs ? setTimeout(turn, leftMs - lastStretchMs) : setImmediate(turn);
    this.#pending.add(timer);
  }

  /** None of the pending ones rings any more. */
  clear(): void {
    for (const timer of this.#pending) {
      if ('hasRef' in timer && 'refresh' in timer) clearTimeout(timer);
      else clearImmediate(timer as NodeJS.Immediate);
    }
    this.#pending.clear();
  }
}

const lastStretchMs = 1.5;
