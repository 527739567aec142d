import { Failure } from '../failure.ts';
import { baselineId, type Constraint, type Plan } from '../plan/plan.ts';
import { type ConstraintCheck, type ConstraintRules, checkBound, checkShareAbove } from '../stats/constraints.ts';
import { detectableDifference } from '../stats/power.ts';
import { requestsNeeded } from '../stats/requests.ts';
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
  checkBlocks(history, values, stable, design.slicesPerBlock);
  const others = arms.filter(({ id }) => id !== baselineId);
  const decided = decide(baseline, others, {
    alpha: plan.alpha,
    delta: Math.log(1 + plan.practicalMargin),
    goal: plan.goal,
    looks: [Math.max(leastBlocks, design.blocks)],
    // While the run may go on nothing is claimed: a look now and another at the end would spend the error twice.
    maxBlocks: history.ended === null ? Math.max(leastBlocks, design.blocks) : Math.max(1, blocks),
    comparisonCount: accepted.length - 1,
  });
  const verdict = tooFewRequests(plan, values, stable) ? withoutClaims(decided) : decided;
  const model = blocks >= 2 && arms.length >= 2 ? blockModel(arms.map(({ y }) => y)) : null;
  const residualSd = model === null ? null : model.residualSd;
  const alpha = plan.alpha / Math.max(1, accepted.length - 1);
  const resolvable = residualSd === null ? null : detectableDifference(blocks, { alpha, residualSd });
  return { verdict, values, arms, checks, residualSd, resolvable };
}

/** A block that the journal calls complete has each stable variant's slices, every one once. */
function checkBlocks(history: History, values: Decision['values'], stable: readonly string[], slices: number): void {
  for (const { block, slices: lines } of history.blocks) {
    const orders = new Set(lines.map(({ slice }) => slice.order));
    const wrong = stable.find((id) => values.get(id)?.find((value) => value.block === block)?.slices.length !== slices);
    if (wrong === undefined && orders.size === lines.length) continue;
    const what = wrong === undefined ? 'holds a slice twice' : `does not hold ${slices} valid slices of ${wrong}`;
    throw new Failure('results', 'journal', `the journal ${what} in block ${block}, which it calls complete`, {
      hint: 'restore the file, or start a new sweep',
    });
  }
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

/** A p99 from fewer requests than this in a block is not claimed to be one. */
export const requestsForP99 = requestsNeeded(0.99);

function tooFewRequests({ objective }: Plan, values: Decision['values'], ids: readonly string[]): boolean {
  return objective.metric === 'latency.p99' && ids.some((id) => (values.get(id) ?? []).some(isShort));
}

function isShort({ slices }: BlockValue): boolean {
  return sum(slices.map(({ measurement }) => measurement.requestCount)) < requestsForP99;
}

/** The same numbers, from which nothing may be claimed. */
function withoutClaims(verdict: Verdict): Verdict {
  const comparisons = verdict.comparisons.map((each) => ({ ...each, claimed: false }));
  return {
    ...verdict,
    kind: 'INCONCLUSIVE',
    reason: 'requests',
    pick: baselineId,
    better: [],
    equivalent: [],
    comparisons,
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
  const tested = checkShareAbove(counts, allowedShare, rules);
  return allowedShare === 0.01 && values.some(isShort) ? { ...tested, outcome: 'undecided' } : tested;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
