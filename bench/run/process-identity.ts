import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

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
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in brackets, may hold anything; behind it the state is the 3rd field and the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function startBySecond(pid: number): string | undefined {
  try {
    const told = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return told === '' ? undefined : told.replace(/\W+/g, '');
  } catch {
    return undefined;
  }
}
