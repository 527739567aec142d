import { baselineId, type Constraint } from '../plan/plan.ts';
import type { AfterResult } from '../report/results.ts';
import type { ConstraintCheck } from '../stats/constraints.ts';
import { soakSideError } from '../stats/soak.ts';
import type { AfterBlock } from './after-history.ts';
import { shareAllowed } from './constraint-values.ts';
import { checkConstraint } from './contest.ts';
import { failedCount, type MeasuredSlice } from './history.ts';
import type { SliceResult } from './journal.ts';
import type { RunRecord } from './record.ts';
import { makeBlockValue } from './values.ts';
import { limitOf } from './variant-result.ts';

type SoakLimits = NonNullable<AfterResult['soak']>['constraints'];

/** `slices`: all of the soak, those among them in which requests failed and which were measured again. */
type Soaked = { readonly pairs: readonly AfterBlock[]; readonly slices: readonly SliceResult[]; readonly pick: string };

/**
 * The plan's limits in long slices, one value per pair. They `fail` where that is shown, at the error of the soak's own gain;
 * `undecided` is what lies beyond the limit without being shown to; what lies inside does not contradict the blocks.
 */
export function soakLimits({ plan }: Pick<RunRecord, 'plan'>, { pairs, slices, pick }: Soaked): SoakLimits {
  const rules = {
    alpha: 2 * soakSideError(pairs.length),
    constraintCount: plan.constraints.length,
    variantCount: 0,
  };
  const outcomesOf = (id: string): Checked[] => {
    const values = pairs.flatMap(({ block, slices: byVariant }) => {
      const own = byVariant.get(id);
      return own === undefined ? [] : [makeBlockValue(block, [own], failingBeside(own, slices))];
    });
    return plan.constraints.map((constraint) => judged(constraint, checkConstraint(constraint, values, rules)));
  };
  const [own, baseline] = [outcomesOf(pick), outcomesOf(baselineId)];
  return plan.constraints.map((constraint, index) => ({
    ...limitOf(constraint),
    outcome: own[index]?.outcome ?? 'undecided',
    value: own[index]?.value ?? null,
    baselineOutcome: baseline[index]?.outcome ?? 'undecided',
  }));
}

type Checked = Pick<SoakLimits[number], 'outcome' | 'value'>;

function judged(constraint: Constraint, { outcome, value }: ConstraintCheck): Checked {
  if (outcome === 'fails' || value === null) return { outcome, value };
  return { outcome: isBeyond(constraint, value) ? 'undecided' : 'holds', value };
}

function isBeyond(constraint: Constraint, value: number): boolean {
  if (constraint.metric === 'throughput') return value < constraint.atLeastPerSecond;
  if (constraint.metric === 'cost') return value > constraint.atMostCpuSeconds;
  return value > (shareAllowed(constraint) ?? constraint.atMostNs);
}

/** Slices of the same variant in the same attempt at the same pair, in which requests failed. */
function failingBeside({ slice }: MeasuredSlice, all: readonly SliceResult[]): MeasuredSlice[] {
  return all.filter(
    (line): line is MeasuredSlice =>
      line.status === 'measured' &&
      line.slice.block === slice.block &&
      line.slice.attempt === slice.attempt &&
      line.slice.variantId === slice.variantId &&
      failedCount(line) > 0,
  );
}
