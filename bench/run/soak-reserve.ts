import type { Plan } from '../plan/plan.ts';
import { leastConfirmBlocks } from '../stats/budget.ts';
import { slicesToMeetStalls } from '../stats/constraints.ts';
import { mean } from '../stats/moments.ts';
import { soakPairs } from '../stats/soak.ts';
import type { Design } from './design.ts';
import { longestSliceMs } from './timing.ts';

const longestSoakMs = 30_000;
const shortestSoakMs = 5_000;
/** Of what is slow the slices of a block are long themselves: a soak must see more than they do. */
const soakSlices = 2;

/** Share of a budget that is kept for the soak, and how long its slices must then be for it to be worth that. */
export const reserveShare = 0.25;
const usefulSoakMs = 8_000;
/** Settling, loading and reading counters, where the design tells nothing. */
const leastOverheadMs = 40;

/** What a design says of the cost of a slice. */
type SliceCost = Pick<Design, 'trialMs' | 'slicesPerBlock' | 'sliceMs'>;

/** The time that a budget keeps for long slices at the most: a quarter of it, and no more than the longest ones take. */
export function mostReserveMs(budgetMs: number, cost: SliceCost): number {
  return Math.min(reserveShare * budgetMs, soakTimeMs(soakWithin(cost).mostMs, cost));
}

/** Of the blocks of confirm that a budget pays for, perhaps none, `openBlocks` end before the time kept for a soak. */
export type Fitted = { readonly design: Design; readonly confirmBlocks: number; readonly openBlocks: number };

/**
 * The design that keeps time for a soak, unless that makes slices too short to be worth it, or takes more than slices: eight
 * blocks of confirm, the screen, a finalist, or what a constraint has to be seen in.
 */
export function withReserve(
  whole: Fitted,
  kept: Fitted,
  { reserveMs, plan }: { reserveMs: number; plan: Plan },
): Fitted {
  const sliceMs = Math.floor(reserveMs / (2 * soakPairs) - overheadMs(kept.design));
  const loses =
    kept.openBlocks < leastConfirmBlocks ||
    kept.design.reduced.some((what) => what !== 'slices' && !whole.design.reduced.includes(what)) ||
    (plan.constraints.length > 0 && slicesOf(kept) < Math.min(slicesToMeetStalls, slicesOf(whole)));
  const { leastMs, mostMs } = soakWithin(kept.design);
  if (sliceMs < Math.max(usefulSoakMs, leastMs) || loses) return whole;
  return { ...kept, design: { ...kept.design, reservedSoakSliceMs: Math.min(mostMs, sliceMs) } };
}

/** How long the slices of a soak are at the least and at the most, by how long those of a block are. */
export function soakWithin(design: Pick<Design, 'sliceMs'>): {
  readonly leastMs: number;
  readonly mostMs: number;
} {
  const ownMs = soakSlices * longestSliceMs(design);
  return { leastMs: Math.max(shortestSoakMs, ownMs), mostMs: Math.max(longestSoakMs, ownMs) };
}

/** The looks with one where the kept time begins, so that a claim there has its soak; without one the blocks go on. */
export function lookBefore(openBlocks: number, looks: readonly number[]): readonly number[] {
  const last = looks.at(-1) ?? 0;
  if (openBlocks < leastConfirmBlocks || openBlocks >= last - 1) return looks;
  return [
    ...looks.filter((look) => look < openBlocks - 1),
    openBlocks,
    ...looks.filter((look) => look > openBlocks + 1),
  ];
}

/** The time that a design keeps. */
export function reserveOf(design: SliceCost & Pick<Design, 'reservedSoakSliceMs'>): number {
  return design.reservedSoakSliceMs === 0 ? 0 : soakTimeMs(design.reservedSoakSliceMs, design);
}

/** Both variants of all pairs. */
export function soakTimeMs(sliceMs: number, cost: SliceCost): number {
  return 2 * soakPairs * (sliceMs + overheadMs(cost));
}

/** What a slice takes beside its own length. */
export function overheadMs({ trialMs, slicesPerBlock, sliceMs }: SliceCost): number {
  return Math.max(leastOverheadMs, trialMs / slicesPerBlock - mean(Object.values(sliceMs)));
}

function slicesOf({ design, openBlocks }: Fitted): number {
  return openBlocks * design.slicesPerBlock;
}
