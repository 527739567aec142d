import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { hasRunRecord } from './record.ts';
import { shellWord } from './shell-word.ts';

/** @throws Failure (usage) for a folder that a new run cannot have: one that holds something, or that is no folder. */
export function checkRunFolder(folder: string): void {
  if (entriesOf(folder).length === 0) return;
  throw new Failure('usage', 'out', `${folder} is not empty`, {
    hint: hasRunRecord(folder)
      ? `go on with it: tritune sweep --resume ${shellWord(folder)}`
      : 'name a folder that does not exist yet, with --out',
  });
}

/**
 * Makes the folder of a run, and the folders above it. The function it returns undoes just that, where the run came to
 * nothing: what was there before, or holds something by then, stays.
 * @throws Failure (usage) where it cannot be made
 */
export function makeRunFolder(folder: string): () => void {
  let first: string | undefined;
  try {
    first = makeFolders(folder);
  } catch (error) {
    throw unusable(folder, error);
  }
  return () => {
    if (hasRunRecord(folder)) return;
    rmSync(join(folder, 'run.json.part'), { force: true });
    if (first !== undefined) removeEmpty(folder, first);
  };
}

/**
 * The first folder that it made, undefined where all were there. Not Node's own recursive mkdir: that tries for ever
 * where a file system such as /proc says that a folder it lists holds no place for another.
 */
function makeFolders(folder: string): string | undefined {
  if (existsSync(folder)) return undefined;
  const first = makeFolders(dirname(folder));
  mkdirSync(folder);
  return first ?? folder;
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('run.lock'));
  } catch (error) {
    // Anything else than a missing folder, a file in its place for one, is not where a run can go.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unusable(folder, error);
  }
}

function removeEmpty(folder: string, first: string): void {
  try {
    rmdirSync(folder);
    if (folder !== first) removeEmpty(dirname(folder), first);
  } catch {
    // Not empty: what it holds is not ours.
  }
}

function unusable(folder: string, error: unknown): Failure {
  return new Failure('usage', 'out', `${folder} cannot be a run folder: ${messageOf(error)}`, {
    hint: 'name another folder with --out',
    cause: error,
  });
}
