import { termsOf } from '../plan/objective.ts';
import { baselineId, type Objective } from '../plan/plan.ts';
import type { Results } from '../report/results.ts';
import type { Estimate } from '../stats/estimate.ts';
import { judgeLevels, reachOf } from '../stats/range.ts';
import { simultaneous } from '../stats/simultaneous.ts';
import { judgeSoak } from '../stats/soak.ts';
import { type AfterBlock, blocksUnder, isAfterFinished } from './after-history.ts';
import type { AfterLoad } from './after-loads.ts';
import { isDue, type PartPlan } from './after-plan.ts';
import type { Decision } from './decision.ts';
import type { History, MeasuredSlice } from './history.ts';
import { loadIn } from './levels.ts';
import type { RunRecord } from './record.ts';
import { scoreOf } from './score.ts';
import { soakLimits } from './soak-limits.ts';
import { sliceMetric } from './values.ts';
import { ratio } from './variant-result.ts';

type After = Results['after'];

/** What was found after the verdict, from the run's record and journal alone; `decision` is the one on the blocks. */
export function afterResult(record: RunRecord, history: History, decision: Decision): After {
  const { plan } = history.after;
  if (!isDue(record, history, decision)) return nothing(true, null);
  if (plan === null || plan.pick !== decision.verdict.pick) return nothing(false, decision.verdict.pick);
  const study: Study = { record, history, decision, pick: plan.pick };
  const partOf = (name: PartPlan['part']): PartPlan | undefined =>
    plan.parts.find(({ part, variantIds }) => part === name && variantIds.includes(plan.pick));
  const soak = soakOf(partOf('soak'), study);
  const range = rangeOf(partOf('range'), study);
  const client = clientOf(partOf('client'), study);
  const measured = { soak, range, client };
  const cut = plan.parts.filter(({ part }) => measured[part] === null && history.after.ended.get(part) === 'budget');
  return {
    finished: isAfterFinished(history.after),
    variantId: plan.pick,
    ...measured,
    skipped: [
      ...plan.skipped.map(({ part, reason }) => ({ part, reason })),
      ...cut.map(({ part }) => ({ part, reason: 'budget' as const })),
    ],
  };
}

/**
 * The same decision, from which nothing is claimed where long slices deny what short ones seemed to show. A smaller gain is no reason
 * to keep a baseline that fails the constraints: the pick is deployed since it holds them, unless it does not in long slices.
 */
export function withSoak(decision: Decision, { soak }: After): Decision {
  const smaller = soak?.outcome === 'below' && !decision.verdict.baselineFails;
  if (!smaller && (soak === null || !failsInSoak(soak))) return decision;
  const { reason: _, ...verdict } = decision.verdict;
  const comparisons = verdict.comparisons.map((each) => ({ ...each, claimed: false }));
  return {
    ...decision,
    verdict: { ...verdict, kind: 'SHORT_SLICE_BIAS', pick: baselineId, better: [], equivalent: [], comparisons },
  };
}

/** Whether the variant cannot be deployed, whatever its gain: its requests fail in long slices, or it breaks a limit there. */
function failsInSoak({ outcome, constraints }: NonNullable<After['soak']>): boolean {
  return outcome === 'broken' || constraints.some((limit) => limit.outcome === 'fails');
}

function nothing(finished: boolean, variantId: string | null): After {
  return { finished, variantId, soak: null, range: null, client: null, skipped: [] };
}

type Study = {
  readonly record: RunRecord;
  readonly history: History;
  readonly decision: Decision;
  readonly pick: string;
};

function soakOf(part: PartPlan | undefined, study: Study): After['soak'] {
  const [load] = part?.loads ?? [];
  if (part === undefined || load === undefined) return null;
  const { history, decision, pick } = study;
  const broken = history.after.left.find((each) => each.part === 'soak' && each.variantId === pick);
  const pairs = blocksUnder(history.after, part, 1);
  if (pairs.length === 0 && broken === undefined) return null;
  const confirmed = decision.verdict.comparisons.find(({ variantId }) => variantId === pick)?.gain ?? null;
  const margin = Math.log1p(study.record.plan.practicalMargin);
  const { outcome, gain } = judgeSoak(differencesOf(pairs, load, baselineId, study), confirmed, margin);
  return {
    outcome: broken !== undefined && failedRequests(study) ? 'broken' : outcome,
    reason: history.after.left.find((each) => each.part === 'soak')?.reason ?? null,
    gain: asRatio(gain),
    confirmed: asRatio(confirmed),
    constraints: soakLimits(study.record, {
      pairs,
      slices: history.after.slices.filter(({ slice }) => slice.after === 'soak'),
      pick,
    }),
    pairs: pairs.length,
    sliceMs: load.sliceMs,
  };
}

/** Whether the pick itself answered wrongly or not at all, and not the client or the host was in the way. */
function failedRequests({ history, pick }: Study): boolean {
  const own = history.after.slices.findLast(({ slice }) => slice.after === 'soak' && slice.variantId === pick);
  if (own === undefined) return false;
  return own.status === 'failed' || Object.values(own.measurement.errors).some((count) => count > 0);
}

function rangeOf(part: PartPlan | undefined, study: Study): After['range'] {
  if (part === undefined) return null;
  const { record, history } = study;
  const differences = part.loads.map((load, index) =>
    differencesOf(blocksUnder(history.after, part, index + 1), load, baselineId, study),
  );
  if (differences.every(({ length }) => length === 0)) return null;
  const judged = judgeLevels(differences, record.plan.alpha);
  const levels = part.loads.map(({ load: { pacing } }, index) => ({
    pacing: pacing.kind === 'closed' ? ('closed' as const) : ('open' as const),
    concurrency: pacing.kind === 'closed' ? pacing.concurrency : null,
    requestsPerSecond: 'requestsPerSecond' in pacing ? pacing.requestsPerSecond : null,
    outcome: judged[index]?.outcome ?? ('undecided' as const),
    gain: asRatio(judged[index]?.gain ?? null),
    blocks: differences[index]?.length ?? 0,
  }));
  const closed = levels.flatMap(({ concurrency, outcome }) => (concurrency === null ? [] : [{ concurrency, outcome }]));
  const { from, to, turnsAt } = reachOf(closed, loadIn(record, study.pick).pacing.concurrency);
  return { from, to, turnsAt: [...turnsAt], levels };
}

function clientOf(part: PartPlan | undefined, study: Study): After['client'] {
  if (part === undefined) return null;
  const { record, history, pick } = study;
  const rivals = part.variantIds.filter((id) => id !== pick);
  const groups = part.loads.flatMap((load, index) => {
    const blocks = blocksUnder(history.after, part, index + 1);
    return rivals.map((id) => differencesOf(blocks, load, id, study));
  });
  if (groups.every(({ length }) => length === 0)) return null;
  const judged = simultaneous(groups, record.plan.alpha);
  const loads = part.loads.map(({ load, threads }, index) => {
    const own = judged.slice(index * rivals.length, (index + 1) * rivals.length);
    return {
      transport: load.transport,
      threads,
      gain: asRatio(own[rivals.indexOf(baselineId)] ?? null),
      ahead: rivals.filter((_, rival) => (own[rival]?.upper ?? 0) < 0),
      blocks: groups[index * rivals.length]?.length ?? 0,
    };
  });
  return { dependent: loads.some(({ ahead }) => ahead.length > 0), loads };
}

/** ln(pick) - ln(rival) in each block, turned so that larger is better. */
function differencesOf(blocks: readonly AfterBlock[], load: AfterLoad, rival: string, study: Study): number[] {
  const objective = objectiveUnder(load, study.record.design.objective);
  const score = (line: MeasuredSlice | undefined): number =>
    line === undefined ? Number.NaN : scoreOf(objective, (metric) => sliceMetric(line.measurement, metric));
  return blocks.map(({ slices }) => score(slices.get(study.pick)) - score(slices.get(rival))).filter(Number.isFinite);
}

/** In an open loop the throughput is what is offered: what a variant is worth there shows in its latency. */
function objectiveUnder({ load }: AfterLoad, objective: Objective): Objective {
  if (load.pacing.kind === 'closed' || termsOf(objective).every(({ metric }) => metric !== 'throughput'))
    return objective;
  return { kind: 'single', direction: 'minimize', metric: 'latency.mean' };
}

function asRatio(found: Estimate | null): NonNullable<After['soak']>['gain'] {
  return found === null ? null : ratio(found);
}
