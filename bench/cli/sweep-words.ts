import { join, relative, resolve } from 'node:path';
import { placementText } from '../plan/placement-schema.ts';
import type { Plan } from '../plan/plan.ts';
import type { Host } from './host.ts';
import { remoteWords } from './remote-options.ts';
import type { SweepOptions } from './sweep-request.ts';

/** What repeats a run: `words` first; the plan's own values need no saying, those given on the command line do. */
export function commandLine(words: readonly string[], plan: Plan, options: SweepOptions): string {
  const { budget, blocks, slices, seed, engine, soak, goal, margin, alpha, placement } = options;
  const parts = [
    ...words,
    ...(budget === undefined ? [] : [`--budget ${budget / 1_000}s`]),
    ...(blocks === undefined ? [] : [`--blocks ${blocks}`]),
    ...(slices === undefined ? [] : [`--slices ${slices}`]),
    ...(seed === undefined ? [] : [`--seed ${plan.seed}`]),
    ...(goal === undefined ? [] : [`--goal ${goal}`]),
    ...(margin === undefined ? [] : [`--margin ${margin}`]),
    ...(alpha === undefined ? [] : [`--alpha ${alpha}`]),
    ...(engine === undefined ? [] : [`--engine ${engine}`]),
    ...remoteWords(options),
    ...(placement === undefined ? [] : [`--placement ${placementText(placement)}`]),
    ...(soak === false ? ['--no-soak'] : []),
  ];
  return `npm run sweep -- ${parts.join(' ')}`;
}

/** Where a new run goes, unless told: `reports/<UTC time>-<plan name>`. */
export function newFolder({ name }: Plan, { out }: SweepOptions, { cwd }: Host): string {
  return resolve(cwd, out ?? join('reports', `${timestamp()}-${name}`));
}

/** A folder as a command that is given here names it. */
export function shownFrom(cwd: string, folder: string): string {
  const path = relative(cwd, folder);
  return path === '' || path.startsWith('..') ? folder : path;
}

function timestamp(): string {
  return new Date().toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}
