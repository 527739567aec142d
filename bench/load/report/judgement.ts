import type { ErrorKind } from '../answers.ts';
import { clientLimits, clientNotes } from '../client-limits.ts';
import { type LatencyLimit, meetsLimit } from '../levels/latency-limit.ts';
import { highestNs } from '../recorder.ts';
import type { DiagnosedLoad } from '../threads/run-load.ts';
import type { LatencySummary } from './latency-summary.ts';
import type { LevelQuestion, LevelReport, ScheduleReport, WindowReport } from './level.ts';

const pressureLeast = 0.98;

/** Why a level cannot be used, from the windows that it was measured in; empty where it can. */
export function whyInvalid(loads: readonly DiagnosedLoad[]): string[] {
  const errors = Object.entries(addErrors(loads)).map(([kind, count]) => `${count} failed: ${kind}`);
  const silent = loads.filter((load) => load.requestCount === 0).length;
  const reasons = silent === 0 ? errors : [...errors, 'no request was answered rightly in the window'];
  for (const load of loads) {
    // Nobody was asked rightly where the client gave up before its window; else there is nothing to say of the client.
    if (load.requestCount === 0 && !load.schedule?.isGivenUp) continue;
    if (errors.length === 0 && load.pressureRatio < pressureLeast) {
      reasons.push(`only ${(load.pressureRatio * 100).toFixed(1)} % of the requests that should be outstanding were`);
    }
    reasons.push(...clientLimits(load));
  }
  return reasons;
}

/** The limit that a measurement counts for a threshold, where a percentile is asked about. */
export function limitOf({ percentile, thresholdNs }: LevelQuestion): LatencyLimit | null {
  if (percentile === null || thresholdNs === null) return null;
  // Rounded, or 1 of 1 000 would be more than the 0.1 % that a p99.9 allows.
  return { limitNs: thresholdNs, shareRatio: Number((1 - percentile / 100).toPrecision(12)) };
}

/**
 * Whether most windows that measured anything meet the threshold, by mean or by percentile; failed and dropped requests do not.
 * Null where none was asked for, or nothing was measured.
 */
export function meetsThreshold(loads: readonly DiagnosedLoad[], question: LevelQuestion): boolean | null {
  const { thresholdNs } = question;
  if (thresholdNs === null) return null;
  const limit = limitOf(question);
  const each = loads.map((load) => {
    if (limit !== null) return meetsLimit(load, limit);
    const { latency, errors, schedule } = load;
    const failedCount = Object.keys(errors).length + (schedule?.droppedCount ?? 0);
    const meanNs = latency.count === 0 ? null : latency.sumNs / latency.count;
    if (failedCount > 0) return false;
    return meanNs === null ? undefined : meanNs <= thresholdNs;
  });
  const told = each.filter((met) => met !== undefined);
  return told.length === 0 ? null : told.filter((met) => met).length * 2 > told.length;
}

/** Whether three windows in a row, the last ones, agree in throughput and mean latency, as perf_analyzer asks. */
export function isStable(windows: readonly WindowReport[], stabilityRatio: number): boolean {
  const last = windows.slice(-3);
  const agree = (values: readonly number[]): boolean => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return mean > 0 && values.every((value) => Math.abs(value - mean) <= stabilityRatio * mean);
  };
  return (
    last.length === 3 &&
    agree(last.map((each) => each.requestsPerSecond)) &&
    agree(last.map((each) => each.meanNs ?? 0))
  );
}

/** What notes are made of; `server` is what its statistics gave rise to. */
export type Noted = {
  readonly loads: readonly DiagnosedLoad[];
  readonly each: readonly WindowReport[];
  readonly schedule: ScheduleReport | null;
  readonly question: LevelQuestion;
  readonly latencyNs: LatencySummary;
  readonly server: string | null;
};

/** So many requests must lie above a percentile for it to say more than the few slowest do. */
const aboveLeast = 10;

/** What helps to read the numbers of a level. */
export function notesOf({ loads, each, schedule, question, latencyNs, server }: Noted): string[] {
  const notes = server === null ? [] : [server];
  const silent = loads.find(isUnanswered);
  if (silent !== undefined) {
    notes.push(
      `nothing was answered for ${(silent.warmup.durationNs / 1e9).toFixed(1)} s: a model that takes longer over its first answer needs a longer warm-up, or a request time-out of its own`,
    );
  }
  if (schedule !== null && schedule.droppedCount > 0) {
    notes.push(
      `more was offered than is served: ${schedule.droppedCount} requests were dropped, as ${schedule.inFlightLimit} were outstanding`,
    );
  } else if (schedule?.backlogGrew) {
    notes.push('more was offered than is served: requests piled up all through the window');
  }
  if (latencyNs.count > 0 && latencyNs.count < aboveLeast * 100) {
    notes.push(`${latencyNs.count} requests are few for a p99: it is one of the slowest of them`);
  }
  if ((latencyNs.max ?? 0) > highestNs) {
    notes.push(
      `some took longer than ${highestNs / 1e9} s: in the percentiles they count as that; mean and max are exact`,
    );
  }
  if (each.length >= 3 && !isStable(each, question.stabilityRatio)) {
    notes.push(
      `not stable: the last three windows differ by more than ${(question.stabilityRatio * 100).toFixed(0)} % from their mean`,
    );
  }
  return [...notes, ...new Set(loads.filter(({ requestCount }) => requestCount > 0).flatMap(clientNotes))];
}

/** Whether a load ended before its window since nobody answered: a server that does not take connections answers at once. */
function isUnanswered({ warmup, window, errors }: DiagnosedLoad): boolean {
  return window.closeNs === 0 && warmup.requestCount === 0 && errors.timeout !== undefined;
}

/** Failed requests of all windows by kind. */
export function addErrors(loads: readonly DiagnosedLoad[]): LevelReport['errors'] {
  const errors: Partial<Record<ErrorKind, number>> = {};
  for (const load of loads) {
    for (const [kind, count] of Object.entries(load.errors) as [ErrorKind, number][]) {
      errors[kind] = (errors[kind] ?? 0) + count;
    }
  }
  return errors;
}
