import { LoadThread } from './load-thread.ts';

/**
 * Threads that stay from load to load: a new one takes some tenths of a second until it is there and its code is compiled,
 * which is as long as a slice. Disposing of it ends them all.
 */
export class Crew implements AsyncDisposable {
  readonly #script: URL | undefined;
  #threads: readonly LoadThread[] = [];
  #over = false;

  /** `script` is what its threads run, where it is not the usual. */
  constructor(script?: URL) {
    this.#script = script;
  }

  /** So many threads, none of which has a task; those that are missing are started. */
  muster(threadCount: number): readonly LoadThread[] {
    if (this.#over) throw new Error('a crew that was let go cannot be mustered');
    const living = this.#threads.filter(({ alive }) => alive);
    const missing = Math.max(0, threadCount - living.length);
    this.#threads = [...living, ...Array.from({ length: missing }, () => new LoadThread(this.#script))];
    return this.#threads.slice(0, threadCount);
  }

  /** Ends all threads, whatever they do; new ones are started when they are needed. */
  async dismiss(): Promise<void> {
    const leaving = this.#threads;
    this.#threads = [];
    await Promise.all(leaving.map((thread) => thread[Symbol.asyncDispose]()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.dismiss();
  }
}
