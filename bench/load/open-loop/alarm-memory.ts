import { ThreadCall } from '../../thread-call.ts';

/** So many instants may be laid in ahead; a power of two, so that a place is found by a mask. */
const placeCount = 256;
const pushed = 0;
const called = 1;
const over = 2;
const passed = 3;

/**
 * Memory in which one thread lays in instants, ascending, at which another is to wake it. Instants are ns of `hrtimeNs`.
 * Words: how many instants were laid in, whether there is a call that was not heard yet, whether it is all over, and how
 * many instants have passed; then a ring of instants, and the instant of the last call.
 */
export class AlarmMemory {
  readonly memory: SharedArrayBuffer;
  /** That instants have passed: made by the thread that sleeps. */
  readonly call: ThreadCall;
  readonly #words: Int32Array;
  readonly #instants: Float64Array;
  #calledNs = 0;

  constructor(memory = new SharedArrayBuffer(16 + 8 * (placeCount + 1))) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 4);
    this.call = new ThreadCall(this.#words, called);
    this.#instants = new Float64Array(memory, 16, placeCount + 1);
  }

  /** How many instants can be laid in now. */
  get room(): number {
    return placeCount - this.#ahead();
  }

  /** The first of the instants that the last call was for. */
  get calledForNs(): number {
    return this.#instants[placeCount] ?? 0;
  }

  /** Lays in one more instant, not before any laid in earlier; there must be room. `publish` makes it known. */
  push(atNs: number, index: number): void {
    const count = Atomics.load(this.#words, pushed) + index;
    this.#instants[count & (placeCount - 1)] = atNs;
  }

  /** Makes `count` instants that were pushed known to the thread that sleeps. */
  publish(count: number): void {
    Atomics.add(this.#words, pushed, count);
    Atomics.notify(this.#words, pushed);
  }

  end(): void {
    Atomics.store(this.#words, over, 1);
    // It sleeps on one of the two.
    Atomics.notify(this.#words, over);
    Atomics.add(this.#words, pushed, 1);
    Atomics.notify(this.#words, pushed);
  }

  /** Sleeps in the calling thread until the next instant, and takes it with all others that have passed; false when it is all over. */
  sleep(): boolean {
    for (;;) {
      if (Atomics.load(this.#words, over) === 1) return false;
      const count = Atomics.load(this.#words, pushed);
      if (this.#ahead() === 0) {
        Atomics.wait(this.#words, pushed, count);
        continue;
      }
      const leftMs = (Math.max(this.#next(), this.#calledNs + leastGapNs) - hrtimeNs()) / 1e6;
      if (leftMs <= 0) {
        this.#take();
        return true;
      }
      Atomics.wait(this.#words, over, 0, Math.min(leftMs, longestMs));
    }
  }

  #ahead(): number {
    return (Atomics.load(this.#words, pushed) - Atomics.load(this.#words, passed)) | 0;
  }

  #next(): number {
    return this.#instants[Atomics.load(this.#words, passed) & (placeCount - 1)] ?? 0;
  }

  #take(): void {
    const nowNs = hrtimeNs();
    this.#calledNs = nowNs;
    this.#instants[placeCount] = this.#next();
    do Atomics.add(this.#words, passed, 1);
    while (this.#ahead() > 0 && this.#next() <= nowNs);
  }
}

/**
 * Calls come no closer than that, each for all instants since the one before. Woken for every request of 15 000 a second,
 * the sleeper and the load it woke filled a processor between them, and p99 was several times what it is with this.
 */
const leastGapNs = 150e3;
const longestMs = 60_000;

/** The clock of all threads of a process; `nowNs` runs as fast, from an origin of each thread's own. */
export function hrtimeNs(): number {
  const [seconds, ns] = process.hrtime();
  return seconds * 1e9 + ns;
}
