import { termsOf } from '../plan/objective.ts';
import { baselineId, type Objective } from '../plan/plan.ts';
import type { ConstraintCheck } from '../stats/constraints.ts';
import type { MeasuredBlock, Stage } from '../stats/measured.ts';
import { detectableDifference } from '../stats/power.ts';
import type { Step } from '../stats/procedure.ts';
import { blockModel } from '../stats/residuals.ts';
import { type Arm, invalid, type Reason, type Verdict } from '../stats/verdict.ts';
import { type Contest, contestOf, isOfLevel, isShort, nextOf } from './contest.ts';
import { leastBlocks } from './design.ts';
import { withFurtherBlocks } from './further-blocks.ts';
import type { History } from './history.ts';
import type { RunRecord } from './record.ts';
import type { BlockValue } from './values.ts';

/** The verdict with the values it rests on. */
export type Decision = {
  readonly verdict: Verdict;
  /** The stage that the verdict rests on; `screen` where the run ended before there was a block of confirm. */
  readonly stage: Stage;
  /** Variants that reached confirm, the baseline not counted. */
  readonly finalists: readonly string[];
  /** By variant id: of confirm for the baseline and finalists, of the screen for those that it left behind. */
  readonly values: ReadonlyMap<string, readonly BlockValue[]>;
  /** Of every block, by variant id. */
  readonly allValues: Contest['values'];
  /** ln of the objective by block and variant id, larger is better. */
  readonly scores: ReadonlyMap<number, ReadonlyMap<string, number>>;
  /** The stable variants of the stage, the baseline first, each with all blocks of it. */
  readonly arms: readonly Arm[];
  readonly checks: ReadonlyMap<string, readonly ConstraintCheck[]>;
  /** Standard deviation of one variant in one block after variants and blocks are accounted for, log scale. */
  readonly residualSd: number | null;
  /** The difference (ln) that these blocks find with 80 % power; null of those that no claim may rest on. */
  readonly resolvable: number | null;
};

const sharedHostReason =
  'other runs might measure on this host at the same time (--share-host), so that what was measured need not be the server';

/** What a run says so far. Nothing is claimed of one that has not ended: a look now and another later would spend the error twice. */
export function decideRun(record: RunRecord, history: History): Decision {
  const contest = contestOf(record, history);
  const { verdict: ended, finalists } = endOf(record, contest);
  const decided = record.sharedHost === null ? ended : sharedHost(ended);
  const stage = contest.blocks.some((block) => block.stage === 'confirm') ? 'confirm' : 'screen';
  const arms = armsOf(contest, stage, finalists);
  const open = history.ended === null && decided.kind !== 'INVALID';
  const verdict = open
    ? withoutClaims(decided, 'blocks')
    : tooFewRequests(record.design.objective, contest, finalists)
      ? withoutClaims(decided, 'requests')
      : aboutLevels(decided, record, contest);
  const blocks = arms[0]?.y.length ?? 0;
  const model = blocks >= 2 && arms.length >= 2 ? blockModel(arms.map(({ y }) => y)) : null;
  const residualSd = model === null ? null : model.residualSd;
  const alpha = record.plan.alpha / Math.max(1, finalists.length);
  return {
    verdict: withFurtherBlocks(verdict, { record, arms, stage, finalists, open }),
    stage,
    finalists,
    values: countedValues(contest, history, finalists),
    allValues: contest.values,
    scores: new Map(history.blocks.map(({ block }, index) => [block, contest.blocks[index]?.y ?? new Map()])),
    arms,
    checks: contest.checks,
    residualSd,
    resolvable:
      residualSd === null || stage === 'screen' || blocks < leastBlocks
        ? null
        : detectableDifference(blocks, { alpha, residualSd }),
  };
}

/**
 * What ended the run. Where its values did, at a look that was planned, it is that look that counts, at its own level: to spend what is
 * left of the error there would be to choose the time by the values. All of it is spent only where nothing but time ended the run.
 */
function endOf(record: RunRecord, contest: Contest): Step & { kind: 'done' } {
  const byValues = nextOf(record, contest, Number.POSITIVE_INFINITY);
  const step = byValues.kind === 'done' ? byValues : nextOf(record, contest, 0);
  if (step.kind !== 'done') throw new Error('a run without time left has a verdict');
  return step;
}

/** The variants that have every block of the stage: in the screen those that came through all of its rounds. */
function armsOf({ contenders, blocks }: Contest, stage: Stage, finalists: readonly string[]): Arm[] {
  const own = blocks.filter((block) => block.stage === stage);
  const taking =
    stage === 'screen' ? contenders : contenders.filter(({ id }) => id === baselineId || finalists.includes(id));
  return taking
    .filter(({ unstable, id }) => unstable === undefined && own.every(({ y }) => y.has(id)))
    .map(({ unstable: _, ...arm }) => ({ ...arm, y: own.map((block) => yOf(block, arm.id)) }));
}

function yOf({ y }: MeasuredBlock, id: string): number {
  return y.get(id) ?? Number.NaN;
}

function countedValues({ values }: Contest, history: History, finalists: readonly string[]): Decision['values'] {
  const stages = new Map(history.blocks.map(({ block, stage }) => [block, stage]));
  const confirmed = history.blocks.some(({ stage }) => stage === 'confirm');
  const stageOf = (id: string): Stage =>
    confirmed && (id === baselineId || finalists.includes(id)) ? 'confirm' : 'screen';
  return new Map([...values].map(([id, all]) => [id, all.filter(({ block }) => stages.get(block) === stageOf(id))]));
}

function tooFewRequests(objective: Objective, { values }: Contest, finalists: readonly string[]): boolean {
  const all = [baselineId, ...finalists].flatMap((id) => values.get(id) ?? []);
  return termsOf(objective).some(({ metric }) => all.some((value) => isShort(value, metric)));
}

/** What a verdict on levels of their own must not leave unsaid: that no variant has one, or that the baseline's was too high. */
function aboutLevels(
  verdict: Verdict,
  { plan: { objective, constraints }, design }: RunRecord,
  { checks }: Contest,
): Verdict {
  if (objective.kind !== 'capacity' || design.levels === null) return verdict;
  if (verdict.reason === 'no-variants') return withoutClaims(verdict, 'no-level');
  const broken = checks
    .get(baselineId)
    ?.some(({ outcome }, index) => outcome === 'fails' && isOfLevel(constraints[index]));
  const tooHigh = broken === true && design.levels[baselineId] !== objective.levels[0];
  return tooHigh && verdict.kind === 'NO_IMPROVEMENT' ? withoutClaims(verdict, 'baseline-level') : verdict;
}

function sharedHost({ blocks }: Verdict): Verdict {
  return { ...invalid(sharedHostReason, baselineId), blocks };
}

/** The same numbers, from which nothing may be claimed. */
function withoutClaims(verdict: Verdict, reason: Reason): Verdict {
  const comparisons = verdict.comparisons.map((each) => ({ ...each, claimed: false }));
  return {
    ...verdict,
    kind: 'INCONCLUSIVE',
    reason,
    pick: baselineId,
    better: [],
    equivalent: [],
    comparisons,
  };
}
