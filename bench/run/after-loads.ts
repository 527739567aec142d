import { mostThreads } from '../load/threads/thread-count.ts';
import { baselineId, type Load } from '../plan/plan.ts';
import { mean } from '../stats/moments.ts';
import type { Decision } from './decision.ts';
import { loadIn } from './levels.ts';
import { type ClosedLoad, loadKey } from './load-of.ts';
import type { RunRecord } from './record.ts';
import { longestSliceMs } from './timing.ts';

/** What each variant is sent in one kind of slice after the verdict. */
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

/** The baseline, the pick, and whoever else takes part. */
export type Members = readonly [baseline: string, pick: string, ...others: string[]];

const concurrencyMost = 4_096;
/** Share of what the slower of the two serves at most. */
const openShare = 0.7;

/** Each under its own load. */
export function soakLoads(record: RunRecord, both: Members, sliceMs: number): AfterLoad[] {
  return [{ ...loadsOf(record, both, (own) => own), threads: 1, sliceMs }];
}

/**
 * Half, twice and four times as many outstanding as each of the two had, each slice as many cycles long as those of the verdict;
 * and an open loop, in which those that differ in what is outstanding alone are the same.
 */
export function rangeLoads(record: RunRecord, { values, verdict }: Decision): AfterLoad[] {
  const { design } = record;
  const both: Members = [baselineId, verdict.pick];
  const levels = both.map((id) => loadIn(record, id).pacing.concurrency);
  const factors = [0.5, 2, 4].filter((factor) =>
    levels.every((level) => Number.isInteger(level * factor) && level * factor <= concurrencyMost),
  );
  const closed = factors.map((factor) => ({
    ...loadsOf(record, both, (own) => ({
      ...own,
      pacing: { kind: 'closed', concurrency: own.pacing.concurrency * factor },
    })),
    threads: 1,
    sliceMs: Math.ceil(longestSliceMs(design) * Math.max(1, factor)),
  }));
  const capacity = Math.min(...both.map((id) => meanThroughput(values.get(id) ?? [])));
  const rate = (batchSize: number): number => Number(((openShare * capacity) / batchSize).toPrecision(3));
  const slowest = Math.min(...both.map((id) => rate(loadIn(record, id).batchSize)));
  if (!(slowest >= 1) || differInConcurrencyAlone(record, both)) return closed;
  const open = loadsOf(record, both, (own) => ({
    ...own,
    pacing: { kind: 'poisson', requestsPerSecond: rate(own.batchSize) },
  }));
  return [...closed, { ...open, threads: 1, sliceMs: longestSliceMs(design) }];
}

function differInConcurrencyAlone(record: RunRecord, [baseline, pick]: Members): boolean {
  const { configs } = record;
  const [first, second] = [loadIn(record, baseline), loadIn(record, pick)];
  return (
    configs[baseline] === configs[pick] &&
    loadKey(first) !== loadKey(second) &&
    loadKey({ ...first, pacing: second.pacing }) === loadKey(second)
  );
}

function meanThroughput(values: readonly { readonly throughput: number }[]): number {
  return values.length === 0 ? 0 : mean(values.map(({ throughput }) => throughput));
}

export type ClientMeans = {
  /** Whether the server also listens for the protocol that the pick's load does not use. */
  readonly otherTransport: boolean;
  readonly processors: number;
};

/**
 * The other protocol, unless it is a part of what is compared, and twice as many threads, where both the client and the server
 * keep a processor of their own.
 */
export function clientLoads(record: RunRecord, ids: Members, { otherTransport, processors }: ClientMeans): AfterLoad[] {
  const { design } = record;
  const sliceMs = longestSliceMs(design);
  const own = ids.map((id) => loadIn(record, id));
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

/** Under what `change` makes of each one's own load. */
function loadsOf(
  record: RunRecord,
  ids: Members,
  change: (own: ClosedLoad) => Load,
): Pick<AfterLoad, 'load' | 'others'> {
  const [, pick] = ids;
  const load = change(loadIn(record, pick));
  const all = ids.map((id) => [id, change(loadIn(record, id))] as const);
  const others = all.filter(([, own]) => loadKey(own) !== loadKey(load));
  return others.length === 0 ? { load } : { load, others: Object.fromEntries(others) };
}
