import type { JournalLine, SliceResult } from '../run/journal.ts';
import type { SliceTimes } from '../run/slice-times.ts';

/** What one slice took from its beginning to that of what came next, in ms. */
export type SliceCost = SliceTimes & {
  /** Writing its line, and choosing what comes next. */
  readonly line: number;
  /** All that is neither load, nor warm-up, nor window, nor the start of a server. */
  readonly over: number;
};

/**
 * Every measured slice of a journal that was followed by another of its block, or by the block's end. Blocks with slices that had to
 * be measured again are left out: there are pauses before these.
 */
export function sliceCosts(lines: readonly JournalLine[]): SliceCost[] {
  const steps = lines.filter((line) => line.kind === 'slice' || line.kind === 'block');
  const repeating = new Set(steps.filter(isRepeated).map(placeOf));
  return steps.flatMap((line, index) => {
    const next = steps[index + 1];
    if (line.kind !== 'slice' || line.status !== 'measured' || line.tookMs === undefined) return [];
    if (next === undefined || placeOf(next) !== placeOf(line) || repeating.has(placeOf(line))) return [];
    const { serverStart, load, readBack, warmup, window, rest } = line.tookMs;
    const wholeMs = Date.parse(next.at) - Date.parse(line.at);
    const wantedMs = serverStart + load + warmup + window;
    return [{ ...line.tookMs, line: wholeMs - wantedMs - readBack - rest, over: wholeMs - wantedMs }];
  });
}

/** From the end of each block until the server of the next one was ready, in ms. */
export function restartsMs(lines: readonly JournalLine[]): number[] {
  const steps = lines.filter((line) => line.kind === 'slice' || line.kind === 'block');
  return steps.flatMap((line, index) => {
    const next = steps[index + 1];
    if (line.kind !== 'block' || line.status !== 'complete') return [];
    if (next?.kind !== 'slice' || next.status !== 'measured' || next.tookMs === undefined) return [];
    return [Date.parse(next.at) - Date.parse(line.at) + next.tookMs.serverStart];
  });
}

/** Command lines of the servers that a run had. */
export function commandsOf(lines: readonly JournalLine[]): (readonly string[])[] {
  return lines.flatMap((line) => (line.kind === 'server' ? [line.command] : []));
}

/** The least value that so many of them, as a share, do not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

type Step = SliceResult | (JournalLine & { kind: 'block' });

function isRepeated(step: Step): boolean {
  return step.kind === 'slice' && (step.status === 'failed' || step.measurement.invalid.length > 0);
}

function placeOf(step: Step): string {
  const { block, attempt } = step.kind === 'slice' ? step.slice : step;
  return `${block}, ${attempt}`;
}
