import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import type { LoadOptions } from './load-options.ts';
import { conflict } from './load-pacing.ts';

/** Where results go; null for what was not asked for. */
export type OutputFiles = {
  readonly csv: string | null;
  readonly hlog: string | null;
  /** By level: each has a file of its own where there are several. */
  readonly hgrm: ReadonlyMap<number, string> | null;
};

type Named = Pick<LoadOptions, 'latencyReportFile' | 'hgrm' | 'hlog'>;

/** What is written of a load that reads `inputs`, all of them absolute, at these levels. */
type Use = { readonly levels: readonly number[]; readonly inputs: readonly string[] };

/**
 * @throws Failure (usage) for files that cannot be written, or of which one would replace another or what the load reads:
 * before the load, not after it.
 */
export function readOutputFiles(options: Named, cwd: string, { levels, inputs }: Use): OutputFiles {
  const place = (path: string | undefined): string | null => (path === undefined ? null : resolve(cwd, path));
  const [csv, hlog, hgrm] = [options.latencyReportFile, options.hlog, options.hgrm].map(place);
  const tables = levels.map((level) => [level, levels.length === 1 ? hgrm : inserted(hgrm ?? '', level)] as const);
  const byLevel = hgrm ? new Map(tables.map(([level, file]) => [level, file ?? hgrm])) : null;
  const all = [csv, hlog, ...(byLevel?.values() ?? [])].filter((file) => typeof file === 'string');
  const places = all.map(identityOf);
  const twice = all.find((_, index) => places.indexOf(places[index] ?? '') < index);
  if (twice !== undefined) throw conflict(`two results would go to ${twice}`, 'name another file for one of them');
  const read = new Set(inputs.map(identityOf));
  const both = all.find((_, index) => read.has(places[index] ?? ''));
  if (both !== undefined)
    throw conflict(`${both} is read by this load, and a result would replace it`, 'name another file');
  for (const file of all) tryWriting(file);
  return { csv: csv ?? null, hlog: hlog ?? null, hgrm: byLevel };
}

/** Writes all that can be written. @throws Failure (usage) for the first that cannot. */
export function writeAll(texts: readonly (readonly [file: string, text: string])[]): void {
  let first: Failure | undefined;
  for (const [file, text] of texts) {
    try {
      writeFileSync(file, text);
    } catch (error) {
      first ??= unwritable(file, error);
    }
  }
  if (first !== undefined) throw first;
}

/** The same for all names of one file: links, and a path that is written otherwise. */
function identityOf(file: string): string {
  try {
    const { dev, ino } = statSync(file, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return file;
  }
}

/** "out.hgrm" for level 8 is "out-8.hgrm". */
function inserted(file: string, level: number): string {
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}-${level}${extension}`;
}

/** Leaves what is there as it is, and nothing where there was nothing. */
function tryWriting(file: string): void {
  if (!existsSync(dirname(file))) {
    throw conflict(`there is no folder ${dirname(file)}`, 'name a file in a folder that is there');
  }
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isDirectory()) throw conflict(`${file} is a folder`, 'name a file');
    if (found !== undefined && !found.isFile()) {
      // Who reads a pipe would see its end were it opened and closed again.
      accessSync(file, constants.W_OK);
      return;
    }
    // Of a link to nothing the link stays.
    const isNew = lstatSync(file, { throwIfNoEntry: false }) === undefined;
    closeSync(openSync(file, 'a'));
    if (isNew) unlinkSync(file);
  } catch (error) {
    throw error instanceof Failure ? error : unwritable(file, error);
  }
}

function unwritable(file: string, error: unknown): Failure {
  return new Failure('usage', 'output', `${file} cannot be written: ${messageOf(error)}`, {
    hint: 'name another file',
    cause: error,
  });
}
