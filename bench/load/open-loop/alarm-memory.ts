const none = 0;

/**
 * Memory in which one thread is told when to wake another, and tells it. Instants are ns of `hrtimeNs`.
 * Words: 0 counts how often the instant was set, 1 is whether it has passed and 2 whether it is all over; then the instant.
 */
export class AlarmMemory {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #instant: Float64Array;

  constructor(memory = new SharedArrayBuffer(24)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 3);
    this.#instant = new Float64Array(memory, 16, 1);
  }

  /** Sets the instant to sleep until, in place of any before. */
  set(atNs: number): void {
    this.#instant[0] = Math.max(1, atNs);
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  end(): void {
    Atomics.store(this.#words, 2, 1);
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  /** Sleeps in the calling thread until the instant that is set, however often it is set anew; false when it is all over. */
  sleep(): boolean {
    for (;;) {
      const turn = Atomics.load(this.#words, 0);
      if (Atomics.load(this.#words, 2) === 1) return false;
      const atNs = this.#instant[0] ?? none;
      if (atNs === none) {
        Atomics.wait(this.#words, 0, turn);
        continue;
      }
      const leftMs = (atNs - hrtimeNs()) / 1e6;
      if (leftMs > 0) {
        Atomics.wait(this.#words, 0, turn, Math.min(leftMs, longestMs));
      } else if (Atomics.load(this.#words, 0) === turn) {
        // Where it is set anew just now the new instant is lost here, but its setter is woken and sets it again.
        this.#instant[0] = none;
        return true;
      }
    }
  }

  wake(): void {
    Atomics.store(this.#words, 1, 1);
    Atomics.notify(this.#words, 1);
  }

  /** Resolves when woken. */
  async woken(): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, 1, 0);
    if (waiting.async) await waiting.value;
    Atomics.store(this.#words, 1, 0);
  }
}

const longestMs = 60_000;

/** The clock of all threads of a process; `nowNs` runs as fast, from an origin of each thread's own. */
export function hrtimeNs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1e9 + ns;
}
