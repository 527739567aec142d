import { mostThreads } from '../load/threads/thread-count.ts';
import { type AfterPart, baselineId, type Load, type Plan } from '../plan/plan.ts';
import { mean } from '../stats/moments.ts';
import { soakPairs } from '../stats/soak.ts';
import { loadOf } from './block.ts';
import type { Decision } from './decision.ts';
import type { Design } from './design.ts';
import type { History } from './history.ts';
import type { RunRecord } from './record.ts';

/** What follows a claim, fixed before any of it is measured; it stands in the journal. */
export type AfterPlan = {
  /** The variant that it is about. */
  readonly pick: string;
  readonly parts: readonly PartPlan[];
  readonly skipped: readonly SkippedPart[];
};

/** In each block of a part every variant is measured once under every load. */
export type PartPlan = {
  readonly part: AfterPart;
  /** The baseline first. */
  readonly variantIds: readonly string[];
  readonly loads: readonly AfterLoad[];
  readonly blocks: number;
};

export type AfterLoad = { readonly load: Load; readonly threads: number; readonly sliceMs: number };

/** `asked`: not wanted; `budget`: no time is left for it; `unavailable`: this server and host have no other way to be asked. */
export type SkippedPart = { readonly part: AfterPart; readonly reason: 'asked' | 'budget' | 'unavailable' };

/** What is known of the server and the host once the blocks are measured. */
export type AfterMeans = {
  readonly leftMs: number;
  /** Whether the server also listens for the protocol that the plan does not use. */
  readonly otherTransport: boolean;
  readonly processors: number;
};

const longestSoakMs = 30_000;
const shortestSoakMs = 5_000;
/** Of what is slow the slices of a block are long themselves: a soak must see more than they do. */
const soakSlices = 2;
/** Of range and client: as many as the first look of confirm has. */
const blocks = 8;
const concurrencyMost = 4_096;
/** Share of what the slower of the two serves at most. */
const openShare = 0.7;
/** Settling, loading and reading counters, where the design tells nothing. */
const leastOverheadMs = 40;

/** Whether a run has ended in a claim that is worth asking about: one of a staged run, between variants that differ. */
export function isDue({ plan, design }: RunRecord, { ended }: History, { verdict }: Decision): boolean {
  return ended !== null && design.procedure === 'staged' && !plan.expectEqual && verdict.pick !== baselineId;
}

/** Where the time is short the client is given up first, then the range; the soak gets what they leave and shrinks before that. */
export function planAfter(record: RunRecord, decision: Decision, means: AfterMeans): AfterPlan {
  const { verdict, finalists } = decision;
  const both = [baselineId, verdict.pick];
  const soak: PartPlan = { part: 'soak', variantIds: both, loads: soakLoads(record), blocks: soakPairs };
  const range: PartPlan = { part: 'range', variantIds: both, loads: rangeLoads(record, decision), blocks };
  const everyone = [...both, ...finalists.filter((id) => id !== verdict.pick)];
  const client: PartPlan = { part: 'client', variantIds: everyone, loads: clientLoads(record, means), blocks };
  const skipped: SkippedPart[] = [];
  const wanted = [soak, range, client].filter(({ part, loads }) => {
    const reason = part === 'soak' && !record.after.soak ? 'asked' : loads.length === 0 ? 'unavailable' : null;
    if (reason !== null) skipped.push({ part, reason });
    return reason === null;
  });
  while (wanted.length > 0 && timeOf(wanted, record.design) > means.leftMs) {
    const { part } = wanted.pop() ?? soak;
    skipped.unshift({ part, reason: 'budget' });
  }
  return { pick: verdict.pick, parts: withLongSoak(wanted, record.design, means.leftMs), skipped };
}

/** What the parts take together. */
export function timeOf(parts: readonly PartPlan[], design: Design): number {
  const times = parts.flatMap(({ blocks: count, variantIds, loads }) =>
    loads.map((load) => count * variantIds.length * sliceTimeMs(load, design)),
  );
  return times.reduce((sum, each) => sum + each, 0);
}

/** One slice of a load with all that belongs to it. */
export function sliceTimeMs({ sliceMs }: AfterLoad, design: Design): number {
  return sliceMs + overheadMs(design);
}

/** The most that this can take after a claim; the budget may leave less. */
export function longestAfterMs(record: Pick<RunRecord, 'after' | 'design'>): number {
  const { design } = record;
  const soakMs = record.after.soak ? 2 * soakPairs * (soakWithin(design).mostMs + overheadMs(design)) : 0;
  const sliceMs = longestOf(design) + overheadMs(design);
  return soakMs + blocks * (2 * 4 + 2 * (design.finalists + 1)) * 2 * sliceMs;
}

function overheadMs({ trialMs, slicesPerBlock, sliceMs }: Design): number {
  return Math.max(leastOverheadMs, trialMs / slicesPerBlock - mean(Object.values(sliceMs)));
}

function longestOf({ sliceMs }: Design): number {
  return Math.max(...Object.values(sliceMs));
}

function soakLoads({ plan, design }: RunRecord): AfterLoad[] {
  return [{ load: loadOf(plan), threads: 1, sliceMs: soakWithin(design).leastMs }];
}

function soakWithin(design: Design): { readonly leastMs: number; readonly mostMs: number } {
  const ownMs = soakSlices * longestOf(design);
  return { leastMs: Math.max(shortestSoakMs, ownMs), mostMs: Math.max(longestSoakMs, ownMs) };
}

function withLongSoak(parts: readonly PartPlan[], design: Design, leftMs: number): PartPlan[] {
  const spareMs = leftMs - timeOf(parts, design);
  const { leastMs, mostMs } = soakWithin(design);
  const sliceMs = Math.floor(Math.min(mostMs, leastMs + spareMs / (2 * soakPairs)));
  return parts.map((part) =>
    part.part === 'soak' ? { ...part, loads: part.loads.map((load) => ({ ...load, sliceMs })) } : part,
  );
}

/** Half, twice and four times as many outstanding, each slice as many cycles long as those of the verdict; and an open loop. */
function rangeLoads({ plan, design }: RunRecord, { values, verdict }: Decision): AfterLoad[] {
  const own = loadOf(plan);
  const { concurrency } = plan.load;
  const levels = [concurrency / 2, 2 * concurrency, 4 * concurrency].filter(
    (level) => Number.isInteger(level) && level <= concurrencyMost,
  );
  const closed = levels.map((level) => ({
    load: { ...own, pacing: { kind: 'closed' as const, concurrency: level } },
    threads: 1,
    sliceMs: Math.ceil(longestOf(design) * Math.max(1, level / concurrency)),
  }));
  const capacity = Math.min(...[baselineId, verdict.pick].map((id) => meanThroughput(values.get(id) ?? [])));
  const requestsPerSecond = Number(((openShare * capacity) / plan.load.batchSize).toPrecision(3));
  if (!(requestsPerSecond >= 1)) return closed;
  const pacing = { kind: 'poisson' as const, requestsPerSecond };
  return [...closed, { load: { ...own, pacing }, threads: 1, sliceMs: longestOf(design) }];
}

function meanThroughput(values: readonly { readonly throughput: number }[]): number {
  return values.length === 0 ? 0 : mean(values.map(({ throughput }) => throughput));
}

/** The other protocol, and twice as many threads, where both the client and the server keep a processor of their own. */
function clientLoads({ plan, design }: RunRecord, { otherTransport, processors }: AfterMeans): AfterLoad[] {
  const own = loadOf(plan);
  const sliceMs = longestOf(design);
  const other: AfterLoad[] = otherTransport
    ? [{ load: { ...own, transport: otherOf(plan) }, threads: 1, sliceMs }]
    : [];
  const more: AfterLoad[] =
    mostThreads(plan.load.concurrency, processors) >= 2 ? [{ load: own, threads: 2, sliceMs }] : [];
  return [...other, ...more];
}

/** The protocol that a plan does not use. */
export function otherOf({ load }: Pick<Plan, 'load'>): 'http' | 'grpc' {
  return load.protocol.startsWith('grpc') ? 'http' : 'grpc';
}
