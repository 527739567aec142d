import { mostThreads } from '../load/threads/thread-count.ts';
import { type AfterPart, baselineId, type Load } from '../plan/plan.ts';
import { mean } from '../stats/moments.ts';
import { soakPairs } from '../stats/soak.ts';
import type { Decision } from './decision.ts';
import type { Design } from './design.ts';
import type { History } from './history.ts';
import { type ClosedLoad, loadKey, loadOfId } from './load-of.ts';
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

export type AfterLoad = {
  /** The pick's. */
  readonly load: Load;
  /** By id, of variants whose load is another than the pick's; what is asked for is done to each from its own. */
  readonly others?: Readonly<Record<string, Load>>;
  readonly threads: number;
  readonly sliceMs: number;
};

export function loadFor({ load, others = {} }: AfterLoad, variantId: string): Load {
  return Object.hasOwn(others, variantId) ? (others[variantId] ?? load) : load;
}

/** `asked`: not wanted; `budget`: no time is left for it; `unavailable`: this server and host have no other way to be asked. */
export type SkippedPart = { readonly part: AfterPart; readonly reason: 'asked' | 'budget' | 'unavailable' };

/** What is known of the server and the host once the blocks are measured. */
export type AfterMeans = {
  readonly leftMs: number;
  /** Whether the server also listens for the protocol that the pick's load does not use. */
  readonly otherTransport: boolean;
  readonly processors: number;
};

const longestSoakMs = 30_000;
const shortestSoakMs = 5_000;
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
  const both: Both = [baselineId, verdict.pick];
  const soak: PartPlan = { part: 'soak', variantIds: both, loads: soakLoads(record, both), blocks: soakPairs };
  const range: PartPlan = { part: 'range', variantIds: both, loads: rangeLoads(record, decision), blocks };
  const everyone: Both = [...both, ...finalists.filter((id) => id !== verdict.pick)];
  const client: PartPlan = {
    part: 'client',
    variantIds: everyone,
    loads: clientLoads(record, everyone, means),
    blocks,
  };
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
  const soakMs = record.after.soak ? 2 * soakPairs * (longestSoakMs + overheadMs(design)) : 0;
  const sliceMs = longestOf(design) + overheadMs(design);
  return soakMs + blocks * (2 * 4 + 2 * (design.finalists + 1)) * 2 * sliceMs;
}

function overheadMs({ trialMs, slicesPerBlock, sliceMs }: Design): number {
  return Math.max(leastOverheadMs, trialMs / slicesPerBlock - mean(Object.values(sliceMs)));
}

function longestOf({ sliceMs }: Design): number {
  return Math.max(...Object.values(sliceMs));
}

/** The baseline, the pick, and whoever else takes part. */
type Both = readonly [baseline: string, pick: string, ...others: string[]];

/** Under what `change` makes of each one's own load. */
function loadsOf(
  { plan }: RunRecord,
  ids: Both,
  change: (own: ClosedLoad, id: string) => Load,
): Pick<AfterLoad, 'load' | 'others'> {
  const [, pick] = ids;
  const load = change(loadOfId(plan, pick), pick);
  const all = ids.map((id) => [id, change(loadOfId(plan, id), id)] as const);
  const others = all.filter(([, own]) => loadKey(own) !== loadKey(load));
  return others.length === 0 ? { load } : { load, others: Object.fromEntries(others) };
}

function soakLoads(record: RunRecord, both: Both): AfterLoad[] {
  return [{ ...loadsOf(record, both, (own) => own), threads: 1, sliceMs: shortestSoakMs }];
}

function withLongSoak(parts: readonly PartPlan[], design: Design, leftMs: number): PartPlan[] {
  const spareMs = leftMs - timeOf(parts, design);
  const sliceMs = Math.floor(Math.min(longestSoakMs, shortestSoakMs + spareMs / (2 * soakPairs)));
  return parts.map((part) =>
    part.part === 'soak' ? { ...part, loads: part.loads.map((load) => ({ ...load, sliceMs })) } : part,
  );
}

/**
 * Half, twice and four times as many outstanding as each of the two had, each slice as many cycles long as those of the verdict;
 * and an open loop, in which those that differ in what is outstanding alone are the same.
 */
function rangeLoads(record: RunRecord, { values, verdict }: Decision): AfterLoad[] {
  const { plan, design } = record;
  const both: Both = [baselineId, verdict.pick];
  const levels = both.map((id) => loadOfId(plan, id).pacing.concurrency);
  const factors = [0.5, 2, 4].filter((factor) =>
    levels.every((level) => Number.isInteger(level * factor) && level * factor <= concurrencyMost),
  );
  const closed = factors.map((factor) => ({
    ...loadsOf(record, both, (own) => ({
      ...own,
      pacing: { kind: 'closed', concurrency: own.pacing.concurrency * factor },
    })),
    threads: 1,
    sliceMs: Math.ceil(longestOf(design) * Math.max(1, factor)),
  }));
  const capacity = Math.min(...both.map((id) => meanThroughput(values.get(id) ?? [])));
  const rate = (batchSize: number): number => Number(((openShare * capacity) / batchSize).toPrecision(3));
  const slowest = Math.min(...both.map((id) => rate(loadOfId(plan, id).batchSize)));
  if (!(slowest >= 1) || differInConcurrencyAlone(record, both)) return closed;
  const open = loadsOf(record, both, (own) => ({
    ...own,
    pacing: { kind: 'poisson', requestsPerSecond: rate(own.batchSize) },
  }));
  return [...closed, { ...open, threads: 1, sliceMs: longestOf(design) }];
}

function differInConcurrencyAlone({ plan, configs }: RunRecord, [baseline, pick]: Both): boolean {
  const [first, second] = [loadOfId(plan, baseline), loadOfId(plan, pick)];
  return (
    configs[baseline] === configs[pick] &&
    loadKey(first) !== loadKey(second) &&
    loadKey({ ...first, pacing: second.pacing }) === loadKey(second)
  );
}

function meanThroughput(values: readonly { readonly throughput: number }[]): number {
  return values.length === 0 ? 0 : mean(values.map(({ throughput }) => throughput));
}

/**
 * The other protocol, unless it is a part of what is compared, and twice as many threads, where both the client and the server
 * keep a processor of their own.
 */
function clientLoads(record: RunRecord, ids: Both, { otherTransport, processors }: AfterMeans): AfterLoad[] {
  const { plan, design } = record;
  const sliceMs = longestOf(design);
  const own = ids.map((id) => loadOfId(plan, id));
  const oneProtocol = new Set(own.map(({ transport }) => transport)).size === 1;
  const other: AfterLoad[] =
    otherTransport && oneProtocol
      ? [{ ...loadsOf(record, ids, (load) => ({ ...load, transport: otherOf(load) })), threads: 1, sliceMs }]
      : [];
  const laneCount = Math.min(...own.map(({ pacing }) => pacing.concurrency));
  const more: AfterLoad[] =
    mostThreads(laneCount, processors) >= 2 ? [{ ...loadsOf(record, ids, (load) => load), threads: 2, sliceMs }] : [];
  return [...other, ...more];
}

/** The protocol that a load does not use. */
export function otherOf({ transport }: Pick<Load, 'transport'>): 'http' | 'grpc' {
  return transport.startsWith('grpc') ? 'http' : 'grpc';
}
