import { setTimeout as delay } from 'node:timers/promises';
import { parseStat, shareOf } from '../load/threads/host-clock.ts';
import { readHostFile, unknown } from './host-files.ts';
import type { JournalLine } from './journal.ts';

/** What others do to a host before a run: shares of time, 0 to 1. */
export type StrainBefore = {
  /** Of the host's processor time that its hypervisor gave to others. */
  readonly stealRatio: number | typeof unknown;
  /** Of the last 10 s in which something waited for it. */
  readonly cpuPressureRatio: number | typeof unknown;
  readonly memoryPressureRatio: number | typeof unknown;
  readonly ioPressureRatio: number | typeof unknown;
};

/** The same while it was measured, the client's windows added up; and the window in which most was stolen. */
export type StrainDuring = {
  readonly stealRatio: number | typeof unknown;
  readonly worstStealRatio: number | typeof unknown;
  readonly cpuPressureRatio: number | typeof unknown;
};

const watchMs = 300;

/** Watches the host below `root` for 0.3 s. */
export async function watchStrain(root = '/', ms = watchMs): Promise<StrainBefore> {
  const before = parseStat(readHostFile(root, 'proc/stat') ?? '');
  await delay(ms);
  const after = parseStat(readHostFile(root, 'proc/stat') ?? '');
  return {
    stealRatio: rounded(shareOf(before, after)),
    cpuPressureRatio: pressureOf(root, 'cpu'),
    memoryPressureRatio: pressureOf(root, 'memory'),
    ioPressureRatio: pressureOf(root, 'io'),
  };
}

/** What the slices of a run say of it, whatever else they are worth. */
export function strainDuring(lines: readonly JournalLine[]): StrainDuring {
  const signs = lines.flatMap((line) => {
    if (line.kind !== 'slice' || line.status !== 'measured') return [];
    const { window, client } = line.measurement;
    // What other versions wrote has no such signs.
    const { stealRatio = null, cpuPressureRatio = null } = client as Partial<Record<string, number | null>>;
    return [{ ns: Math.max(0, window.closeNs - window.openNs), stealRatio, cpuPressureRatio }];
  });
  const meanOf = (name: 'stealRatio' | 'cpuPressureRatio'): number | typeof unknown => {
    const seen = signs.filter((sign) => typeof sign[name] === 'number' && sign.ns > 0);
    const totalNs = seen.reduce((sum, { ns }) => sum + ns, 0);
    const value = seen.reduce((sum, sign) => sum + (sign[name] ?? 0) * sign.ns, 0) / totalNs;
    return rounded(totalNs === 0 ? null : value);
  };
  const steals = signs.flatMap(({ stealRatio }) => stealRatio ?? []);
  return {
    stealRatio: meanOf('stealRatio'),
    worstStealRatio: rounded(steals.length === 0 ? null : Math.max(...steals)),
    cpuPressureRatio: meanOf('cpuPressureRatio'),
  };
}

function pressureOf(root: string, resource: string): number | typeof unknown {
  const [, percent] = /^some avg10=(\d+\.?\d*) /m.exec(readHostFile(root, `proc/pressure/${resource}`) ?? '') ?? [];
  return percent === undefined ? unknown : rounded(Number(percent) / 100);
}

function rounded(ratio: number | null): number | typeof unknown {
  return ratio === null ? unknown : Math.round(ratio * 1e4) / 1e4;
}
