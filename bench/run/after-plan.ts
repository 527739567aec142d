import { type AfterPart, baselineId } from '../plan/plan.ts';
import { furtherPairs, soakPairs } from '../stats/soak.ts';
import { type AfterLoad, type ClientMeans, clientLoads, type Members, rangeLoads, soakLoads } from './after-loads.ts';
import type { Decision } from './decision.ts';
import type { Design } from './design.ts';
import type { History } from './history.ts';
import type { RunRecord } from './record.ts';
import { overheadMs, soakTimeMs, soakWithin } from './soak-reserve.ts';
import { longestSliceMs } from './timing.ts';

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

/** `asked`: not wanted; `budget`: no time is left for it; `unavailable`: this server and host have no other way to be asked. */
export type SkippedPart = { readonly part: AfterPart; readonly reason: 'asked' | 'budget' | 'unavailable' };

/** What is known of the server and the host once the blocks are measured. */
export type AfterMeans = ClientMeans & { readonly leftMs: number };

/** Of range and client: as many as the first look of confirm has. */
const blocks = 8;

/** Whether a run has ended in a claim that is worth asking about: one of a staged run, between variants that differ. */
export function isDue({ plan, design }: RunRecord, { ended }: History, { verdict }: Decision): boolean {
  return ended !== null && design.procedure === 'staged' && !plan.expectEqual && verdict.pick !== baselineId;
}

/**
 * Where the time is short the soak shrinks first, as far as to the slices that the design kept time for; then the client is
 * given up, then the range; then the soak shrinks further, and is given up last.
 */
export function planAfter(record: RunRecord, decision: Decision, means: AfterMeans): AfterPlan {
  const { verdict, finalists } = decision;
  const { design } = record;
  const both: Members = [baselineId, verdict.pick];
  const soak: PartPlan = {
    part: 'soak',
    variantIds: both,
    loads: soakLoads(record, both, soakWithin(design).leastMs),
    blocks: soakPairs,
  };
  const range: PartPlan = { part: 'range', variantIds: both, loads: rangeLoads(record, decision), blocks };
  const everyone: Members = [...both, ...finalists.filter((id) => id !== verdict.pick)];
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
  const keptMs = Math.max(soakWithin(design).leastMs, design.reservedSoakSliceMs);
  const kept = (part: PartPlan): PartPlan => withSoakOf(part, keptMs);
  const isShort = (last: PartPlan): boolean =>
    timeOf(last.part === 'soak' ? wanted : wanted.map(kept), design) > means.leftMs;
  for (let last = wanted.at(-1); last !== undefined && isShort(last); last = wanted.at(-1)) {
    wanted.pop();
    skipped.unshift({ part: last.part, reason: 'budget' });
  }
  return { pick: verdict.pick, parts: withLongSoak(wanted, design, means.leftMs), skipped };
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
  const pairs = soakPairs + furtherPairs;
  const soakMs = record.after.soak ? (pairs / soakPairs) * soakTimeMs(soakWithin(design).mostMs, design) : 0;
  const sliceMs = longestSliceMs(design) + overheadMs(design);
  return soakMs + blocks * (2 * 4 + 2 * (design.finalists + 1)) * 2 * sliceMs;
}

function withLongSoak(parts: readonly PartPlan[], design: Design, leftMs: number): PartPlan[] {
  const spareMs = leftMs - timeOf(parts, design);
  const { leastMs, mostMs } = soakWithin(design);
  const sliceMs = Math.floor(Math.min(mostMs, leastMs + spareMs / (2 * soakPairs)));
  return parts.map((part) => withSoakOf(part, sliceMs));
}

function withSoakOf(part: PartPlan, sliceMs: number): PartPlan {
  return part.part === 'soak' ? { ...part, loads: part.loads.map((load) => ({ ...load, sliceMs })) } : part;
}
