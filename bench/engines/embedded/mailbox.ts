import type { SessionValue } from './onnx-session.ts';

/** A tensor that lies in parts, which follow one another. */
export type PartedValue = {
  readonly name: string;
  readonly dims: readonly number[];
  readonly parts: readonly Uint8Array[];
};

/** Bytes of tensors that fit a mailbox; larger ones travel as messages, where handing a buffer over costs less than two copies. */
const capacityBytes = 256 * 1024;
const headWords = 1024;

/** What the words at the front say. 0 is "nothing yet". */
export const signals = { none: 0, shared: 1, message: 2, over: 3 } as const;
export type Signal = (typeof signals)[keyof typeof signals];

/**
 * Memory that the main thread and one instance's thread share: an order goes one way, then its answer the other. Waking a
 * thread that waits on it costs a fifth of what a message costs, which decides the cost of a small model's request.
 */
export class Mailbox {
  readonly memory: SharedArrayBuffer;
  readonly #signals: Int32Array;
  readonly #times: Float64Array;
  readonly #head: Int32Array;
  readonly #body: Uint8Array;

  constructor(memory = new SharedArrayBuffer(32 + headWords * 4 + capacityBytes)) {
    this.memory = memory;
    this.#signals = new Int32Array(memory, 0, 2);
    this.#times = new Float64Array(memory, 8, 3);
    this.#head = new Int32Array(memory, 32, headWords);
    this.#body = new Uint8Array(memory, 32 + headWords * 4, capacityBytes);
  }

  /** Puts tensors and a word beside them into the box; false, with nothing changed for the reader, where they do not fit. */
  put(values: readonly PartedValue[], word: number): boolean {
    let at = 2;
    let offset = 0;
    for (const { dims, parts } of values) {
      let size = 0;
      for (const part of parts) size += part.byteLength;
      if (at + dims.length + 2 > headWords || offset + size > capacityBytes) return false;
      this.#head[at++] = size;
      this.#head[at++] = dims.length;
      for (const dimension of dims) {
        if (dimension > 0x7fffffff) return false;
        this.#head[at++] = dimension;
      }
      let end = offset;
      for (const part of parts) {
        this.#body.set(part, end);
        end += part.byteLength;
      }
      offset += aligned(size);
    }
    this.#head[0] = values.length;
    this.#head[1] = word;
    return true;
  }

  /** The word beside the tensors. */
  get word(): number {
    return this.#head[1] ?? 0;
  }

  /** Copies the tensors out, all in one buffer of their own, each 8-byte aligned; `names` are theirs in order. */
  take(names: readonly string[]): SessionValue[] {
    const count = this.#head[0] ?? 0;
    const spans: { dims: number[]; offset: number; size: number }[] = [];
    let at = 2;
    let offset = 0;
    for (let index = 0; index < count; index += 1) {
      const size = this.#head[at] ?? 0;
      const rank = this.#head[at + 1] ?? 0;
      spans.push({ dims: Array.from(this.#head.subarray(at + 2, at + 2 + rank)), offset, size });
      at += 2 + rank;
      offset += aligned(size);
    }
    const copy = this.#body.slice(0, offset);
    return spans.map(({ dims, offset: start, size }, index) => {
      return { name: names[index] ?? '', dims, data: copy.subarray(start, start + size) };
    });
  }

  /** When the run that the answer tells of began and ended, in ns. */
  get times(): { startNs: number; endNs: number } {
    return { startNs: this.#times[0] ?? 0, endNs: this.#times[1] ?? 0 };
  }

  set times({ startNs, endNs }: { startNs: number; endNs: number }) {
    this.#times[0] = startNs;
    this.#times[1] = endNs;
  }

  sendOrder(signal: Signal): void {
    this.#send(0, signal);
  }

  /** Blocks the calling thread until there is an order. */
  awaitOrder(): number {
    for (;;) {
      Atomics.wait(this.#signals, 0, signals.none);
      const signal = Atomics.exchange(this.#signals, 0, signals.none);
      if (signal !== signals.none) return signal;
    }
  }

  sendAnswer(signal: Signal): void {
    this.#send(1, signal);
  }

  /** Resolves with the answer once there is one. */
  async awaitAnswer(): Promise<number> {
    for (;;) {
      const waiting = Atomics.waitAsync(this.#signals, 1, signals.none);
      if (waiting.async) await waiting.value;
      // An answer may be seen between its store and its notification, which then wakes the wait for the next one.
      const signal = Atomics.exchange(this.#signals, 1, signals.none);
      if (signal !== signals.none) return signal;
    }
  }

  #send(index: number, signal: Signal): void {
    Atomics.store(this.#signals, index, signal);
    Atomics.notify(this.#signals, index);
  }
}

function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}
