import { ThreadCall } from '../../thread-call.ts';

const none = 0n;
/** Further off than any clock goes, and within 64 bits. */
const greatestNs = 2 ** 62;

/** Memory in which one thread is told when to wake another, and tells it. Instants are ns of process.hrtime. */
export class SleeperMemory {
  readonly memory: SharedArrayBuffer;
  /** That the instant has passed: made by the thread that sleeps. */
  readonly call: ThreadCall;
  readonly #words: Int32Array;
  readonly #deadline: BigInt64Array;

  constructor(memory = new SharedArrayBuffer(16)) {
    this.memory = memory;
    this.#words = new Int32Array(memory, 0, 2);
    this.call = new ThreadCall(this.#words, 1);
    this.#deadline = new BigInt64Array(memory, 8, 1);
  }

  /** Sets the instant of the next call in place of any before; undefined for none. */
  set(atNs: number | undefined): void {
    Atomics.store(this.#deadline, 0, atNs === undefined ? none : BigInt(clamped(atNs)));
    Atomics.add(this.#words, 0, 1);
    Atomics.notify(this.#words, 0);
  }

  /** Sleeps in the calling thread until the instant that is set, however often it is set anew, and takes it back. */
  sleep(): void {
    for (;;) {
      const turn = Atomics.load(this.#words, 0);
      const atNs = Atomics.load(this.#deadline, 0);
      if (atNs === none) {
        Atomics.wait(this.#words, 0, turn);
      } else {
        const leftMs = Number(atNs - process.hrtime.bigint()) / 1e6;
        if (leftMs > 0) Atomics.wait(this.#words, 0, turn, leftMs);
        else if (Atomics.compareExchange(this.#deadline, 0, atNs, none) === atNs) return;
      }
    }
  }
}

function clamped(atNs: number): number {
  return Math.min(Math.max(1, Math.round(atNs)), greatestNs);
}
