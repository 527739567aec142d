import type { Settings } from '../modelconfig/settings.ts';
import type { CapacityObjective, Plan } from '../plan/plan.ts';
import { chooseLevels } from '../stats/ladder.ts';
import { mean } from '../stats/moments.ts';
import { instancesIn } from './candidates.ts';
import { designFromPilot } from './design-from-pilot.ts';
import type { MeasuredSlice } from './history.ts';
import type { SliceResult } from './journal.ts';
import { climbersOf, levelOf, usableSlices, whyNone } from './ladder.ts';
import { ladderNoise } from './ladder-noise.ts';
import type { FrozenLevels, VariantLevel } from './levels.ts';
import type { PreparedRun } from './prepare.ts';
import { serverSets } from './server-sets.ts';
import { type AcceptedLook, timingOf } from './timing.ts';

/** The levels that the ladder's slices choose, and a design with the times and the noise that they showed there. */
export function freezeLevels(
  {
    record,
    serverStartMs,
    instruments,
    deadlineMs,
  }: Pick<PreparedRun, 'record' | 'serverStartMs' | 'instruments' | 'deadlineMs'>,
  { levels }: CapacityObjective,
  ladder: readonly SliceResult[],
): FrozenLevels {
  const { plan, costs } = record;
  const climbers = climbersOf(record, ladder);
  const choices = chooseLevels(levels, climbers).map(({ id, ...choice }): VariantLevel => {
    const reason = choice.level === null || choice.holds === 'no' ? whyNone(plan, ladder, id) : null;
    return { variantId: id, ...choice, reason };
  });
  const chosen = Object.fromEntries(
    choices.flatMap(({ variantId, level }) => (level === null ? [] : [[variantId, level] as const])),
  );
  const looks = record.looks.flatMap((look) => {
    const level = chosen[look.variantId];
    return look.outcome === 'refused' || level === undefined ? [] : [lookAt(look, level, ladder)];
  });
  // Nothing is left to measure where the baseline alone has a level.
  if (looks.length < 2) {
    const pilot = ladderNoise(ladder, record.design.warmupMs)?.pilot ?? null;
    return { choices, design: { ...record.design, levels: chosen }, pilot };
  }
  const timing = timingOf(plan, looks, instancesIn(costs), chosen);
  const found = ladderNoise(ladder, timing.warmupMs);
  const design = designFromPilot(plan, {
    looks,
    timing,
    found,
    noiseFloor: record.noiseFloor,
    serverStartMs,
    applied: record.applied,
    flagSetCount: flagSetsOf(plan, looks),
    usedMs: plan.budgetMs === null ? 0 : plan.budgetMs - (deadlineMs - instruments.clock.nowMs()),
    soak: record.after.soak,
    levels: chosen,
  });
  return { choices, design, pilot: found?.pilot ?? null };
}

/** How many servers a block of these variants needs. */
function flagSetsOf(plan: Plan, looks: readonly AcceptedLook[]): number {
  const settingsOf = (id: string): Settings => plan.variants.find((variant) => variant.id === id)?.settings ?? {};
  const variants = looks.map(({ variantId: id }) => ({ variant: { id, settings: settingsOf(id) } }));
  return serverSets(variants, plan).length;
}

/** What a look at the variant would show at its level, from its slices at the nearest one that was measured. */
function lookAt(look: AcceptedLook, level: number, ladder: readonly SliceResult[]): AcceptedLook {
  const own = usableSlices(ladder, look.variantId);
  const distance = (line: MeasuredSlice): number => Math.abs(Math.log(levelOf(line) / level));
  const nearest = Math.min(...own.map(distance));
  const slices = own.filter((line) => distance(line) === nearest).map(({ measurement }) => measurement);
  if (slices.length === 0) return look;
  const server = slices.flatMap((slice) => slice.server ?? []);
  const executions = server.reduce((sum, { executionCount }) => sum + executionCount, 0);
  const inferences = server.reduce((sum, { inferenceCount }) => sum + inferenceCount, 0);
  return {
    ...look,
    latencyMs: mean(slices.map(({ latency }) => latency.p50Ns / 1e6)),
    requestsPerSecond: mean(slices.map(({ requestsPerSecond }) => requestsPerSecond)),
    meanBatch: executions === 0 ? look.meanBatch : inferences / executions,
  };
}
