import { Failure } from '../failure.ts';
import { baselineId, type Constraint, type Plan } from '../plan/plan.ts';
import { type ConstraintCheck, type ConstraintRules, checkBound, checkShareAbove } from '../stats/constraints.ts';
import type { MeasuredBlock } from '../stats/measured.ts';
import { type Contender, nextStep, type Step } from '../stats/procedure.ts';
import { requestsNeeded } from '../stats/requests.ts';
import type { History, HistoryBlock } from './history.ts';
import type { RunRecord } from './record.ts';
import { type BlockValue, blockValues, metricOf } from './values.ts';

/** A run as the statistics see it: who takes part, and one number per variant and complete block. */
export type Contest = {
  /** The baseline first. Those that left as unstable are among them. */
  readonly contenders: readonly [Contender, ...Contender[]];
  readonly blocks: readonly MeasuredBlock[];
  /** Of every block, by variant id. */
  readonly values: ReadonlyMap<string, readonly BlockValue[]>;
  readonly checks: ReadonlyMap<string, readonly ConstraintCheck[]>;
};

/** A p99 from fewer requests than this in a block is not claimed to be one. */
export const requestsForP99 = requestsNeeded(0.99);

/** @throws Failure (results) where a block that the journal calls complete is not. */
export function contestOf(record: RunRecord, history: History): Contest {
  const { plan, looks, design, costs } = record;
  const ids = looks.filter(({ outcome }) => outcome === 'accepted').map(({ variantId }) => variantId);
  const values = new Map(ids.map((id) => [id, blockValues(history, id)]));
  checkBlocks(history, values, design.slicesPerBlock);
  const confirming = history.blocks.filter(({ stage }) => stage === 'confirm');
  const [first] = confirming;
  const counted = new Set((first === undefined ? history.blocks : confirming).map(({ block }) => block));
  const finalists = first === undefined ? ids : ids.filter((id) => measuredIn(first, id));
  const rules = {
    alpha: plan.alpha,
    constraintCount: plan.constraints.length,
    variantCount: Math.max(1, finalists.length - 1),
    slicesPerBlock: design.slicesPerBlock,
  };
  const checks = new Map(
    ids.map((id) => {
      const own = (values.get(id) ?? []).filter(({ block }) => counted.has(block));
      return [id, plan.constraints.map((constraint, index) => check(constraint, index, own, rules))];
    }),
  );
  const contenders = ids.map((id) => contenderOf(id, values.get(id) ?? [], costs[id] ?? [], checks.get(id) ?? []));
  const [baseline, ...variants] = contenders.map((contender) => {
    const reason = history.unstable.get(contender.id);
    return reason === undefined ? contender : { ...contender, unstable: reason };
  });
  if (baseline === undefined) throw new Error('a run has a baseline');
  return {
    contenders: [baseline, ...variants],
    blocks: history.blocks.map((each) => blockOf(each, plan, values)),
    values,
    checks,
  };
}

/** What to measure next, or the verdict; `trialsLeft` is how many variants in a block the time still pays for. */
export function nextOf({ plan, design }: RunRecord, { contenders, blocks }: Contest, trialsLeft: number): Step {
  const rules = {
    alpha: plan.alpha,
    delta: Math.log1p(plan.practicalMargin),
    goal: plan.goal,
    looks: design.confirmLooks,
    trialsLeft,
    screen: design.procedure === 'staged',
  };
  return nextStep(contenders, blocks, rules);
}

function measuredIn({ slices }: HistoryBlock, id: string): boolean {
  return slices.some(({ slice }) => slice.variantId === id);
}

function blockOf({ block, stage, round }: HistoryBlock, plan: Plan, values: Contest['values']): MeasuredBlock {
  const y = [...values].flatMap(([id, all]) => {
    const value = all.find((each) => each.block === block);
    return value === undefined ? [] : [[id, objectiveOf(value, plan)] as const];
  });
  return { stage, round, y: new Map(y) };
}

/** ln of the objective, turned so that larger is better. */
function objectiveOf(value: BlockValue, { objective: { direction, metric } }: Plan): number {
  return (direction === 'maximize' ? 1 : -1) * Math.log(metricOf(value, metric));
}

/** A block that the journal calls complete has its slices of each variant, every one once, but for those that left in it. */
function checkBlocks(history: History, values: Contest['values'], slicesPerBlock: number): void {
  for (const { block, slices } of history.blocks) {
    const orders = new Set(slices.map(({ slice }) => slice.order));
    const ids = new Set(slices.map(({ slice }) => slice.variantId));
    const wrong = [baselineId, ...ids].find((id) => {
      const own = values.get(id)?.find((value) => value.block === block)?.slices.length ?? 0;
      return !history.unstable.has(id) && own !== slicesPerBlock;
    });
    if (wrong === undefined && orders.size === slices.length) continue;
    const what =
      wrong === undefined ? 'holds a slice twice' : `does not hold ${slicesPerBlock} valid slices of ${wrong}`;
    throw new Failure('results', 'journal', `the journal ${what} in block ${block}, which it calls complete`, {
      hint: 'restore the file, or start a new sweep',
    });
  }
}

/** Among equals the one with the smaller p99 is cheaper. */
function contenderOf(
  id: string,
  values: readonly BlockValue[],
  cost: readonly number[],
  checks: readonly ConstraintCheck[],
): Contender {
  const p99Ns = values.reduce((sum, value) => sum + value.p99Ns, 0) / Math.max(1, values.length);
  return { id, cost: [...cost, p99Ns], constraints: checks.map(({ outcome }) => outcome) };
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

/** Whether a block has too few requests for its p99. */
export function isShort({ slices }: BlockValue): boolean {
  return sum(slices.map(({ measurement }) => measurement.requestCount)) < requestsForP99;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
