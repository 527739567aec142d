import { nearest } from '../modelconfig/nearest.ts';
import type { Settings } from '../modelconfig/settings.ts';
import { loadChange, loadParts } from './load-schema.ts';
import type { LoadPlan, Variant } from './plan.ts';
import type { ParameterSpace } from './search.ts';

/** What a search calls the parts of a load: `load.concurrency`. config.pbtxt has no field of that name. */
const prefix = 'load.';

export function isLoadPath(path: string): boolean {
  return path.startsWith(prefix);
}

/** Settings and load apart, of what a search assigns together; `checkLoadSpace` has seen its values. */
export function splitLoad(assigned: Settings): Pick<Variant, 'settings' | 'load'> {
  const entries = Object.entries(assigned);
  const settings = Object.fromEntries(entries.filter(([path]) => !isLoadPath(path)));
  const load = entries.filter(([path]) => isLoadPath(path)).map(([path, value]) => [path.slice(prefix.length), value]);
  return load.length === 0 ? { settings } : { settings, load: loadChange.parse(Object.fromEntries(load)) };
}

/** A variant as one map of what it changes, the parts of its load by the names that a search gives them. */
export function assignedBy({ settings, load = {} }: Omit<Variant, 'id'>): Settings {
  return { ...settings, ...Object.fromEntries(Object.entries(load).map(([part, value]) => [prefix + part, value])) };
}

/** Whether a variant's load is another than the plan's. */
export function changesLoad({ load: own = {} }: Pick<Variant, 'load'>, load: LoadPlan): boolean {
  return (['protocol', 'concurrency', 'batchSize'] as const).some((part) => (own[part] ?? load[part]) !== load[part]);
}

export type WrongSpace = { readonly message: string; readonly hint?: string };

/** What is wrong with the values that a search gives a part of the load; undefined where nothing is, or it is no such part. */
export function checkLoadSpace(path: string, space: ParameterSpace): WrongSpace | undefined {
  if (!isLoadPath(path)) return undefined;
  const part = path.slice(prefix.length);
  if (!isLoadPart(part)) {
    const guess = nearest(part, Object.keys(loadParts));
    const hint =
      guess === undefined ? 'variants differ in concurrency, batchSize or protocol' : `did you mean ${guess}?`;
    return { message: 'is no part of a load that variants may differ in', hint };
  }
  if ('from' in space && part === 'protocol') return { message: 'has no range: write a list such as [http, grpc]' };
  if ('from' in space && !space.whole) return { message: `is a whole number: leave whole: false out` };
  const values = 'from' in space ? [space.from, space.to] : space;
  const wrong = values.flatMap((value) => loadParts[part].safeParse(value).error?.issues ?? []);
  return wrong[0] === undefined ? undefined : { message: `takes no such value: ${wrong[0].message}` };
}

function isLoadPart(part: string): part is keyof typeof loadParts {
  return Object.hasOwn(loadParts, part);
}
