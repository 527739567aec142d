import { parseSource } from '../load/data/data-options.ts';
import { plainSpec, type WorkloadSpec } from '../load/data/read-workload.ts';
import type { Plan } from '../plan/plan.ts';
import { md5Of } from './environment.ts';

/** What a plan's load sends: random values are drawn from the plan's own seed. */
export function workloadSpec({ load, seed }: Pick<Plan, 'load' | 'seed'>): WorkloadSpec {
  return { ...plainSpec(parseSource([load.input], '/')), seed };
}

/** The files that the plan's data is read from; none where it is made up. */
export function inputFiles(plan: Pick<Plan, 'load' | 'seed'>): string[] {
  const { source } = workloadSpec(plan);
  if (source.kind === 'file') return [source.file];
  return source.kind === 'files' ? [...source.files.values()] : [];
}

/** Tells two inputs apart: the md5 of the plan's file, or what the values are made from. */
export async function inputMd5Of(plan: Pick<Plan, 'load' | 'seed'>): Promise<string> {
  const sums = await Promise.all(inputFiles(plan).map(md5Of));
  return sums.length === 0 ? `${plan.load.input}, seed ${plan.seed}` : sums.join(' ');
}
