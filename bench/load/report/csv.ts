import type { LevelReport } from './level.ts';

/**
 * The table that perf_analyzer's `-f` writes: the same columns, times in whole microseconds, rows by rising throughput.
 * Sending and receiving are not parted from the network here, so that "Client Send" and "Client Recv" are 0 and the
 * components still add up to the mean. A cell that nobody knows is empty.
 */
export function csvTable(levels: readonly LevelReport[], percentile: number | null): string {
  const extra = percentile === null || usual.has(percentile) ? [] : [`p${percentile} latency`];
  const isRate = levels.some(({ schedule }) => schedule !== null);
  const header = [isRate ? 'Request Rate' : 'Concurrency', ...columns, ...extra];
  const rows = levels
    .toSorted((a, b) => a.inferencesPerSecond - b.inferencesPerSecond)
    .map((level) => [...cells(level), ...extra.map(() => wholeUs(level.stabilizingNs))]);
  return [header, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

const columns = [
  'Inferences/Second',
  'Client Send',
  'Network+Server Send/Recv',
  'Server Queue',
  'Server Compute Input',
  'Server Compute Infer',
  'Server Compute Output',
  'Client Recv',
  'p50 latency',
  'p90 latency',
  'p95 latency',
  'p99 latency',
];
const usual = new Set([50, 90, 95, 99]);

function cells({ level, inferencesPerSecond, latencyNs, server }: LevelReport): string[] {
  const { p50, p90, p95, p99 } = latencyNs;
  return [
    `${Number(level.toPrecision(12))}`,
    `${Number(inferencesPerSecond.toFixed(3))}`,
    '0',
    wholeUs(server?.networkNs),
    wholeUs(server?.queueNs),
    wholeUs(server?.computeInputNs),
    wholeUs(server?.computeInferNs),
    wholeUs(server?.computeOutputNs),
    '0',
    ...[p50, p90, p95, p99].map(wholeUs),
  ];
}

function wholeUs(ns: number | null | undefined): string {
  return ns === null || ns === undefined ? '' : `${Math.round(ns / 1e3)}`;
}
