import { readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { parsePlan } from '../plan/parse.ts';
import type { Plan } from '../plan/plan.ts';

export type PlanFile = { readonly plan: Plan; readonly file: string; readonly source: string };

/**
 * Reads the plan named, else the only one in `configs/`, else `configs/iris.yaml`.
 * @throws Failure (usage) where there is none, or more than one to choose from.
 */
export function readPlanFile(named: string | undefined, cwd: string): PlanFile {
  const file = named ?? findPlan(cwd);
  const path = resolve(cwd, file);
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const what = missing ? `there is no plan ${file}` : `the plan ${file} cannot be read: ${messageOf(error)}`;
    throw new Failure('usage', 'plan', what, {
      hint: `plans here: ${
        plansIn(join(cwd, 'configs'))
          .map((name) => `configs/${name}`)
          .join(', ') || 'none'
      }`,
      cause: error,
    });
  }
  const shown = isAbsolute(file) && !relative(cwd, file).startsWith('..') ? relative(cwd, file) : file;
  return { plan: parsePlan(source, shown, path), file: shown, source };
}

function findPlan(cwd: string): string {
  const plans = plansIn(join(cwd, 'configs'));
  if (plans.length === 1) return join('configs', plans[0] ?? '');
  if (plans.includes('iris.yaml')) return join('configs', 'iris.yaml');
  throw new Failure(
    'usage',
    'plan',
    plans.length === 0 ? `there is no plan in ${join(cwd, 'configs')}` : 'which plan?',
    {
      hint:
        plans.length === 0
          ? 'name one: tritune sweep PLAN.yaml'
          : `name one: ${plans.map((name) => `tritune sweep configs/${name}`).join(', ')}`,
    },
  );
}

function plansIn(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
}
