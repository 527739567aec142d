import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that looks like "/" of a host, with files of /proc and /sys. */
export class FakeHost implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'tritune-host-'));

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
  }

  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** A process with one thread of its own id and others as asked for, each with its time in ns. */
  process(
    pid: number,
    of: {
      parent?: number;
      group?: number;
      state?: string;
      ticks?: readonly [number, number];
      threads?: Readonly<Record<number, number>>;
    },
  ): void {
    const { parent = 1, group = pid, state = 'S', ticks = [0, 0], threads = { [pid]: 1 } } = of;
    this.write(
      `proc/${pid}/stat`,
      `${pid} (a (b) c) ${state} ${parent} ${group} ${group} 0 -1 0 0 0 0 0 ${ticks.join(' ')} 0 0 20 0 1 0 1`,
    );
    for (const [thread, ns] of Object.entries(threads)) this.thread(pid, Number(thread), ns);
  }

  thread(pid: number, id: number, ns: number): void {
    this.write(`proc/${pid}/task/${id}/schedstat`, `${ns} 7 7\n`);
  }

  /** What was opened of it before says nothing from then on. */
  end(pid: number, thread: number): void {
    this.write(`proc/${pid}/task/${thread}/schedstat`, '');
    rmSync(join(this.root, `proc/${pid}/task/${thread}`), { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
