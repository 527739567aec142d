/** What the kernel tells of the whole host: a part of some total, both growing. Null where it does not tell. */
export type HostClock = { stat: Share | null; pressure: Share | null };
type Share = { readonly part: number; readonly total: number };

export const hostClockFiles = { stat: '/proc/stat', pressure: '/proc/pressure/cpu' } as const;

/** Time stolen by the hypervisor of all time, in ticks of all processors, from the first line of /proc/stat. */
export function parseStat(text: string): Share | null {
  const line = /^cpu +(\d+(?: \d+){7,9})$/m.exec(text);
  if (line === null) return null;
  // user, nice, system, idle, iowait, irq, softirq, steal; guest time, behind them, is in user already.
  const ticks = (line[1] ?? '').split(' ').map(Number).slice(0, 8);
  return { part: ticks[7] ?? 0, total: ticks.reduce((sum, each) => sum + each, 0) };
}

/** Time in which at least one process waited for a processor, in us, from /proc/pressure/cpu as read at `nowMs`. */
export function parsePressure(text: string, nowMs: number): Share | null {
  const line = /^some .*\btotal=(\d+)$/m.exec(text);
  return line === null ? null : { part: Number(line[1]), total: nowMs * 1e3 };
}

/** The part of the total between two readings, 0 to 1; null without both, or where no time went by. */
export function shareOf(from: Share | null | undefined, to: Share | null | undefined): number | null {
  if (from === null || from === undefined || to === null || to === undefined) return null;
  const total = to.total - from.total;
  return total > 0 ? Math.min(Math.max((to.part - from.part) / total, 0), 1) : null;
}
