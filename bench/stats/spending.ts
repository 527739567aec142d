import { jointCriticalValues } from './boundaries.ts';
import { normalUpperTail } from './normal.ts';

/**
 * How the looks share the error. `joint`, which sweeps use: boundaries from the joint distribution of the looks, with
 * alpha t^2 spent by the share t of the planned blocks, and all that is left at the end. `additive`: each look pays for
 * itself from alpha ln(1 + (e - 1) t), as if no two looks ever raised the same false alarm; it wastes part of alpha.
 */
export type Spending = 'joint' | 'additive';

/**
 * The part of `alpha` that additive spending allows when the share `fraction` (0 to 1) of the planned blocks is there:
 * Lan and DeMets' function of Pocock's type. The differences between looks add up to alpha.
 */
export function alphaSpent(alpha: number, fraction: number): number {
  return alpha * Math.log1p((Math.E - 1) * inUnit(fraction));
}

/**
 * The part of `alpha` that joint spending allows at `fraction`: little at first, so that an early look costs the later
 * ones next to nothing, yet a large gain still ends the run early.
 */
export function alphaSpentJointly(alpha: number, fraction: number): number {
  return alpha * inUnit(fraction) ** 2;
}

/** One look at the data after `blocks` blocks: a variant is claimed where its Holm-adjusted p is at most `alpha`. */
export type Look = { readonly blocks: number; readonly alpha: number };

/** What `dueLooks` needs: the whole error, the planned looks in blocks, and how many blocks the budget pays for. */
export type LookPlan = {
  readonly alpha: number;
  readonly looks: readonly number[];
  readonly maxBlocks: number;
  readonly spending?: Spending;
  /** How many variants share the error at each look; 1 unless told. */
  readonly familySize?: number;
};

/**
 * The looks that are due once `blocks` blocks are there, in order. Where the budget ends between two looks, there is a
 * last one, provided that it has at least 5 blocks; when it comes may depend on the time, never on the values.
 */
export function dueLooks(blocks: number, plan: LookPlan): Look[] {
  const { looks, maxBlocks } = plan;
  const due = looks.filter((look) => look <= blocks);
  const budgetEnded = blocks >= maxBlocks && blocks < (looks.at(-1) ?? 0);
  if (budgetEnded && blocks >= 5 && !due.includes(blocks)) due.push(blocks);
  const levels = plan.spending === 'additive' ? additiveLevels(due, plan) : jointLevels(due, budgetEnded, plan);
  return due.map((look, index) => ({ blocks: look, alpha: levels[index] ?? 0 }));
}

/** The error that bounds, not claims, may use before the first look. */
export function alphaBeforeLooks(blocks: number, { alpha, looks, spending }: LookPlan): number {
  const spent = spending === 'additive' ? alphaSpent : alphaSpentJointly;
  return spent(alpha, blocks / (looks.at(-1) ?? blocks));
}

function additiveLevels(due: readonly number[], { alpha, looks }: LookPlan): number[] {
  const last = looks.at(-1) ?? 0;
  return due.map((look, index) => alphaSpent(alpha, look / last) - alphaSpent(alpha, (due[index - 1] ?? 0) / last));
}

const remembered = new Map<string, readonly number[]>();

/**
 * Each variant has alpha / familySize of its own, so that its levels are those of one test at that error. Holm's later
 * steps are compared with the same levels, which are below what they may use.
 */
function jointLevels(due: readonly number[], ended: boolean, plan: LookPlan): readonly number[] {
  const { alpha, looks, familySize = 1 } = plan;
  const last = looks.at(-1) ?? 0;
  const key = JSON.stringify([due, ended, alpha, last, familySize]);
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const own = alpha / familySize;
  const fractions = due.map((look) => look / last);
  const isLast = (index: number): boolean => ended && index === due.length - 1;
  const spent = fractions.map((fraction, index) => (isLast(index) ? own : alphaSpentJointly(own, fraction)));
  const levels = jointCriticalValues(fractions, spent).map((critical, index) =>
    index === 0 ? familySize * (spent[0] ?? 0) : familySize * normalUpperTail(critical),
  );
  if (remembered.size < 1000) remembered.set(key, levels);
  return levels;
}

function inUnit(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
