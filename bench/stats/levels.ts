import { mean, standardDeviation } from './moments.ts';

/**
 * Variance of windows inside a run of a server, and of what differs between runs, each free of the other (Kalibera and
 * Jones).
 */
export type Levels = { readonly within: number; readonly between: number };

/**
 * Splits the variance of runs with the same number of windows, at least two of each; `between` may come out below 0.
 */
export function varianceLevels(runs: readonly (readonly number[])[]): Levels {
  const windows = runs[0]?.length ?? 0;
  const within = mean(runs.map((values) => standardDeviation(values) ** 2));
  return { within, between: standardDeviation(runs.map(mean)) ** 2 - within / windows };
}

/**
 * The number of windows to measure before paying for the next start, where a start costs `costRatio` windows: the one
 * that gives the smallest variance for the time. Null where starts do not differ, so that one long run is best.
 */
export function windowsPerStart({ within, between }: Levels, costRatio: number): number | null {
  if (between <= 0) return null;
  return Math.max(1, Math.ceil(Math.sqrt((costRatio * within) / between)));
}
