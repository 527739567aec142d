import type { EngineIdentity } from '../engines/engine.ts';
import { Failure } from '../failure.ts';
import type { Apply, Plan } from '../plan/plan.ts';
import type { EarlierRun } from './earlier-run.ts';
import { changesSince, type Present } from './unchanged.ts';

/** What a further attempt is made with, as far as it is known before a server has run. */
export type Conditions = Present & { readonly applied: Apply };

/**
 * How an attempt puts its variants in force where its plan leaves that open: as the earlier run did, for loading anew is part of
 * what was measured. What stayed loaded there cannot where configurations are added.
 */
export function appliedAfter(earlier: EarlierRun | undefined, { apply }: Pick<Plan, 'apply'>, applied: Apply): Apply {
  if (earlier === undefined || apply !== 'auto') return applied;
  const before = earlier.record.applied;
  return before === 'keep' ? applied : before;
}

/** @throws Failure (results), naming what differs, where an attempt would not be one at the same thing. */
export function checkConditions({ record, folder }: EarlierRun, { applied, ...present }: Conditions): void {
  const known = present.candidates.filter(({ variant }) => record.configs[variant.id] !== undefined);
  const changed = changesSince(record, { ...present, candidates: known });
  const how = applied === record.applied ? [] : [`how variants come into force (${record.applied}; now ${applied})`];
  if (changed.length + how.length > 0) throw differing(folder, [...changed, ...how]);
}

/** @throws Failure (results) where another engine, or another version of it, answers than answered then. */
export function checkEngine({ record: { engine }, folder }: EarlierRun, now: EngineIdentity | undefined): void {
  if (now === undefined) throw new Error('the server was started, but its identity is not known');
  const names = ['kind', 'version', 'backend', 'transferable'] as const;
  const changed = names
    .filter((name) => engine[name] !== now[name])
    .map((name) => `the engine's ${name} (${engine[name]}; now ${now[name]})`);
  if (changed.length > 0) throw differing(folder, changed);
}

function differing(folder: string, changed: readonly string[]): Failure {
  return new Failure('results', 'continue', `this does not go together with ${folder}: ${changed.join(', ')}`, {
    hint: 'attempts at two different things cannot share an error rate: undo the change, or start a new sweep',
  });
}
