import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { nowNs } from '../transport.ts';
import { AlarmMemory, hrtimeNs } from './alarm-memory.ts';

/**
 * Rings at the instants of a sequence, to within some tens of us where the machine has a processor for it. It may ring a
 * little early, so that whoever is rung looks at the clock and waits for what is left; and once for several instants that
 * lie closer than 150 us.
 *
 * The event loop's own timers tick in whole ms, and to poll the clock instead takes the processor that the server may need:
 * a server that the kernel has put behind a client which never sleeps answers after ms. So a thread sleeps in the event
 * loop's place, from one instant to the next without being told, and wakes it as long ahead as waking has taken of late.
 */
export class Alarm implements AsyncDisposable {
  readonly #ring: () => void;
  readonly #memory: AlarmMemory;
  readonly #worker: Worker;
  /** What `nowNs` lacks to the clock that the threads share. */
  readonly #offsetNs = clockOffsetNs();
  #instants: Iterator<number> = [].values();
  #leadNs = 0;
  #isOver = false;

  /** Resolves when the thread that sleeps is there. */
  static async start(ring: () => void): Promise<Alarm> {
    const memory = new AlarmMemory();
    // As for every thread of a load: the flags of `node -e` would refuse a file.
    const settings = { workerData: memory.memory, execArgv: [] };
    const worker = new Worker(new URL('./alarm-thread.ts', import.meta.url), settings);
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

  /** Rings for these, ascending, by `nowNs()`; they are asked for as time goes on. Once only. */
  follow(instants: Iterable<number>): void {
    this.#instants = instants[Symbol.iterator]();
    this.#layIn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    const exited = once(this.#worker, 'exit');
    this.#worker.ref();
    this.#memory.end();
    await exited;
  }

  async #listen(): Promise<void> {
    for (;;) {
      await this.#memory.call.heard();
      if (this.#isOver) return;
      this.#learn();
      this.#ring();
      if (this.#memory.room >= refillCount) this.#layIn();
    }
  }

  #layIn(): void {
    const { room } = this.#memory;
    let count = 0;
    for (; count < room; count += 1) {
      const { done, value } = this.#instants.next();
      if (done === true) break;
      this.#memory.push(value - this.#leadNs + this.#offsetNs, count);
    }
    if (count > 0) this.#memory.publish(count);
  }

  /** The lead goes up where waking took longer, and down where it did not, so that one call in four comes early. */
  #learn(): void {
    const lagNs = hrtimeNs() - this.#memory.calledForNs;
    const step = lagNs > this.#leadNs ? earlyShare : earlyShare - 1;
    this.#leadNs = Math.min(Math.max(0, this.#leadNs + step * learningStepNs), longestLeadNs);
  }
}

const refillCount = 64;
const earlyShare = 0.25;
const learningStepNs = 2e3;
/** Who is rung early waits for what is left: never longer than this. */
export const longestLeadNs = 60e3;

/** Both clocks read at once, or nearly so: the least difference of a few is the one without a pause in between. */
function clockOffsetNs(): number {
  return Math.min(
    ...Array.from({ length: 9 }, () => {
      const earlierNs = nowNs();
      return hrtimeNs() - earlierNs;
    }),
  );
}
