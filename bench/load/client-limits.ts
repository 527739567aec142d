import type { LoadMeasurement } from './measurement.ts';
import type { ClientSigns } from './threads/client-watch.ts';

/** What is asked of a measurement; one from an older journal has less. */
export type ClientSeen = {
  readonly client: LoadMeasurement['client'] & Partial<ClientSigns> & { readonly threadCount?: number };
  readonly schedule?: { readonly lateness: { readonly p99Ns: number }; readonly isGivenUp?: true } | null | undefined;
};

const utilizationMost = 0.9;
const runQueueWaitMost = 0.25;
const latenessMostNs = 1e6;

/**
 * Why the client and not the server was what a measurement shows, each with what to change; empty where it was not.
 * Such a measurement is invalid, however good its numbers look.
 */
export function clientLimits({ client, schedule }: ClientSeen): string[] {
  const { eventLoopUtilization, runQueueWaitRatio, threadCount = 1 } = client;
  const reasons: string[] = [];
  if (eventLoopUtilization > utilizationMost) {
    reasons.push(
      `the client was busy ${percent(eventLoopUtilization)} of the time: it was the limit (use --threads ${threadCount * 2})`,
    );
  }
  if ((runQueueWaitRatio ?? 0) > runQueueWaitMost) {
    reasons.push(
      `the client waited for a processor ${percent(runQueueWaitRatio ?? 0)} of the time (pin it to a core of its own, or stop what runs beside it)`,
    );
  }
  if (schedule?.isGivenUp) {
    reasons.push(
      `the client fell so far behind the schedule that it gave up the rest: it was the limit (${whatMadeItLate(client)})`,
    );
  }
  const latenessNs = schedule?.lateness.p99Ns ?? 0;
  if (latenessNs > latenessMostNs) {
    reasons.push(
      `the client sent late: 1 % of the requests more than ${(latenessNs / 1e6).toFixed(1)} ms behind their time (${whatMadeItLate(client)})`,
    );
  }
  return reasons;
}

/** What in the latencies is the client's own doing although it was not the limit: for whoever reads the tail. */
export function clientNotes({ client, latency }: ClientSeen & Pick<LoadMeasurement, 'latency'>): string[] {
  const { gc, stealRatio } = client;
  const notes: string[] = [];
  if (gc !== undefined && gc.count > 0 && gc.maxNs > latency.p50Ns) {
    const total = `${gc.count} ${gc.count === 1 ? 'pause' : 'pauses'}, ${(gc.totalNs / 1e6).toFixed(1)} ms`;
    notes.push(
      `garbage collection in the client: ${total}, the longest ${(gc.maxNs / 1e6).toFixed(1)} ms; in the latencies this is the client's part`,
    );
  }
  if (stealRatio !== undefined && stealRatio !== null && stealRatio > stealWorthTelling) {
    notes.push(`the hypervisor took ${percent(stealRatio)} of this host's processor time`);
  }
  return notes;
}

const stealWorthTelling = 0.02;

function whatMadeItLate({ gc, eventLoopUtilization, threadCount = 1 }: ClientSeen['client']): string {
  if ((gc?.maxNs ?? 0) > latenessMostNs)
    return 'garbage collection in the client was part of it; offer less or use more threads';
  return eventLoopUtilization > utilizationMost / 2
    ? `offer less, or use --threads ${threadCount * 2}`
    : 'offer less, or stop what runs beside it';
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(0)} %`;
}
