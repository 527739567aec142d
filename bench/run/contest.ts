import { Failure } from '../failure.ts';
import { baselineId, type Constraint, type Metric, type Objective } from '../plan/plan.ts';
import type { ConstraintOutcome } from '../stats/arm.ts';
import { type ConstraintCheck, type ConstraintRules, checkBound, checkShareAbove } from '../stats/constraints.ts';
import { outcomeAtLevel } from '../stats/ladder.ts';
import type { MeasuredBlock } from '../stats/measured.ts';
import { type Contender, nextStep, type Step } from '../stats/procedure.ts';
import { requestCounts, shareAllowed } from './constraint-values.ts';
import type { History, HistoryBlock } from './history.ts';
import type { RunRecord } from './record.ts';
import { requestsFor, scoreOf } from './score.ts';
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

/** @throws Failure (results) where a block that the journal calls complete is not. */
export function contestOf(record: RunRecord, history: History): Contest {
  const { plan, looks, design, costs, continues } = record;
  const ids = looks.filter(({ outcome }) => outcome === 'accepted').map(({ variantId }) => variantId);
  const values = new Map(ids.map((id) => [id, blockValues(history, id)]));
  const byBlock = new Map([...values].map(([id, all]) => [id, new Map(all.map((value) => [value.block, value]))]));
  checkBlocks(history, byBlock, design);
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
      return [id, plan.constraints.map((constraint) => checkConstraint(constraint, own, rules))];
    }),
  );
  const contenders = ids.map((id) => {
    const own = outcomesOf(id, checks.get(id) ?? [], record);
    return contenderOf(id, values.get(id) ?? [], costs[id] ?? [], own);
  });
  const [baseline, ...variants] = contenders.map((contender): Contender => {
    const reason = history.unstable.get(contender.id);
    if (reason !== undefined) return { ...contender, unstable: reason };
    return contender.id === continues?.seeded ? { ...contender, seeded: true as const } : contender;
  });
  if (baseline === undefined) throw new Error('a run has a baseline');
  return {
    contenders: [baseline, ...variants],
    blocks: history.blocks.map((each) => blockOf(each, design.objective, byBlock)),
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

function variantsOf({ slices }: HistoryBlock): string[] {
  return slices.map(({ slice }) => slice.variantId);
}

/** By variant id and block. */
type ByBlock = ReadonlyMap<string, ReadonlyMap<number, BlockValue>>;

function blockOf({ block, stage, round }: HistoryBlock, objective: Objective, values: ByBlock): MeasuredBlock {
  const y = [...values].flatMap(([id, all]) => {
    const value = all.get(block);
    return value === undefined ? [] : [[id, scoreOf(objective, (metric) => metricOf(value, metric))] as const];
  });
  return { stage, round, y: new Map(y) };
}

/**
 * A block that the journal calls complete has its slices of each variant of its round, every one once, but for those that
 * left.
 */
function checkBlocks(history: History, values: ByBlock, design: RunRecord['design']): void {
  const roundOf = ({ stage, round }: HistoryBlock): string => `${stage} ${round}`;
  const rounds = Map.groupBy(history.blocks, roundOf);
  const members = new Map(
    [...rounds].map(([round, blocks]) => [round, new Set([baselineId, ...blocks.flatMap(variantsOf)])]),
  );
  const lacking = history.blocks.findIndex(({ block }, index) => block !== index + 1);
  if (lacking !== -1)
    throw new Failure('results', 'journal', `the journal lacks block ${lacking + 1}, and has later ones`, {
      hint: 'restore the file, or start a new sweep',
    });
  // A block ends at once where the baseline leaves, and the run with it: the others have what they had by then.
  const cut = history.unstable.has(baselineId) ? history.blocks.at(-1) : undefined;
  for (const each of history.blocks) {
    const { block, slices } = each;
    const planned = each.stage === 'screen' ? design.screenSlices : design.slicesPerBlock;
    const orders = new Set(slices.map(({ slice }) => slice.order));
    const wrong = [...(members.get(roundOf(each)) ?? [])].find((id) => {
      const own = values.get(id)?.get(block)?.slices.length ?? 0;
      return !history.unstable.has(id) && (each === cut ? own > planned : own !== planned);
    });
    if (wrong === undefined && orders.size === slices.length) continue;
    const what = wrong === undefined ? 'holds a slice twice' : `does not hold ${planned} valid slices of ${wrong}`;
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
  constraints: readonly ConstraintOutcome[],
): Contender {
  const p99Ns = values.reduce((sum, value) => sum + value.p99Ns, 0) / Math.max(1, values.length);
  return { id, cost: [...cost, p99Ns], constraints };
}

/** What the checks of a variant mean for the verdict; of a baseline at a level of its own a broken limit need not be the last word. */
function outcomesOf(
  id: string,
  checks: readonly ConstraintCheck[],
  { plan: { objective, constraints }, design }: RunRecord,
): ConstraintOutcome[] {
  const outcomes = checks.map(({ outcome }) => outcome);
  if (id !== baselineId || objective.kind !== 'capacity') return outcomes;
  const level = design.levels?.[baselineId] ?? null;
  return outcomes.map((outcome, index) =>
    isOfLevel(constraints[index]) ? outcomeAtLevel(outcome, level, objective.levels) : outcome,
  );
}

/** Fewer requests outstanding keep a latency below its limit; what they do to rate and cost is not known beforehand. */
export function isOfLevel(constraint: Constraint | undefined): boolean {
  return constraint !== undefined && 'atMostNs' in constraint;
}

/** A percentile is tested by the share of requests above its limit, one share per block; the others by their own interval. */
export function checkConstraint(
  constraint: Constraint,
  values: readonly BlockValue[],
  rules: ConstraintRules,
): ConstraintCheck {
  const { metric } = constraint;
  if (metric === 'throughput')
    return checkBound(
      values.map(({ throughput }) => Math.log(throughput)),
      { atLeast: constraint.atLeastPerSecond },
      rules,
    );
  if (metric === 'cost') {
    const costs = values.map(({ cpuSecondsPer1000 }) => Math.log(cpuSecondsPer1000));
    if (costs.some(Number.isNaN)) return { outcome: 'undecided', value: null, lower: null, upper: null };
    return checkBound(costs, { atMost: constraint.atMostCpuSeconds }, rules);
  }
  const { atMostNs } = constraint;
  const allowed = shareAllowed(constraint);
  if (allowed === null)
    return checkBound(
      values.map((value) => Math.log(metricOf(value, metric))),
      { atMost: atMostNs },
      rules,
    );
  // A slice that was measured again since requests timed out in it would otherwise hide just what the limit is about.
  const counts = values.map(({ slices, failing }) => requestCounts([...slices, ...failing], atMostNs));
  if (counts.some(({ aboveLimit }) => Number.isNaN(aboveLimit)))
    return { outcome: 'undecided', value: null, lower: null, upper: null };
  const tested = checkShareAbove(counts, allowed, rules);
  return values.some((value) => isShort(value, metric)) ? { ...tested, outcome: 'undecided' } : tested;
}

/** Whether a block has too few requests for something to be claimed about its metric. */
export function isShort({ requestCount }: BlockValue, metric: Metric): boolean {
  return requestCount < requestsFor(metric);
}
