import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { isRunning, startOfProcess } from '../running-process.ts';

/**
 * Holds a run folder for this process: two that write one journal would count blocks twice. A lock whose process is gone
 * is taken over. Released when disposed of.
 * @throws Failure (usage) where another process holds it
 */
export function lockRun(folder: string): Disposable {
  const file = join(folder, 'run.lock');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (take(file)) {
      removeAbandoned(folder);
      return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
    }
    const holder = holderOf(file);
    if (holder !== undefined) {
      throw new Failure('usage', 'run-in-use', `${folder} is being written by process ${holder}`, {
        hint: 'wait for it to end, or choose another folder with --out',
      });
    }
    rmSync(file, { force: true });
  }
  throw new Failure('usage', 'run-in-use', `${folder} is being taken by another process`, { hint: 'try again' });
}

/** A link appears whole or not at all, so that no one reads a lock without its holder. */
function take(file: string): boolean {
  const own = `${file}.${process.pid}`;
  try {
    writeFileSync(own, `${process.pid} ${startOfProcess(process.pid)?.ticks ?? ''}\n`);
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new Failure('usage', 'out', `${file} cannot be written: ${messageOf(error)}`, {
      hint: 'make room there, or name another folder with --out',
      cause: error,
    });
  } finally {
    rmSync(own, { force: true });
  }
}

/** The process that holds it, if it still runs: another may have its number by now, in a container it often does. */
function holderOf(file: string): number | undefined {
  try {
    const [number, ticks = ''] = readFileSync(file, 'utf8').trim().split(' ');
    const pid = Number(number);
    const start = startOfProcess(pid);
    // The system does not tell, or an earlier version of this took the lock.
    if (start === undefined || ticks === '') return isRunning(pid) ? pid : undefined;
    return !start.hasEnded && start.ticks === ticks ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** What processes left that were killed while they took a lock. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /^run\.lock\.(\d+)$/.exec(name) ?? [];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}
