import { mergeHistograms } from '../recorder.ts';
import type { DiagnosedLoad } from '../threads/run-load.ts';

const nsPerMs = 1e6;

/** All windows of one level together, in ms: the text that HdrHistogram's plotter reads. */
export function percentileTable(loads: readonly DiagnosedLoad[]): string {
  return mergeHistograms(loads.map(({ latency }) => latency.histogram)).outputPercentileDistribution(5, nsPerMs);
}

/**
 * An interval log of HdrHistogram, version 1.3: one line for each window, tagged with its level, in order of time; values
 * in ns, the greatest shown in ms.
 */
export function intervalLog(
  levels: readonly { readonly tag: string; readonly loads: readonly DiagnosedLoad[] }[],
): string {
  const lines = levels
    .flatMap(({ tag, loads }) => loads.map((load) => ({ tag, load, startMs: startOf(load) })))
    .toSorted((a, b) => a.startMs - b.startMs);
  const firstMs = lines[0]?.startMs ?? 0;
  return [
    '#[Histogram log format version 1.3]',
    `#[StartTime: ${seconds(firstMs)} (seconds since epoch), ${new Date(firstMs).toISOString()}]`,
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ...lines.map(({ tag, load, startMs }) => {
      const lengthMs = (load.window.closeNs - load.window.openNs) / nsPerMs;
      const maxMs = (load.latency.maxNs / nsPerMs).toFixed(3);
      return `Tag=${tag},${seconds(startMs - firstMs)},${seconds(lengthMs)},${maxMs},${load.latency.histogram}`;
    }),
    '',
  ].join('\n');
}

/** When the window opened, as wall time. */
function startOf({ startedAt, window }: DiagnosedLoad): number {
  return Date.parse(startedAt) + window.openNs / nsPerMs;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
