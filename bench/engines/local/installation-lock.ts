import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';
import { isRunning } from '../../running-process.ts';

/** Keeps a second installation out of the folder; one whose process is gone does not count. @throws Failure (server). */
export function lockInstallation(folder: string): Disposable {
  const path = join(folder, 'installing.pid');
  if (!take(path)) {
    const holder = Number(readFileSync(path, 'utf8'));
    if (isRunning(holder)) {
      throw new Failure('server', 'install-runs', `process ${holder} is installing Triton into ${folder} already`, {
        hint: 'wait for it, or end it',
      });
    }
    rmSync(path, { force: true });
    if (!take(path))
      throw new Failure('server', 'install-runs', `another process has just begun to install into ${folder}`);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

function take(path: string): boolean {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
