import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { startOfProcess } from '../running-process.ts';

/**
 * What tells a process from any other that ever had its id on this host: when it was started, in the kernel's own words. Undefined
 * where there is no such process, or only what is left of it until its parent looks.
 */
export function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startInTicks(pid) : startBySecond(pid);
}

/** The world that process ids count in: those of another container mean nothing here. */
export function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '0';
  }
}

function startInTicks(pid: number): string | undefined {
  const start = startOfProcess(pid);
  return start?.hasEnded === false ? start.ticks : undefined;
}

function startBySecond(pid: number): string | undefined {
  try {
    const told = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return told === '' ? undefined : told.replace(/\W+/g, '');
  } catch {
    return undefined;
  }
}
