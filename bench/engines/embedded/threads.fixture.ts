import type { Worker } from 'node:worker_threads';

/** The threads that this process starts for as long as it is not disposed of. */
export class Threads implements AsyncDisposable {
  readonly all: Worker[] = [];
  runningCount = 0;
  readonly #watch = (worker: Worker): void => {
    this.all.push(worker);
    this.runningCount += 1;
    worker.once('exit', () => {
      this.runningCount -= 1;
    });
  };

  constructor() {
    process.on('worker', this.#watch);
  }

  get startedCount(): number {
    return this.all.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('worker', this.#watch);
    await Promise.all(this.all.map((worker) => worker.terminate()));
  }
}
