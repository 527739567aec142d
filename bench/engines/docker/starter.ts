import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { isRunning, startOfProcess } from '../../running-process.ts';

/**
 * Who started a container, as it stands in a label of it: a process of one host since one boot. `ticks` (when it began) tells it
 * from a later one with the same number, `space` from one of another container with the same number; both are empty where the
 * system does not tell.
 */
const starter = z.object({
  pid: z.int().positive(),
  ticks: z.string(),
  host: z.string(),
  boot: z.string(),
  space: z.string(),
});
export type Starter = z.infer<typeof starter>;

export const starterLabel = 'tritune.starter';

export function thisStarter(): Starter {
  return { pid: process.pid, ticks: ticksOf(process.pid) ?? '', ...thisPlace() };
}

export function starterText(of: Starter): string {
  return JSON.stringify(of);
}

/** Undefined for a label that is none of ours. */
export function parseStarter(text: string): Starter | undefined {
  try {
    return starter.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Whether a starter has surely ended. Of another host, or of processes that cannot be seen from here, nobody knows. */
export function hasEnded({ pid, ticks, host, boot, space }: Starter): boolean {
  const here = thisPlace();
  if (host !== here.host) return false;
  if (boot !== here.boot) return true;
  if (space !== here.space) return false;
  return ticks === '' ? !isRunning(pid) : ticksOf(pid) !== ticks;
}

function thisPlace(): Omit<Starter, 'pid' | 'ticks'> {
  return {
    host: hostname(),
    boot: tried(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) ?? '',
    space: tried(() => readlinkSync('/proc/self/ns/pid')) ?? '',
  };
}

/** Undefined where there is none, or one that only waits to be reaped. */
function ticksOf(pid: number): string | undefined {
  const start = startOfProcess(pid);
  return start?.hasEnded === false ? start.ticks : undefined;
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
