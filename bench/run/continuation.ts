import { relative } from 'node:path';
import { Failure } from '../failure.ts';
import { constraintText, objectiveText } from '../plan/objective.ts';
import type { Plan, Variant } from '../plan/plan.ts';
import { alphaOfNext } from '../stats/attempts.ts';
import type { EarlierRun } from './earlier-run.ts';

/** How a run goes on from another, as `run.json` has it: enough for its report, without the other one's folder. */
export type Continuation = {
  /** 2 for the first run that goes on. */
  readonly attempt: number;
  /** Of the run before, relative to this one's folder. */
  readonly folder: string;
  /** When the run before was begun. */
  readonly startedAt: string;
  /** Of its run.json and journal. */
  readonly sha256: string;
  /** The error that all attempts before may have spent together. */
  readonly alphaBefore: number;
  /** Variants that are measured again. */
  readonly carried: readonly string[];
  /** The one of them that no screen can lose; null where all that is measured is measured again. */
  readonly seeded: string | null;
};

/**
 * The plan of a further attempt and where it comes from: what is carried over, and the variants that `given` adds. Everything
 * else is the earlier plan's, but for what a plan may say anew without asking another question: budget, goal, margin, seed, slices.
 * @throws Failure (results), naming what differs, where `given` asks another question
 */
export function continuedPlan(
  earlier: EarlierRun,
  given: Plan | null,
  folder: string,
): { plan: Plan; continues: Continuation } {
  const { record, carried, leader, sha256 } = earlier;
  const before = record.plan;
  if (given !== null) checkSameQuestion(earlier, given);
  const known = new Set(before.variants.map(({ id }) => id));
  const added = (given?.variants ?? []).filter(({ id }) => !known.has(id));
  const again = before.variants.filter(({ id }) => carried.includes(id));
  const plan: Plan = {
    ...(given ?? before),
    name: before.name,
    engine: { ...before.engine, kind: record.engine.kind },
    alpha: alphaOfNext(before.alpha),
    blocks: given?.blocks ?? null,
    variants: [...again, ...added],
  };
  const continues: Continuation = {
    attempt: (record.continues?.attempt ?? 1) + 1,
    folder: relative(folder, earlier.folder),
    startedAt: record.startedAt,
    sha256,
    alphaBefore: (record.continues?.alphaBefore ?? 0) + before.alpha,
    carried,
    seeded: added.length > 0 ? leader : null,
  };
  return { plan, continues };
}

function checkSameQuestion({ record, folder }: EarlierRun, given: Plan): void {
  const { plan } = record;
  const facts: readonly (readonly [string, string, string])[] = [
    ['model', plan.model, given.model],
    ['load', loadText(plan), loadText(given)],
    ['objective', objectiveText(plan.objective), objectiveText(given.objective)],
    ['levels', levelsText(plan), levelsText(given)],
    ['constraints', constraintsText(plan), constraintsText(given)],
    ['engine', record.engine.kind, given.engine.kind === 'auto' ? record.engine.kind : given.engine.kind],
    ['server flags', plan.engine.flags.join(' '), given.engine.flags.join(' ')],
    ['expectEqual', String(plan.expectEqual), String(given.expectEqual)],
  ];
  const other = facts
    .filter(([, before, now]) => before !== now)
    .map(([name, before, now]) => `${name} (${before || 'none'}; now ${now || 'none'})`);
  const settings = given.variants.filter((variant) => isOther(variant, plan.variants));
  const differing = [...other, ...settings.slice(0, 5).map(({ id }) => `the settings or the load of ${id}`)];
  if (differing.length === 0) return;
  throw new Failure('results', 'continue', `the plan asks another question than ${folder}: ${differing.join(', ')}`, {
    hint: 'an attempt goes on with the same question: undo the change, give a changed variant a new id, or start a new sweep',
  });
}

function loadText({ load }: Plan): string {
  const { protocol, concurrency, batchSize, input, requestTimeoutMs } = load;
  return `${protocol}, ${concurrency} outstanding, batch ${batchSize}, ${input}, time-out ${requestTimeoutMs} ms`;
}

/** Where each variant has its own level: those that it may have. */
function levelsText({ objective }: Plan): string {
  return objective.kind === 'capacity' ? objective.levels.join(', ') : '';
}

function constraintsText({ constraints }: Plan): string {
  return constraints.map(constraintText).join('; ');
}

function isOther({ id, settings, load }: Variant, before: readonly Variant[]): boolean {
  const same = before.find((variant) => variant.id === id);
  if (same === undefined) return false;
  return sorted(same.settings) !== sorted(settings) || sorted(same.load ?? {}) !== sorted(load ?? {});
}

function sorted(given: Variant['settings'] | NonNullable<Variant['load']>): string {
  return JSON.stringify(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)));
}
