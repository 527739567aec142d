import type { ServerCounters } from '../../kserve/statistics.ts';
import type { ErrorKind } from '../answers.ts';
import { backlogGrew, type PacingAsked } from '../measurement.ts';
import type { DiagnosedLoad } from '../threads/run-load.ts';
import { addErrors, meetsThreshold, notesOf, whyInvalid } from './judgement.ts';
import { type LatencySummary, percentileNs, summariseLatency } from './latency-summary.ts';
import { type ServerShare, serverShare } from './server-share.ts';

/** One measured window with what the server counted in it; null where it did not tell. */
export type MeasuredWindow = { readonly load: DiagnosedLoad; readonly server: ServerCounters | null };

/** All windows of one level together: the one place that text, CSV and JSON take their numbers from. */
export type LevelReport = {
  readonly pacing: PacingAsked;
  /** Concurrency of a closed loop, requests per second of an open one. */
  readonly level: number;
  readonly batchSize: number;
  readonly durationMs: number;
  readonly requestCount: number;
  readonly requestsPerSecond: number;
  readonly inferencesPerSecond: number;
  /** In ns; from the send in a closed loop, from the intended start in an open one. */
  readonly latencyNs: LatencySummary;
  /** The latency that stands for the level: the percentile asked for, else the mean; ns. */
  readonly stabilizingNs: number | null;
  readonly errors: Readonly<Partial<Record<ErrorKind, number>>>;
  readonly failedCount: number;
  /** Answers whose values were compared with expected ones. */
  readonly checkedCount: number;
  readonly schedule: ScheduleReport | null;
  readonly server: ServerShare | null;
  readonly client: ClientReport;
  /** Each window by itself: its throughput and mean latency. */
  readonly windows: readonly WindowReport[];
  /** (greatest - least) / mean of the windows' throughput; null with fewer than two. */
  readonly spreadRatio: number | null;
  /** Whether the level meets the latency threshold; null where none was asked for or nothing was measured. */
  readonly meetsThreshold: boolean | null;
  /** Why the measurement cannot be used; empty for a valid one. Never a matter of how large its value is. */
  readonly invalid: readonly string[];
  readonly notes: readonly string[];
};

export type ScheduleReport = {
  readonly offeredPerSecond: number;
  readonly intendedCount: number;
  readonly droppedCount: number;
  readonly failedCount: number;
  readonly inFlightLimit: number;
  readonly whenFull: 'wait' | 'drop';
  /** From the send, what a tool with coordinated omission would show; ns. */
  readonly fromSendNs: LatencySummary;
  /** How late the client turned to a request; ns. */
  readonly latenessNs: LatencySummary;
  readonly backlogGrew: boolean;
};

export type ClientReport = {
  readonly threadCount: number;
  readonly busyRatio: number;
  readonly runQueueWaitRatio: number | null;
  readonly cpuPerRequestNs: number | null;
  readonly gcPauseMaxNs: number;
};

export type WindowReport = {
  readonly startedAt: string;
  readonly requestCount: number;
  readonly requestsPerSecond: number;
  readonly meanNs: number | null;
  readonly failedCount: number;
};

/** What the numbers of a level are judged by. */
export type LevelQuestion = {
  readonly batchSize: number;
  /** Percent; null for the mean. */
  readonly percentile: number | null;
  readonly thresholdNs: number | null;
  /** Windows whose throughput or latency differ by more from their mean are not stable. */
  readonly stabilityRatio: number;
};

export function reportLevel(
  windows: readonly [MeasuredWindow, ...MeasuredWindow[]],
  question: LevelQuestion,
): LevelReport {
  const loads = windows.map(({ load }) => load);
  const [{ load: first }] = windows;
  const { batchSize } = question;
  const durationNs = total(loads, windowNs);
  const rate = durationNs === 0 ? 0 : total(loads, (load) => load.requestsPerSecond * windowNs(load)) / durationNs;
  const latencies = loads.map(({ latency }) => latency);
  const latencyNs = summariseLatency(latencies);
  const requestCount = total(loads, (load) => load.requestCount);
  const schedule = reportSchedule(loads, durationNs);
  const client = { meanNs: (schedule?.fromSendNs ?? latencyNs).mean, requestCount };
  const seen = serverShare(
    windows.map(({ server }) => server),
    client,
  );
  const each = loads.map(reportWindow);
  const rates = each.map((window) => window.requestsPerSecond);
  return {
    pacing: first.pacing,
    level: levelOf(first.pacing, schedule),
    batchSize,
    durationMs: durationNs / 1e6,
    requestCount,
    requestsPerSecond: rate,
    inferencesPerSecond: rate * batchSize,
    latencyNs,
    stabilizingNs: question.percentile === null ? latencyNs.mean : percentileNs(latencies, question.percentile),
    errors: addErrors(loads),
    failedCount: total(each, ({ failedCount }) => failedCount),
    checkedCount: total(loads, ({ checkedCount }) => checkedCount),
    schedule,
    server: seen.share,
    client: reportClient(loads),
    windows: each,
    spreadRatio: spreadOf(rates),
    meetsThreshold: meetsThreshold(loads, question),
    invalid: [...new Set(whyInvalid(loads))],
    notes: notesOf({ loads, each, schedule, question, latencyNs, server: seen.note }),
  };
}

export function reportWindow(load: DiagnosedLoad): WindowReport {
  const { latency } = load;
  return {
    startedAt: load.startedAt,
    requestCount: load.requestCount,
    requestsPerSecond: load.requestsPerSecond,
    meanNs: latency.count === 0 ? null : latency.sumNs / latency.count,
    failedCount: total(Object.values(load.errors), (count) => count),
  };
}

function levelOf(pacing: PacingAsked, schedule: ScheduleReport | null): number {
  if (pacing.kind === 'closed') return pacing.concurrency;
  return 'requestsPerSecond' in pacing ? pacing.requestsPerSecond : (schedule?.offeredPerSecond ?? 0);
}

function reportSchedule(loads: readonly DiagnosedLoad[], durationNs: number): ScheduleReport | null {
  const kept = loads.flatMap(({ schedule }) => schedule ?? []);
  const [first] = kept;
  if (first === undefined) return null;
  const intendedCount = total(kept, (each) => each.intendedCount);
  return {
    offeredPerSecond: durationNs === 0 ? 0 : (intendedCount * 1e9) / durationNs,
    intendedCount,
    droppedCount: total(kept, ({ droppedCount }) => droppedCount),
    failedCount: total(kept, ({ failedCount }) => failedCount),
    inFlightLimit: first.inFlightLimit,
    whenFull: first.whenFull,
    fromSendNs: summariseLatency(kept.map(({ service }) => service)),
    latenessNs: summariseLatency(kept.map(({ lateness }) => lateness)),
    backlogGrew: kept.some(backlogGrew),
  };
}

/** Of the worst window. */
function reportClient(loads: readonly DiagnosedLoad[]): ClientReport {
  const clients = loads.map(({ client }) => client);
  const requestCount = total(loads, (load) => load.requestCount);
  const waited = clients.flatMap(({ runQueueWaitRatio }) => runQueueWaitRatio ?? []);
  return {
    threadCount: Math.max(...clients.map(({ threadCount }) => threadCount)),
    busyRatio: Math.max(...clients.map(({ eventLoopUtilization }) => eventLoopUtilization)),
    runQueueWaitRatio: waited.length === 0 ? null : Math.max(...waited),
    cpuPerRequestNs: requestCount === 0 ? null : total(clients, ({ cpuNs }) => cpuNs) / requestCount,
    gcPauseMaxNs: Math.max(...clients.map(({ gc }) => gc.maxNs)),
  };
}

function spreadOf(rates: readonly number[]): number | null {
  const mean = total(rates, (rate) => rate) / rates.length;
  return rates.length < 2 || mean === 0 ? null : (Math.max(...rates) - Math.min(...rates)) / mean;
}

function windowNs({ window }: DiagnosedLoad): number {
  return window.closeNs - window.openNs;
}

function total<T>(all: readonly T[], of: (each: T) => number): number {
  return all.reduce((sum, each) => sum + of(each), 0);
}
