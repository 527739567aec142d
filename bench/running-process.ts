import { readFileSync } from 'node:fs';

/** Whether a process of this host has that number, be it another user's. */
export function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in the kernel's ticks since boot, which tells it from a later one with the same number. */
export type ProcessStart = {
  readonly ticks: string | undefined;
  /** It has ended, and only waits to be reaped. */
  readonly hasEnded: boolean;
};

/** Undefined where there is no such process, or the system does not tell (Linux does). */
export function startOfProcess(pid: number): ProcessStart | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; behind it the state is the 3rd field and the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { ticks: fields[19], hasEnded: fields[0] === 'Z' || fields[0] === 'X' };
  } catch {
    return undefined;
  }
}
