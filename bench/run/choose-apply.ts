import type { Apply, Plan } from '../plan/plan.ts';
import type { ApplyReason } from '../report/results.ts';
import { mean } from '../stats/moments.ts';
import type { Candidate } from './candidates.ts';
import { serverSets } from './server-sets.ts';
import type { AcceptedLook, Timing } from './timing.ts';

/** How the variants of a run come into force, fixed before its first block. */
export type ApplyChoice = ApplyGrounds & { readonly applied: Apply };

/** What that rests on. */
export type ApplyGrounds = {
  readonly because: ApplyReason;
  /** Mean time of a load by the mean time of the rest of a slice; null where it was not looked at. */
  readonly loadRatio: number | null;
  /** What one copy of each variant was seen to need, the server itself counted with each. */
  readonly neededBytes: number | null;
  readonly freeBytes: number | null;
};

/** What a server was seen to take while it served one variant; `memoryBytes` is null where that is not known. */
export type Footprint = { readonly memoryBytes: number | null; readonly usesGpu: boolean };

export type Experience = {
  /** How the variants were looked at. */
  readonly looked: Apply;
  readonly looks: readonly AcceptedLook[];
  readonly timing: Timing;
  /** One for each look. */
  readonly footprints: readonly Footprint[];
  readonly freeBytes: number;
  /** How many sets of server flags the variants have. */
  readonly flagSetCount: number;
  /** The server was there before, with a repository of its own, in which nothing can be laid beside the model. */
  readonly isAttached?: boolean;
};

/** A load that takes more than this share of what it is for makes every slice noticeably dearer. */
const loadRatioMost = 0.2;
/** Copies may take this share of the free memory. */
const memoryShareMost = 0.5;

/**
 * How variants are looked at, before there is anything to choose by. Where all of them are the baseline's configuration on the
 * same server under other loads, it stays loaded, unless the plan names a way; copies that are the same on purpose are reloaded
 * as any variant is.
 */
export function firstApply(
  { apply, expectEqual, engine }: Pick<Plan, 'apply' | 'expectEqual' | 'engine'>,
  candidates: readonly Candidate[],
): Apply {
  if (apply !== 'auto') return apply;
  const isOneConfig = candidates.every(({ configText }) => configText === candidates[0]?.configText);
  return isOneConfig && !expectEqual && serverSets(candidates, { engine }).length === 1 ? 'keep' : 'reload';
}

/** The way that the plan names, or the one that costs less. */
export function chooseApply(plan: Pick<Plan, 'apply' | 'slicesPerBlock'>, seen: Experience): ApplyChoice {
  const unseen = { loadRatio: null, neededBytes: null, freeBytes: null };
  if (plan.apply !== 'auto') return { applied: plan.apply, because: 'asked', ...unseen };
  if (seen.looked === 'keep') return { applied: 'keep', because: 'load-alone', ...unseen };
  const { looks, timing, footprints, freeBytes, flagSetCount } = seen;
  const restMs = timing.warmupMs + mean(looks.map(({ variantId }) => timing.sliceMs[variantId] ?? 0));
  const loadRatio = mean(looks.map(({ loadMs }) => loadMs)) / restMs;
  const neededBytes = footprints.reduce<number | null>(
    (sum, { memoryBytes }) => (sum === null || memoryBytes === null ? null : sum + memoryBytes),
    0,
  );
  const facts = { loadRatio, neededBytes, freeBytes };
  const reload = (because: ApplyReason): ApplyChoice => ({ applied: 'reload', because, ...facts });
  if (seen.isAttached === true) return reload('attached');
  if (loadRatio <= loadRatioMost) return reload('cheap-load');
  if (plan.slicesPerBlock === 1) return reload('one-slice');
  if (flagSetCount > 1) return reload('flags');
  if (footprints.some(({ usesGpu }) => usesGpu)) return reload('gpu');
  if (neededBytes === null) return reload('memory-unknown');
  if (neededBytes >= memoryShareMost * freeBytes) return reload('memory');
  return { applied: 'colocate', because: 'load-cost', ...facts };
}
