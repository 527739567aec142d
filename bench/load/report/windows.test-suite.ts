import type { ServerCounters } from '../../kserve/statistics.ts';
import { LatencyRecorder } from '../recorder.ts';
import type { DiagnosedLoad } from '../threads/run-load.ts';

/** A closed loop of one request at a time that took these latencies, one after the other, as if it had been measured. */
export function measuredLoad(latenciesNs: readonly number[], changes: Partial<DiagnosedLoad> = {}): DiagnosedLoad {
  const recorder = new LatencyRecorder();
  for (const latencyNs of latenciesNs) recorder.record(latencyNs);
  const closeNs = latenciesNs.reduce((sum, latencyNs) => sum + latencyNs, 0);
  const rate = closeNs === 0 ? 0 : (latenciesNs.length * 1e9) / closeNs;
  return {
    startedAt: '2026-11-23T08:00:00.000Z',
    pacing: { kind: 'closed', concurrency: 1 },
    warmup: { durationNs: 0, requestCount: 0, firstRequestNs: 0 },
    window: { openNs: 0, closeNs },
    requestCount: latenciesNs.length,
    requestsPerSecond: rate,
    inferencesPerSecond: rate,
    outstandingIntegralNs: closeNs,
    pressureRatio: 1,
    latency: recorder.finish(),
    aboveLimits: [],
    errors: {},
    checkedCount: 0,
    client: {
      cpuNs: 1e6 * latenciesNs.length,
      eventLoopUtilization: 0.1,
      runQueueWaitRatio: 0,
      eventLoopDelay: null,
      gc: { count: 0, totalNs: 0, maxNs: 0 },
      stealRatio: null,
      cpuPressureRatio: null,
      threadCount: 1,
      cpuPerRequestNs: 1e6,
    },
    schedule: null,
    ...changes,
  };
}

/** What a server counted of so many requests, each phase of that many ns for each. */
export function counted(
  requestCount: number,
  phases: Partial<Record<'success' | 'queue' | 'computeInput' | 'computeInfer' | 'computeOutput', number>>,
  changes: Partial<ServerCounters> = {},
): ServerCounters {
  const phase = (ns = 0): { count: number; ns: number } => ({ count: requestCount, ns: ns * requestCount });
  return {
    inferenceCount: requestCount,
    executionCount: requestCount,
    cacheHitCount: 0,
    success: phase(phases.success),
    fail: { count: 0, ns: 0 },
    queue: phase(phases.queue),
    computeInput: phase(phases.computeInput),
    computeInfer: phase(phases.computeInfer),
    computeOutput: phase(phases.computeOutput),
    ...changes,
  };
}
