import type { Apply, Plan } from '../plan/plan.ts';
import { flagsFor } from '../plan/server-flags.ts';
import type { Candidate } from './candidates.ts';

/** The variants that one server process can serve one after the other, set by set, in the order of their first ones. */
export function serverSets(candidates: readonly Candidate[], { engine }: Pick<Plan, 'engine'>): Candidate[][] {
  return [...Map.groupBy(candidates, (each) => flagsKey(each, engine.flags)).values()];
}

/** How many server processes a block of these variants has at once or one after the other; a restart brings its own with each slice. */
export function serversPerBlock(candidates: readonly Candidate[], plan: Plan, applied: Apply): Candidate[][] {
  return applied === 'restart' ? [[...candidates]] : serverSets(candidates, plan);
}

function flagsKey({ variant }: Candidate, common: readonly string[]): string {
  return JSON.stringify(flagsFor(common, variant.settings));
}
