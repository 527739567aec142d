import { readdirSync, readFileSync } from 'node:fs';

/** Processes and shared memory that servers started by a process have left, by the run id that all of them carry. */
export function leftoversOf(pid: number): string[] {
  const mark = `tritune-${pid}-`;
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(mark))
    .map((name) => `process ${name}: ${commandLine(name)}`);
  const regions = readdirSync('/dev/shm').filter((name) => name.includes(mark));
  return [...processes, ...regions];
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
