import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Holder } from './restore-record.ts';

/** This process. */
export function thisHolder(): Holder {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    host: hostname(),
    startedAt: new Date().toISOString(),
    endedAt: null,
  };
}

/** Whether the process of a record is still there; of another host that is not known, and taken for granted. */
export function isHeld({ pid, startTicks, host, endedAt }: Holder): boolean {
  if (endedAt !== null) return false;
  if (host !== hostname()) return true;
  if (!isAlive(pid)) return false;
  const now = startTicksOf(pid);
  return startTicks === null || now === null || startTicks === now;
}

/** Whether a record is of another host, so that nobody here can see what became of its process. */
export function isElsewhere({ host }: Holder): boolean {
  return host !== hostname();
}

/** "process 123 on build-3 since 2026-01-01 12:00:00 UTC" */
export function holderText({ pid, host, startedAt }: Holder): string {
  return `process ${pid} on ${host} since ${startedAt.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}`;
}

/** Whether a process of this host has that number. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** When a process began, in ticks since the host did; null where the system does not tell. */
function startTicksOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
