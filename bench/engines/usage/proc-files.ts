import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The text of a file of /proc or /sys below `root`, "/" of a host; undefined where there is none, or it may not be read. */
export function readKernelFile(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'latin1');
  } catch {
    return undefined;
  }
}

/** Ids that are the names of folders there, of processes or threads. */
export function listIds(root: string, path: string): number[] {
  try {
    return readdirSync(join(root, path))
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

export type ProcessStat = {
  readonly parent: number;
  readonly group: number;
  /** Zombies have ended: their parents did not ask yet. */
  readonly hasEnded: boolean;
  /** Of user and system together, in ticks. */
  readonly cpuTicks: number;
};

/** A process by its line in /proc/PID/stat; undefined for what is none. Its name may hold blanks and brackets. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, group, user, system] = [1, 2, 11, 12].map((index) => Number(fields[index]));
  const isStat = /^\d+ \(/.test(text) && [parent, group, user, system].every(Number.isSafeInteger);
  if (!isStat) return undefined;
  return {
    parent: parent ?? 0,
    group: group ?? 0,
    hasEnded: ['Z', 'X'].includes(fields[0] ?? ''),
    cpuTicks: (user ?? 0) + (system ?? 0),
  };
}

export function readStat(root: string, pid: number): ProcessStat | undefined {
  return parseStat(readKernelFile(root, `proc/${pid}/stat`) ?? '');
}
