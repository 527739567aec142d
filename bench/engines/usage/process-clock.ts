import { join } from 'node:path';
import type { CpuClock } from './cpu-clock.ts';
import { OpenFile } from './open-file.ts';
import { listIds, parseStat } from './proc-files.ts';
import { ThreadClock } from './thread-clock.ts';

/** With more of them a reading takes longer than it may, and so large a server is known well enough by its processes' ticks. */
const threadMost = 128;
const tickNs = 1e7;

/**
 * The processor time of some processes of this host, their threads that ended meanwhile included. By the threads' clocks, which are good to
 * the ns, where the kernel has them; else in ticks of 10 ms. Null where there is nothing to read.
 */
export function processClock(pids: readonly number[], root = '/'): CpuClock | null {
  if (pids.length === 0) return null;
  const threadCount = pids.reduce((sum, pid) => sum + listIds(root, `proc/${pid}/task`).length, 0);
  const threads = threadCount > threadMost ? null : ThreadClock.of(pids, root);
  return threads ?? TickClock.of(pids, root);
}

class TickClock implements CpuClock {
  readonly source = 'processes';
  readonly #files: readonly OpenFile[];
  /** What a process had used that has ended since is not lost. */
  readonly #lastNs: number[];

  static of(pids: readonly number[], root: string): TickClock | null {
    const files = pids.flatMap((pid) => OpenFile.at(join(root, `proc/${pid}/stat`)) ?? []);
    return files.length === 0 ? null : new TickClock(files);
  }

  private constructor(files: readonly OpenFile[]) {
    this.#files = files;
    this.#lastNs = files.map(() => 0);
  }

  readNs(): number | null {
    let sumNs = 0;
    for (const [index, file] of this.#files.entries()) {
      const stat = parseStat(file.read() ?? '');
      const ns = stat === undefined ? (this.#lastNs[index] ?? 0) : stat.cpuTicks * tickNs;
      this.#lastNs[index] = ns;
      sumNs += ns;
    }
    return sumNs;
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) file[Symbol.dispose]();
  }
}
