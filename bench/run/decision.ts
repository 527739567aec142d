import { Failure } from '../failure.ts';
import { baselineId, type Constraint, type Plan } from '../plan/plan.ts';
import { type ConstraintCheck, type ConstraintRules, checkBound, checkShareAbove } from '../stats/constraints.ts';
import { detectableDifference } from '../stats/power.ts';
import { blockModel } from '../stats/residuals.ts';
import { type Arm, decide, invalid, type Verdict } from '../stats/verdict.ts';
import type { History } from './history.ts';
import type { RunRecord } from './record.ts';
import { type BlockValue, blockValues, metricOf } from './values.ts';

/** The verdict with the values it rests on, by variant id. */
export type Decision = {
  readonly verdict: Verdict;
  readonly values: ReadonlyMap<string, readonly BlockValue[]>;
  readonly arms: readonly Arm[];
  readonly checks: ReadonlyMap<string, readonly ConstraintCheck[]>;
  /** Standard deviation of one variant in one block after variants and blocks are accounted for, log scale. */
  readonly residualSd: number | null;
  /** The difference (ln) that these blocks find with 80 % power. */
  readonly resolvable: number | null;
};

/** Fewer blocks than that never earn a claim. */
const leastBlocks = 5;

export function decideRun(record: RunRecord, history: History): Decision {
  const { plan, looks, design } = record;
  const accepted = looks.filter(({ outcome }) => outcome === 'accepted').map(({ variantId }) => variantId);
  const values = new Map(accepted.map((id) => [id, blockValues(history, id)]));
  const stable = accepted.filter((id) => !history.unstable.has(id));
  const rules = { alpha: plan.alpha, constraintCount: plan.constraints.length, variantCount: accepted.length - 1 };
  const checks = new Map(
    stable.map((id) => [
      id,
      plan.constraints.map((constraint, index) => check(constraint, index, values.get(id) ?? [], rules)),
    ]),
  );
  const arms = stable.map((id) => armOf(id, plan, values.get(id) ?? [], record.costs[id] ?? [], checks.get(id) ?? []));
  const baseline = arms.find(({ id }) => id === baselineId);
  const reason = history.unstable.get(baselineId);
  if (baseline === undefined) {
    return {
      verdict: invalid(`the baseline is unstable: ${reason ?? 'no valid slice'}`, baselineId),
      values,
      arms,
      checks,
      residualSd: null,
      resolvable: null,
    };
  }
  const blocks = baseline.y.length;
  const short = arms.find(({ y }) => y.length !== history.blocks.length);
  if (short !== undefined) {
    throw new Failure(
      'results',
      'journal',
      `the journal lacks slices of ${short.id} in a block that it calls complete`,
      {
        hint: 'restore the file, or start a new sweep',
      },
    );
  }
  const others = arms.filter(({ id }) => id !== baselineId);
  const verdict = decide(baseline, others, {
    alpha: plan.alpha,
    delta: Math.log(1 + plan.practicalMargin),
    goal: plan.goal,
    looks: [Math.max(leastBlocks, design.blocks)],
    maxBlocks: Math.max(1, blocks),
    comparisonCount: accepted.length - 1,
  });
  const model = blocks >= 2 && arms.length >= 2 ? blockModel(arms.map(({ y }) => y)) : null;
  const residualSd = model === null ? null : model.residualSd;
  const alpha = plan.alpha / Math.max(1, accepted.length - 1);
  const resolvable = residualSd === null ? null : detectableDifference(blocks, { alpha, residualSd });
  return { verdict, values, arms, checks, residualSd, resolvable };
}

function armOf(
  id: string,
  plan: Plan,
  values: readonly BlockValue[],
  cost: readonly number[],
  checks: readonly ConstraintCheck[],
): Arm {
  const { direction, metric } = plan.objective;
  const sign = direction === 'maximize' ? 1 : -1;
  const p99 = values.reduce((sum, value) => sum + value.p99Ns, 0) / Math.max(1, values.length);
  return {
    id,
    cost: [...cost, p99],
    y: values.map((value) => sign * Math.log(metricOf(value, metric))),
    constraints: checks.map(({ outcome }) => outcome),
  };
}

/** A percentile is tested by the share of requests above its limit, one share per block; a mean by its own interval. */
function check(
  constraint: Constraint,
  index: number,
  values: readonly BlockValue[],
  rules: ConstraintRules,
): ConstraintCheck {
  const allowedShare = { 'latency.p50': 0.5, 'latency.p99': 0.01, 'latency.mean': null }[constraint.metric];
  if (allowedShare === null)
    return checkBound(
      values.map(({ meanNs }) => Math.log(meanNs)),
      { atMost: constraint.atMostNs },
      rules,
    );
  const counts = values.map(({ slices }) => ({
    aboveLimit: sum(slices.map(({ measurement }) => measurement.aboveLimits[index]?.count ?? 0)),
    failed: 0,
    total: sum(slices.map(({ measurement }) => measurement.latency.count)),
  }));
  return checkShareAbove(counts, allowedShare, rules);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
