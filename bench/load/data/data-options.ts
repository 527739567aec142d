import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { Range } from './made-up.ts';
import { wrongData } from './wrong-data.ts';

/** Where examples come from, every path absolute. */
export type DataSource =
  | { readonly kind: 'random' }
  | { readonly kind: 'zero' }
  | { readonly kind: 'file'; readonly file: string }
  /** .npy files by the name of the tensor that each feeds. */
  | { readonly kind: 'files'; readonly files: ReadonlyMap<string, string> };

/**
 * Reads what a plan's `load.input` or the values of `--input-data` say: `random`, `zero`, one file, or NAME=FILE.npy for
 * each input; relative paths count from `folder`. A file that has such a name is `./random`.
 * @throws Failure (usage) for several files without names, or a name twice.
 */
export function parseSource(texts: readonly string[], folder: string): DataSource {
  const [only = '', ...others] = texts;
  if (others.length === 0 && (only === 'random' || only === 'zero')) return { kind: only };
  const pairs = texts.map((text) => pairOf(text, folder));
  const nameless = pairs.indexOf(null);
  if (nameless === -1 && pairs.length > 0) {
    const files = new Map<string, string>();
    for (const pair of pairs) {
      if (pair === null) continue;
      const [name, file] = pair;
      if (files.has(name)) throw wrongData(`there are two files for ${name}`, 'name each tensor once');
      files.set(name, resolve(folder, file));
    }
    return { kind: 'files', files };
  }
  if (only === '') throw wrongData('no input data is named');
  if (others.length === 0) return { kind: 'file', file: resolve(folder, only) };
  throw wrongData(
    `${texts[nameless]} is one of ${texts.length} sources of input data, but does not say which tensor it feeds`,
    'name one file, or NAME=FILE.npy for each input',
  );
}

/** "input=FILE.npy"; null for a file whose own name has such a sign in it. */
function pairOf(text: string, folder: string): readonly [name: string, file: string] | null {
  const sign = text.indexOf('=');
  if (sign <= 0 || extname(text).toLowerCase() !== '.npy' || existsSync(resolve(folder, text))) return null;
  return [text.slice(0, sign), text.slice(sign + 1)];
}

/**
 * Reads the values of `--shape`: NAME:3,224,224, the dimensions of one example without the batch.
 * @throws Failure (usage) for another form, or a name twice.
 */
export function parseShapes(texts: readonly string[]): Map<string, readonly number[]> {
  return namedLists(texts, 'shape', (list) => {
    const dimensions = list.split(',').map((dimension) => (/^\d{1,15}$/.test(dimension) ? Number(dimension) : 0));
    return dimensions.every((dimension) => dimension >= 1) ? dimensions : undefined;
  });
}

/**
 * Reads the values of `--input-range`: NAME:0,30000, the least and the greatest value of a random input.
 * @throws Failure (usage) for another form, or a name twice.
 */
export function parseRanges(texts: readonly string[]): Map<string, Range> {
  return namedLists(texts, 'input-range', (list) => {
    const [least, most, ...more] = list.split(',').map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
    if (least === undefined || most === undefined || more.length > 0) return undefined;
    return Number.isFinite(least) && Number.isFinite(most) ? { least, most } : undefined;
  });
}

function namedLists<T>(
  texts: readonly string[],
  option: string,
  read: (list: string) => T | undefined,
): Map<string, T> {
  const values = new Map<string, T>();
  const example = option === 'shape' ? 'IMAGE:3,224,224' : 'IDS:0,30000';
  for (const text of texts) {
    // A tensor's name may hold a colon itself.
    const sign = text.lastIndexOf(':');
    const value = sign <= 0 ? undefined : read(text.slice(sign + 1));
    if (value === undefined)
      throw wrongData(`--${option} ${text} is not NAME:NUMBERS`, `write it as --${option} ${example}`);
    const name = text.slice(0, sign);
    if (values.has(name)) throw wrongData(`--${option} names ${name} twice`, 'name each input once');
    values.set(name, value);
  }
  return values;
}
