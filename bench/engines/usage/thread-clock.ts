import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CpuClock } from './cpu-clock.ts';
import { OpenFile } from './open-file.ts';
import { listIds } from './proc-files.ts';

/**
 * Adds up the clocks of all threads of some processes (the first number of /proc/PID/task/TID/schedstat, ns). A folder of threads tells by its
 * links whether there are others than before; only then it is listed again. One that ended keeps what it was last seen with.
 */
export class ThreadClock implements CpuClock {
  readonly source = 'threads';
  readonly #processes: readonly ThreadsOf[];

  /** Null where the kernel keeps no such clocks. */
  static of(pids: readonly number[], root: string): ThreadClock | null {
    const clock = new ThreadClock(pids.map((pid) => new ThreadsOf(join(root, `proc/${pid}/task`))));
    // A kernel that keeps none may say 0 instead, and no process began without any.
    if (clock.readNs() > 0) return clock;
    clock[Symbol.dispose]();
    return null;
  }

  private constructor(processes: readonly ThreadsOf[]) {
    this.#processes = processes;
  }

  readNs(): number {
    return this.#processes.reduce((sum, threads) => sum + threads.readNs(), 0);
  }

  [Symbol.dispose](): void {
    for (const threads of this.#processes) threads[Symbol.dispose]();
  }
}

type Thread = { readonly file: OpenFile; lastNs: number };

class ThreadsOf implements Disposable {
  readonly #folder: string;
  readonly #threads = new Map<number, Thread>();
  #linkCount = 0;
  /** Of threads that have ended. */
  #endedNs = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#list();
  }

  readNs(): number {
    if (linksOf(this.#folder) !== this.#linkCount) this.#list();
    // As many as before are not always the same ones.
    if (this.#lookAgain()) {
      this.#list();
      this.#lookAgain();
    }
    return [...this.#threads.values()].reduce((sum, { lastNs }) => sum + lastNs, this.#endedNs);
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#threads.values()) file[Symbol.dispose]();
    this.#threads.clear();
  }

  #list(): void {
    this.#linkCount = linksOf(this.#folder);
    for (const id of listIds('/', this.#folder)) {
      if (this.#threads.has(id)) continue;
      const file = OpenFile.at(join(this.#folder, String(id), 'schedstat'));
      if (file !== undefined) this.#threads.set(id, { file, lastNs: 0 });
    }
  }

  /** Whether one of them has ended. */
  #lookAgain(): boolean {
    const before = this.#threads.size;
    for (const [id, thread] of this.#threads) {
      const text = thread.file.read();
      if (text === undefined || text === '') this.#end(id, thread);
      else thread.lastNs = Number.parseInt(text, 10) || 0;
    }
    return this.#threads.size < before;
  }

  #end(id: number, { file, lastNs }: Thread): void {
    this.#endedNs += lastNs;
    file[Symbol.dispose]();
    this.#threads.delete(id);
  }
}

function linksOf(folder: string): number {
  try {
    return statSync(folder).nlink;
  } catch {
    return 0;
  }
}
