import { Worker } from 'node:worker_threads';
import { nowNs } from './clock.ts';
import { SleeperMemory } from './sleeper-memory.ts';

/**
 * Calls back at instants that the event loop's timers, which tick in ms, cannot tell apart: a thread sleeps in their place.
 * Calls come up to a few hundred us late, never early. The thread starts with the first call that is asked for.
 */
export class Sleeper {
  readonly #memory = new SleeperMemory();
  readonly #calls = new Map<() => void, number>();
  #worker: Worker | undefined;

  /** Calls at `atNs`, in place of any instant set before for the same function. */
  call(back: () => void, atNs: number): void {
    this.#calls.set(back, atNs);
    this.#arm();
  }

  cancel(back: () => void): void {
    if (this.#calls.delete(back)) this.#arm();
  }

  #arm(): void {
    this.#worker ??= this.#start();
    if (this.#calls.size === 0) {
      this.#memory.set(undefined);
      this.#worker.unref();
    } else {
      this.#memory.set(Math.min(...this.#calls.values()));
      this.#worker.ref();
    }
  }

  #start(): Worker {
    // The flags of this process are not passed on: those of `node -e` would refuse a file.
    const settings = { workerData: this.#memory.memory, execArgv: [] };
    const worker = new Worker(new URL('./sleeper-worker.ts', import.meta.url), settings);
    void this.#listen();
    return worker;
  }

  async #listen(): Promise<never> {
    for (;;) {
      await this.#memory.call.heard();
      const now = nowNs();
      const due = [...this.#calls].filter(([, atNs]) => atNs <= now);
      for (const [back] of due) this.#calls.delete(back);
      this.#arm();
      for (const [back] of due) back();
    }
  }
}
