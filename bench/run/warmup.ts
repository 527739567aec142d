import type { Timeline } from '../load/timeline.ts';
import { settlingOf } from '../stats/settling.ts';

/** How long each slice warms up, and why so long. */
export type Warmup = {
  readonly ms: number;
  /**
   * `settled`: until the slowest variant that was watched settles; `restless`: one of them still changed as late as can be told;
   * `bounded`: that would take more than the budget allows; `executions`: settled sooner than each instance has executed
   * often enough; `unseen`: there was no time to watch, or there were too few answers.
   */
  readonly why: 'settled' | 'restless' | 'bounded' | 'executions' | 'unseen';
  /** When the load settled, by variant, from its start; null where too few answers came to tell. */
  readonly settledMs: Readonly<Record<string, number | null>>;
};

/** A variant's load as it was watched, from the first request after it came into force. */
export type Watched = { readonly variantId: string; readonly timeline: Timeline };

/** `plannedMs`: until every instance has executed often enough. `mostMs`: that the budget allows; never less than planned. */
export type WarmupLimits = { readonly plannedMs: number; readonly mostMs: number };

/** What was seen to settle at one time does so later at another. */
const reserveRatio = 1.5;

/**
 * Long enough for the slowest of the variants to settle. A variant that was watched twice settles when it did so sooner: what
 * belongs to it comes again, what the host did meanwhile does not.
 */
export function warmupFrom(watched: readonly Watched[], { plannedMs, mostMs }: WarmupLimits): Warmup {
  const seen = watched.map(({ variantId, timeline }) => ({ variantId, ...settledAfter(timeline) }));
  const settledMs: Record<string, number | null> = Object.create(null);
  for (const { variantId, ms } of seen) {
    const before = settledMs[variantId] ?? null;
    settledMs[variantId] = ms === null ? before : Math.min(ms, before ?? ms);
  }
  const longestMs = Math.max(0, ...Object.values(settledMs).map((ms) => ms ?? 0));
  const wantedMs = reserveRatio * longestMs;
  const told = { settledMs: { ...settledMs } };
  if (seen.every(({ ms }) => ms === null)) return { ms: plannedMs, why: 'unseen', ...told };
  if (wantedMs <= plannedMs) return { ms: plannedMs, why: 'executions', ...told };
  if (wantedMs > Math.max(plannedMs, mostMs)) return { ms: Math.max(plannedMs, mostMs), why: 'bounded', ...told };
  const restless = seen.some(({ restless, ms }) => restless && ms === longestMs);
  return { ms: Math.ceil(wantedMs), why: restless ? 'restless' : 'settled', ...told };
}

/** Answers in one value of the series, on the average: fewer vary too much by themselves. */
const leastAnswers = 4;

/** From the log of the mean latency in each bin: what changes in a closed loop changes that, without counting errors at its edges. */
function settledAfter(timeline: Timeline): { ms: number | null; restless: boolean } {
  const { binNs, counts, latencySumsNs } = timeline;
  const answers = counts.reduce((sum, count) => sum + count, 0);
  const size = Math.max(1, Math.ceil((leastAnswers * counts.length) / Math.max(1, answers)));
  const values: number[] = [];
  for (let bin = 0; bin + size <= counts.length; bin += size) {
    const count = sumOf(counts.slice(bin, bin + size));
    values.push(count === 0 ? Number.NaN : Math.log(sumOf(latencySumsNs.slice(bin, bin + size)) / count));
  }
  const settling = settlingOf(filled(values));
  if (settling.kind === 'short') return { ms: null, restless: false };
  return { ms: (settling.after * size * binNs) / 1e6, restless: settling.kind === 'restless' };
}

/** Where nothing was answered the next answer tells of the wait; what was never answered is left out. */
function filled(values: readonly number[]): number[] {
  const all = [...values];
  for (let index = all.length - 2; index >= 0; index -= 1)
    if (Number.isNaN(all[index])) all[index] = all[index + 1] ?? Number.NaN;
  return all.filter((value) => !Number.isNaN(value));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
