import { hostname } from 'node:os';
import { isRunning, startOfProcess } from '../../running-process.ts';
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
  if (!isRunning(pid)) return false;
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

/** Null where the system does not tell. */
function startTicksOf(pid: number): string | null {
  return startOfProcess(pid)?.ticks ?? null;
}
