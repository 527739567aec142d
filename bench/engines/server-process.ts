import { readFileSync } from 'node:fs';
import { livingMembers } from './local/process-group.ts';

/** The words of a running process's command line, as the kernel has them; null where it does not tell. */
export function commandOfProcess(pid: number): readonly string[] | null {
  const words = readProcess(pid, 'cmdline')?.split('\0').slice(0, -1);
  return words === undefined || words.length === 0 ? null : words;
}

/**
 * Memory of a server and its helpers, in bytes: all processes of the group that `pid` leads, each page shared among them
 * counted once. Null where the kernel does not tell.
 */
export function memoryOfGroup(pid: number): number | null {
  const members = livingMembers(pid).map((member) => proportionalBytes(member));
  const known = members.filter((bytes) => bytes !== null);
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0);
}

function proportionalBytes(pid: number): number | null {
  const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(readProcess(pid, 'smaps_rollup') ?? '') ?? [];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

function readProcess(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It ended, or is another user's.
    return null;
  }
}
