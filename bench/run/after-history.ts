import type { AfterPart } from '../plan/plan.ts';
import type { AfterPlan, PartPlan } from './after-plan.ts';
import type { MeasuredSlice } from './history.ts';
import type { JournalLine, SliceResult } from './journal.ts';

/** What a journal says of the stage after the verdict; none of it enters an estimate. */
export type AfterHistory = {
  /** Null where it has not begun. */
  readonly plan: AfterPlan | null;
  readonly slices: readonly SliceResult[];
  /** Loads that were given up since a variant could not be measured under them. */
  readonly left: readonly LeftLoad[];
  /** Parts of which nothing more is to be measured. */
  readonly ended: ReadonlyMap<AfterPart, 'complete' | 'budget'>;
};

/** `round`: which load of the part, from 1. */
export type LeftLoad = {
  readonly part: AfterPart;
  readonly round: number;
  readonly variantId: string;
  readonly reason: string;
};

export function readAfter(lines: readonly JournalLine[]): AfterHistory {
  const told = lines.filter((line) => line.kind === 'after');
  return {
    plan: told.findLast((line) => line.status === 'planned')?.plan ?? null,
    slices: lines.filter((line) => line.kind === 'slice').filter(({ slice }) => slice.stage === 'after'),
    left: told
      .filter((line) => line.status === 'left')
      .map(({ part, round, variantId, reason }) => ({ part, round, variantId, reason })),
    ended: new Map(told.filter((line) => line.status === 'ended').map(({ part, reason }) => [part, reason])),
  };
}

/** Whether every part that was planned has been measured, or has no time left. */
export function isAfterFinished({ plan, ended }: AfterHistory): boolean {
  return plan?.parts.every(({ part }) => ended.has(part)) ?? false;
}

/** The slices of one block under one load, by variant: each variant has a valid one, all of the same attempt. */
export type AfterBlock = { readonly block: number; readonly slices: ReadonlyMap<string, MeasuredSlice> };

/** The complete blocks of one load of a part; of a block that was interrupted and measured again only the last attempt counts. */
export function blocksUnder(
  { slices }: AfterHistory,
  { part, variantIds, blocks }: PartPlan,
  round: number,
): AfterBlock[] {
  const own = slices.filter(({ slice }) => slice.after === part);
  return Array.from({ length: blocks }, (_, index) => index + 1).flatMap((block) => {
    const ofBlock = own.filter(({ slice }) => slice.block === block);
    const last = lastAttempt(ofBlock);
    const valid = ofBlock.filter(isValid).filter(({ slice }) => slice.round === round && slice.attempt === last);
    const byVariant = new Map(valid.map((line) => [line.slice.variantId, line]));
    return variantIds.every((id) => byVariant.has(id)) ? [{ block, slices: byVariant }] : [];
  });
}

/** The number of the last measurement of a block that was begun; 0 without any. */
export function lastAttempt(slices: readonly SliceResult[]): number {
  return slices.reduce((most, { slice }) => Math.max(most, slice.attempt), 0);
}

export function isValid(line: SliceResult): line is MeasuredSlice {
  return line.status === 'measured' && line.measurement.invalid.length === 0;
}
