import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { nowNs } from '../transport.ts';
import { AlarmMemory, hrtimeNs } from './alarm-memory.ts';

/**
 * Rings at instants, each replacing the one before; never early, and to within some tens of us of it where the machine has a
 * processor for it.
 *
 * The event loop's own timers tick in whole ms. To poll the clock for the last ms, which others do, takes all of a
 * processor at 1 000 requests per second, and answers must be read meanwhile. So a thread sleeps in the event loop's
 * place and wakes it as long ahead as waking has taken of late, and only what is left then is polled. Instants closer
 * together than two such leads are not polled for at all: at 20 000 requests per second the thread sleeps from one to the next.
 */
export class Alarm implements AsyncDisposable {
  readonly #ring: () => void;
  readonly #memory: AlarmMemory;
  readonly #worker: Worker;
  /** What `nowNs` lacks to the clock that the threads share. */
  readonly #offsetNs = clockOffsetNs();
  #atNs = Number.POSITIVE_INFINITY;
  #wakeNs = 0;
  #leadNs = longestLeadNs;
  #polling: NodeJS.Immediate | undefined;
  #over = false;

  /** Resolves when the thread that sleeps is there. */
  static async start(ring: () => void): Promise<Alarm> {
    const memory = new AlarmMemory();
    const worker = new Worker(new URL('./alarm-thread.ts', import.meta.url), { workerData: memory.memory });
    await once(worker, 'message');
    return new Alarm(ring, memory, worker);
  }

  private constructor(ring: () => void, memory: AlarmMemory, worker: Worker) {
    this.#ring = ring;
    this.#memory = memory;
    this.#worker = worker;
    // What it rings for keeps the process alive, not the alarm.
    worker.unref();
    void this.#listen();
  }

  /** Rings once, at `atNs` of `nowNs()`; infinity for not at all. In a turn of its own, even where that has passed. */
  set(atNs: number): void {
    if (atNs === this.#atNs) return;
    this.#atNs = atNs;
    if (this.#polling === undefined) this.#sleep();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    clearImmediate(this.#polling);
    const exited = once(this.#worker, 'exit');
    this.#worker.ref();
    this.#memory.end();
    await exited;
  }

  async #listen(): Promise<void> {
    for (;;) {
      await this.#memory.woken();
      if (this.#over) return;
      this.#learn(nowNs() - this.#wakeNs);
      if (this.#polling === undefined) this.#approach();
    }
  }

  #sleep(): void {
    const leftNs = this.#atNs - nowNs();
    if (leftNs === Number.POSITIVE_INFINITY) return;
    if (leftNs <= 0) {
      this.#poll();
      return;
    }
    this.#wakeNs = this.#atNs - (leftNs > 2 * this.#leadNs ? this.#leadNs : 0);
    this.#memory.set(this.#wakeNs + this.#offsetNs);
  }

  /** A wake of an instant that was replaced since tells nothing. */
  #learn(lagNs: number): void {
    if (lagNs < 0) return;
    this.#leadNs += (Math.min(leadMargin * lagNs, longestLeadNs) - this.#leadNs) / learningSteps;
  }

  /** Polls where it is near, sleeps on where it is not. */
  #approach(): void {
    const leftNs = this.#atNs - nowNs();
    if (leftNs <= 0) this.#due();
    else if (leftNs <= 2 * this.#leadNs) this.#poll();
    else this.#sleep();
  }

  #poll(): void {
    this.#polling = setImmediate(() => {
      this.#polling = undefined;
      this.#approach();
    });
  }

  #due(): void {
    this.#atNs = Number.POSITIVE_INFINITY;
    this.#ring();
  }
}

/**
 * Polling takes the processor that the server may need: on two cores a lead of 150 us raised the latency of a real Triton by
 * half, without any lead by a quarter.
 */
const longestLeadNs = 30e3;
const leadMargin = 1.5;
const learningSteps = 8;

/** Both clocks read at once, or nearly so: the least difference of a few is the one without a pause in between. */
function clockOffsetNs(): number {
  return Math.min(
    ...Array.from({ length: 9 }, () => {
      const earlierNs = nowNs();
      return hrtimeNs() - earlierNs;
    }),
  );
}
