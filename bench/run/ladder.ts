import { baselineId, type LatencyLimit, type Plan } from '../plan/plan.ts';
import type { Climber } from '../stats/ladder.ts';
import { findLevels, type LevelSlice, type LimitValue } from '../stats/level-finding.ts';
import { mean } from '../stats/moments.ts';
import { mayRepeat, troubleWith } from './block.ts';
import { requestCounts, shareAllowed } from './constraint-values.ts';
import type { MeasuredSlice } from './history.ts';
import type { SliceResult } from './journal.ts';
import type { RunRecord } from './record.ts';

/** The variants that the server takes with what is known of their levels, the baseline first. */
export function climbersOf({ plan, looks }: RunRecord, ladder: readonly SliceResult[]): [Climber, ...Climber[]] {
  const ids = looks.filter(({ outcome }) => outcome === 'accepted').map(({ variantId }) => variantId);
  const others = ids.filter((id) => id !== baselineId);
  return [climberOf(baselineId, plan, ladder), ...others.map((id) => climberOf(id, plan, ladder))];
}

/** What is known of one variant's levels. */
export function climberOf(id: string, plan: Plan, ladder: readonly SliceResult[]): Climber {
  const limits = limitsOf(plan);
  const own = slicesOf(ladder, id);
  const usable = own.filter(isUsable).map((line) => levelSlice(line, limits));
  return { id, findings: findLevels(usable, givenUp(own)) };
}

/** Every limit on a latency that a variant's level must keep: those of the objective, and of the plan beside it. */
export function limitsOf({ constraints }: Pick<Plan, 'constraints'>): LatencyLimit[] {
  return constraints.flatMap((constraint) => ('atMostNs' in constraint ? [constraint] : []));
}

/** Requests outstanding in a slice of the ladder. */
export function levelOf({ slice: { load } }: SliceResult): number {
  return load.pacing.kind === 'closed' ? load.pacing.concurrency : 0;
}

/** The slices of a variant at a level that can be used; all of its levels where none is given. */
export function usableSlices(ladder: readonly SliceResult[], id: string, level?: number): MeasuredSlice[] {
  return slicesOf(ladder, id)
    .filter(isUsable)
    .filter((line) => level === undefined || levelOf(line) === level);
}

/** Why a variant has no level: what it did at the lowest. */
export function whyNone(plan: Plan, ladder: readonly SliceResult[], id: string): string {
  const lowest = plan.objective.kind === 'capacity' ? (plan.objective.levels[0] ?? 1) : 1;
  const where = `with ${lowest} outstanding`;
  const slices = usableSlices(ladder, id, lowest);
  if (slices.length === 0) {
    const trouble = slicesOf(ladder, id)
      .map(troubleWith)
      .findLast((reason) => reason !== null);
    return `no level could be measured: ${trouble ?? 'there was no time'}`;
  }
  const broken = limitsOf(plan).flatMap((limit) => brokenBy(slices, limit) ?? []);
  if (broken.length === 0) return `even ${where} it is not shown to keep the limits`;
  return `even ${where} ${broken.join(', and ')}`;
}

function brokenBy(slices: readonly MeasuredSlice[], limit: LatencyLimit): string | null {
  const { metric, atMostNs } = limit;
  const allowed = shareAllowed(limit);
  if (allowed === null) {
    const meanNs = mean(slices.map(meanNsOf));
    return meanNs > atMostNs ? `its mean latency is ${milliseconds(meanNs)}, above ${milliseconds(atMostNs)}` : null;
  }
  const { aboveLimit, total } = requestCounts(slices, atMostNs);
  const share = aboveLimit / total;
  const percent = (ratio: number): string => `${Number((100 * ratio).toPrecision(3))} %`;
  return share > allowed
    ? `${percent(share)} of its requests take longer than ${milliseconds(atMostNs)}, where ${percent(allowed)} may (${metric})`
    : null;
}

function milliseconds(ns: number): string {
  return `${Number((ns / 1e6).toPrecision(3))} ms`;
}

function slicesOf(ladder: readonly SliceResult[], id: string): SliceResult[] {
  return ladder.filter(({ slice }) => slice.variantId === id);
}

function isUsable(line: SliceResult): line is MeasuredSlice {
  return troubleWith(line) === null;
}

/** Levels at which so many slices were invalid that none is tried again. */
function givenUp(slices: readonly SliceResult[]): number[] {
  const invalid = Map.groupBy(
    slices.filter((line) => !isUsable(line)),
    levelOf,
  );
  return [...invalid].flatMap(([level, lines]) => {
    const last = lines.at(-1);
    return last !== undefined && !mayRepeat(last, lines.length) ? [level] : [];
  });
}

function levelSlice(line: MeasuredSlice, limits: readonly LatencyLimit[]): LevelSlice {
  const values = limits.map((limit): LimitValue => {
    const allowedShare = shareAllowed(limit);
    return allowedShare === null
      ? { kind: 'mean', y: Math.log(meanNsOf(line)), atMost: limit.atMostNs }
      : { kind: 'share', counts: requestCounts([line], limit.atMostNs), allowedShare };
  });
  return { level: levelOf(line), y: Math.log(line.measurement.inferencesPerSecond), limits: values };
}

function meanNsOf({ measurement: { latency } }: MeasuredSlice): number {
  return latency.sumNs / latency.count;
}
