import type { LevelChoice } from '../stats/ladder.ts';
import type { Design } from './design.ts';
import type { History } from './history.ts';
import { type ClosedLoad, loadOfId } from './load-of.ts';
import type { Pilot } from './pilot.ts';
import type { RunRecord } from './record.ts';

/** What stands in the journal once the levels are chosen. From then on this design is the run's. */
export type FrozenLevels = {
  readonly choices: readonly VariantLevel[];
  readonly design: Design;
  /** The noise of the slices that the levels were chosen from. */
  readonly pilot: Pilot | null;
};

/** A variant's level, or why it has none. */
export type VariantLevel = Omit<LevelChoice, 'id'> & { readonly variantId: string; readonly reason: string | null };

/** A load with another number of requests outstanding, where one is given. */
export function atLevel(load: ClosedLoad, level: number | undefined): ClosedLoad {
  return level === undefined ? load : { ...load, pacing: { kind: 'closed', concurrency: level } };
}

/** What a variant's slices are sent for the verdict: its own load, at its own level where it has one. */
export function loadIn({ plan, design }: Pick<RunRecord, 'plan' | 'design'>, variantId: string): ClosedLoad {
  return atLevel(loadOfId(plan, variantId), design.levels?.[variantId]);
}

/** The record as it is in force: with the design of the levels, where they were chosen, and without variants that have none. */
export function frozen(record: RunRecord, { levels }: Pick<History, 'levels'>): RunRecord {
  if (levels === null) return record;
  const { choices, design, pilot } = levels;
  const without = new Map(
    choices.flatMap(({ variantId, level, reason }) => (level === null ? [[variantId, reason]] : [])),
  );
  const looks = record.looks.map((look) => {
    const reason = without.get(look.variantId);
    return reason === undefined
      ? look
      : { variantId: look.variantId, outcome: 'refused' as const, reason: reason ?? 'no level keeps the limits' };
  });
  return { ...record, design, pilot, looks };
}
