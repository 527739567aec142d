import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { isRunning } from '../running-process.ts';

/**
 * Holds a run folder for this process: two that write one journal would count blocks twice. A lock whose process is gone
 * is taken over. Released when disposed of.
 * @throws Failure (usage) where another process holds it
 */
export function lockRun(folder: string): Disposable {
  const file = join(folder, 'run.lock');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (take(file)) return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
    const holder = holderOf(file);
    if (holder !== undefined && isRunning(holder)) {
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
    writeFileSync(own, `${process.pid}\n`);
    linkSync(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new Failure('usage', 'out', `${file} cannot be written: ${messageOf(error)}`, { cause: error });
  } finally {
    rmSync(own, { force: true });
  }
}

function holderOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
