import type { ConstraintOutcome } from './arm.ts';
import { type ConstraintRules, checkBound, checkShareAbove, type RequestCounts } from './constraints.ts';

/** What one slice says of one limit: the requests that took longer, or ln of a mean that is to be at most `atMost`. */
export type LimitValue =
  | { readonly kind: 'share'; readonly counts: RequestCounts; readonly allowedShare: number }
  | { readonly kind: 'mean'; readonly y: number; readonly atMost: number };

/** One slice of a variant with `level` requests outstanding; `y` is ln of its throughput. */
export type LevelSlice = { readonly level: number; readonly y: number; readonly limits: readonly LimitValue[] };

/** What is known of a variant at one level. */
export type LevelFinding = {
  readonly level: number;
  /** ln of the throughput, slice by slice. */
  readonly y: readonly number[];
  /** `not` of a level that is left as undecided, too: a limit must be shown to hold. `open`: another slice is needed. */
  readonly verdict: 'holds' | 'not' | 'open';
  /** At a small error: only that lets another variant go where this one could not. */
  readonly shownToFail: boolean;
  /** The mean of the slices keeps the limits, whether that is shown or not. */
  readonly within: boolean;
  /** No slice could be used there, and none is tried again. */
  readonly given: boolean;
};

/** That a level holds, or does not, is shown at 5 % by so many slices at the least; after so many it is left as not holding. */
export const leastSlices = 3;
export const mostSlices = 8;

/**
 * One finding for each level that was measured. Slices stand where blocks do elsewhere, since nothing is claimed of them; `given`
 * are levels at which no slice could be used.
 */
export function findLevels(slices: readonly LevelSlice[], given: readonly number[] = []): Map<number, LevelFinding> {
  const byLevel = Map.groupBy(slices, ({ level }) => level);
  const found = [...byLevel].map(([level, own]) => [level, findingOf(level, own)] as const);
  const lost = given.map((level) => {
    const y = (byLevel.get(level) ?? []).map((slice) => slice.y);
    return [level, { level, y, verdict: 'not', shownToFail: false, within: false, given: true } as const] as const;
  });
  return new Map([...found, ...lost]);
}

function findingOf(level: number, slices: readonly LevelSlice[]): LevelFinding {
  const y = slices.map((slice) => slice.y);
  const outcomes = outcomesAt(0.05, slices);
  const enough = slices.length >= leastSlices;
  const holds = enough && outcomes.every(({ outcome }) => outcome === 'holds');
  const over = (enough && outcomes.some(({ outcome }) => outcome === 'fails')) || slices.length >= mostSlices;
  return {
    level,
    y,
    verdict: holds ? 'holds' : over ? 'not' : 'open',
    shownToFail: enough && outcomesAt(0.001, slices).some(({ outcome }) => outcome === 'fails'),
    within: outcomes.every(({ within }) => within),
    given: false,
  };
}

type Outcome = { readonly outcome: ConstraintOutcome; readonly within: boolean };

function outcomesAt(errorRate: number, slices: readonly LevelSlice[]): Outcome[] {
  const limits = slices[0]?.limits ?? [];
  const rules: ConstraintRules = { alpha: 2 * errorRate, constraintCount: limits.length, variantCount: 0 };
  return limits.map((limit, index) => {
    const own = slices.flatMap((slice) => slice.limits[index] ?? []);
    if (limit.kind === 'share') {
      const counts = own.flatMap((each) => (each.kind === 'share' ? each.counts : []));
      const { outcome, value } = checkShareAbove(counts, limit.allowedShare, rules);
      return { outcome, within: (value ?? 1) <= limit.allowedShare };
    }
    const logs = own.flatMap((each) => (each.kind === 'mean' ? each.y : []));
    const { outcome, value } = checkBound(logs, { atMost: limit.atMost }, rules);
    return { outcome, within: (value ?? Infinity) <= limit.atMost };
  });
}
