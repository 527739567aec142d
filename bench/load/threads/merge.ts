import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { LoadMeasurement, PacingAsked, ScheduleKept } from '../measurement.ts';
import { type LatencyRecord, mergeHistograms } from '../recorder.ts';
import { mergeTimelines, type Timeline } from '../timeline.ts';
import type { ClientSigns } from './client-watch.ts';
import { type ClientDiagnosis, type DiagnosedLoad, type PartResult, withCostPerRequest } from './run-part.ts';

/** What one thread of several measured, and how many requests it might keep outstanding. */
export type TeamPart = PartResult & { readonly laneCount: number };

/** What all threads together were to do. */
export type TeamAsked = { readonly threadCount: number; readonly pacing: PacingAsked };

/**
 * The measurement of all threads together: histograms, counts and rates are added. Where a thread gave up and has no part, or
 * where one thread's window did not close, nothing was measured: only warm-up, errors and the client's own signs are told.
 */
export function mergeParts(
  parts: readonly [TeamPart, ...TeamPart[]],
  { threadCount, pacing }: TeamAsked,
): DiagnosedLoad {
  const measurements = parts.map(({ measurement }) => measurement);
  const first = parts.reduce((a, b) => (b.startNs < a.startNs ? b : a));
  const closed = parts.length === threadCount && measurements.every(({ window }) => window.closeNs > 0);
  const sum = (of: (measurement: LoadMeasurement) => number): number => total(measurements, of);
  const measured = (value: number): number => (closed ? value : 0);
  const requestCount = measured(sum(({ requestCount }) => requestCount));
  const integralNs = measured(sum(({ outstandingIntegralNs }) => outstandingIntegralNs));
  const wantedNs = total(parts, (part) => part.laneCount * windowNs(part.measurement));
  const schedules = measurements.flatMap(({ schedule }) => schedule ?? []);
  const latencies = closed ? measurements.map(({ latency }) => latency) : [];
  const client = { ...mergeClients(measurements.map((measurement) => measurement.client)), threadCount };
  return {
    startedAt: first.measurement.startedAt,
    pacing,
    warmup: {
      durationNs: Math.max(...parts.map((part) => part.startNs - first.startNs + part.measurement.warmup.durationNs)),
      requestCount: sum(({ warmup }) => warmup.requestCount),
      firstRequestNs: first.measurement.warmup.firstRequestNs,
    },
    window: closed ? mergeWindows(parts, first.startNs) : { openNs: 0, closeNs: 0 },
    requestCount,
    requestsPerSecond: measured(sum(({ requestsPerSecond }) => requestsPerSecond)),
    inferencesPerSecond: measured(sum(({ inferencesPerSecond }) => inferencesPerSecond)),
    outstandingIntegralNs: integralNs,
    pressureRatio: measured(schedules.length > 0 ? 1 : integralNs / wantedNs),
    latency: mergeLatencies(latencies),
    aboveLimits: first.measurement.aboveLimits.map(({ limitNs }, index) => ({
      limitNs,
      count: measured(sum(({ aboveLimits }) => aboveLimits[index]?.count ?? 0)),
    })),
    errors: mergeErrors(measurements),
    checkedCount: sum(({ checkedCount }) => checkedCount),
    client: withCostPerRequest(client, requestCount),
    schedule: closed ? mergeSchedules(schedules) : null,
    ...timelineOf(parts, first.startNs),
  };
}

/** Where every thread kept one. */
function timelineOf(parts: readonly TeamPart[], startNs: number): { readonly timeline?: Timeline } {
  const [first, ...others] = parts.flatMap((part) => {
    const { timeline } = part.measurement;
    return timeline === undefined ? [] : [{ timeline, offsetNs: part.startNs - startNs }];
  });
  return first === undefined || others.length + 1 < parts.length
    ? {}
    : { timeline: mergeTimelines([first, ...others]) };
}

function windowNs({ window }: LoadMeasurement): number {
  return window.closeNs - window.openNs;
}

/**
 * From the first opening to the last closing, in ns since the first thread began. Threads of an open loop have one window
 * in common: what the times of their own beginnings make of it is off by as long as a thread stood still there.
 */
function mergeWindows(parts: readonly TeamPart[], startNs: number): LoadMeasurement['window'] {
  const openNs = Math.min(...parts.map((part) => part.startNs - startNs + part.measurement.window.openNs));
  const isCommon = parts.every(({ measurement }) => measurement.schedule !== null);
  const closeNs = isCommon
    ? openNs + Math.max(...parts.map(({ measurement }) => windowNs(measurement)))
    : Math.max(...parts.map((part) => part.startNs - startNs + part.measurement.window.closeNs));
  return { openNs, closeNs };
}

export function mergeLatencies(records: readonly LatencyRecord[]): LatencyRecord {
  const filled = records.filter(({ count }) => count > 0);
  const histogram = mergeHistograms(filled.map((record) => record.histogram));
  return {
    count: total(filled, ({ count }) => count),
    sumNs: total(filled, ({ sumNs }) => sumNs),
    minNs: filled.length === 0 ? 0 : Math.min(...filled.map(({ minNs }) => minNs)),
    maxNs: Math.max(0, ...filled.map(({ maxNs }) => maxNs)),
    p50Ns: histogram.getValueAtPercentile(50),
    p99Ns: histogram.getValueAtPercentile(99),
    histogram: encodeIntoCompressedBase64(histogram),
  };
}

function mergeSchedules(schedules: readonly ScheduleKept[]): ScheduleKept | null {
  const [first] = schedules;
  if (first === undefined) return null;
  const quarter = (index: 0 | 1 | 2 | 3): number => total(schedules, ({ meanBacklog }) => meanBacklog[index]);
  return {
    offeredPerSecond: total(schedules, ({ offeredPerSecond }) => offeredPerSecond),
    intendedCount: total(schedules, ({ intendedCount }) => intendedCount),
    sentCount: total(schedules, ({ sentCount }) => sentCount),
    droppedCount: total(schedules, ({ droppedCount }) => droppedCount),
    failedCount: total(schedules, ({ failedCount }) => failedCount),
    inFlightLimit: total(schedules, ({ inFlightLimit }) => inFlightLimit),
    whenFull: first.whenFull,
    lateness: mergeLatencies(schedules.map(({ lateness }) => lateness)),
    service: mergeLatencies(schedules.map(({ service }) => service)),
    backlogAtOpen: total(schedules, ({ backlogAtOpen }) => backlogAtOpen),
    backlogAtClose: total(schedules, ({ backlogAtClose }) => backlogAtClose),
    ...(schedules.some(({ isGivenUp }) => isGivenUp) ? { isGivenUp: true } : {}),
    meanBacklog: [quarter(0), quarter(1), quarter(2), quarter(3)],
  };
}

function total<T>(all: readonly T[], of: (each: T) => number): number {
  return all.reduce((sum, each) => sum + of(each), 0);
}

function mergeErrors(measurements: readonly LoadMeasurement[]): LoadMeasurement['errors'] {
  const errors: Partial<Record<keyof LoadMeasurement['errors'], number>> = {};
  for (const measurement of measurements) {
    for (const [kind, count] of Object.entries(measurement.errors)) {
      errors[kind as keyof typeof errors] = (errors[kind as keyof typeof errors] ?? 0) + count;
    }
  }
  return errors;
}

/** Each thread reports the processor time of the whole process over nearly the same time: they are not added. */
function mergeClients(clients: readonly ClientDiagnosis[]): Omit<ClientDiagnosis, 'cpuPerRequestNs' | 'threadCount'> {
  return {
    cpuNs: Math.max(...clients.map(({ cpuNs }) => cpuNs)),
    eventLoopUtilization: Math.max(...clients.map(({ eventLoopUtilization }) => eventLoopUtilization)),
    runQueueWaitRatio: largest(clients.map(({ runQueueWaitRatio }) => runQueueWaitRatio)),
    eventLoopDelay: mergeDelays(clients.flatMap(({ eventLoopDelay }) => eventLoopDelay ?? [])),
    gc: {
      count: total(clients, ({ gc }) => gc.count),
      totalNs: total(clients, ({ gc }) => gc.totalNs),
      maxNs: Math.max(...clients.map(({ gc }) => gc.maxNs)),
    },
    stealRatio: largest(clients.map(({ stealRatio }) => stealRatio)),
    cpuPressureRatio: largest(clients.map(({ cpuPressureRatio }) => cpuPressureRatio)),
  };
}

/** Of the worst thread, number by number. */
function mergeDelays(delays: readonly NonNullable<ClientSigns['eventLoopDelay']>[]): ClientSigns['eventLoopDelay'] {
  if (delays.length === 0) return null;
  return {
    p50Ns: Math.max(...delays.map(({ p50Ns }) => p50Ns)),
    p99Ns: Math.max(...delays.map(({ p99Ns }) => p99Ns)),
    maxNs: Math.max(...delays.map(({ maxNs }) => maxNs)),
  };
}

function largest(values: readonly (number | null)[]): number | null {
  const told = values.filter((value) => value !== null);
  return told.length === 0 ? null : Math.max(...told);
}
