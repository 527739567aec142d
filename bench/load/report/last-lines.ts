import type { LevelReport } from './level.ts';

/** The lines that perf_analyzer ends with, one for each level, throughput in inferences per second, latency in whole microseconds. */
export function lastLines(levels: readonly LevelReport[], percentile: number | null): string[] {
  const latency = percentile === null ? 'Average' : `p${percentile}`;
  return [`Inferences/Second vs. Client ${latency} Batch Latency`, ...levels.map(lastLine)];
}

function lastLine({ level, schedule, inferencesPerSecond, stabilizingNs }: LevelReport): string {
  const name = schedule === null ? `Concurrency: ${level}` : `Request Rate: ${Number(level.toPrecision(6))}`;
  const usec = stabilizingNs === null ? 'n/a' : `${Math.round(stabilizingNs / 1e3)} usec`;
  return `${name}, throughput: ${Number(inferencesPerSecond.toPrecision(6))} infer/sec, latency ${usec}`;
}
