/**
 * A call from one thread to the event loop of another, in one word of memory that they share. However often it is made before
 * it is heard, it is heard once.
 */
export class ThreadCall {
  readonly #words: Int32Array;
  readonly #index: number;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  make(): void {
    if (Atomics.exchange(this.#words, this.#index, 1) === 0) Atomics.notify(this.#words, this.#index);
  }

  /** Resolves with the next call; at once where one was made since the last that was heard. */
  async heard(): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, this.#index, 0);
    if (waiting.async) await waiting.value;
    Atomics.store(this.#words, this.#index, 0);
  }
}
