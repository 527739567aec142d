import type { Apply, Plan } from '../plan/plan.ts';
import { flagsFor } from '../plan/server-flags.ts';
import type { Candidate } from './candidates.ts';

/** The variants that one server process can serve one after the other, set by set, in the order of their first ones. */
export function serverSets<T extends Pick<Candidate, 'variant'>>(
  candidates: readonly T[],
  { engine }: Pick<Plan, 'engine'>,
): T[][] {
  return [...Map.groupBy(candidates, (each) => flagsKey(each, engine.flags)).values()];
}

/** How many server processes a block of these variants has at once or one after the other; a restart brings its own with each slice. */
export function serversPerBlock(candidates: readonly Candidate[], plan: Plan, applied: Apply): Candidate[][] {
  return applied === 'restart' ? [[...candidates]] : serverSets(candidates, plan);
}

function flagsKey({ variant }: Pick<Candidate, 'variant'>, common: readonly string[]): string {
  return JSON.stringify(flagsFor(common, variant.settings));
}
