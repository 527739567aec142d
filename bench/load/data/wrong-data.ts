import { Failure } from '../../failure.ts';

const defaultHint =
  'load.input in the plan, or --input-data, names a CSV file with one row of numbers per example, a JSON file as perf_analyzer reads it, a .npy file, or random or zero';

/** Input data that cannot be sent (usage). `message` says which file, where in it and which tensor; `hint` what to do. */
export function wrongData(message: string, hint = defaultHint, cause?: unknown): Failure {
  return new Failure('usage', 'input', message, { hint, ...(cause === undefined ? {} : { cause }) });
}

const shownLength = 60;
const shownItems = 8;

/** A value of a hostile file, of any size and depth, as one short line. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > shownLength ? `${value.slice(0, shownLength)}...` : value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (!Array.isArray(value)) return 'a map';
  const items = value as unknown[];
  if (items.length > shownItems || items.some(Array.isArray)) return `a list of ${items.length}`;
  return `[${items.map(shown).join(', ')}]`;
}
