import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { md5Of } from './environment.ts';

/** A file beside its DVC pointer: the same content, another one, or a pointer that cannot be read. */
export type PointerCheck = {
  readonly file: string;
  readonly outcome: 'same' | 'differs' | 'unreadable';
  readonly detail: string;
};

/** Checks every file that has a pointer: those below a model's folder, and single files by name. */
export async function checkPointers(modelFolder: string, files: readonly string[]): Promise<PointerCheck[]> {
  const inModel = existsSync(modelFolder)
    ? readdirSync(modelFolder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.dvc'))
        .map((entry) => join(entry.parentPath, entry.name.slice(0, -'.dvc'.length)))
    : [];
  const pointed = [...inModel, ...files].filter((file) => existsSync(`${file}.dvc`));
  return Promise.all(pointed.sort().map(checkPointer));
}

async function checkPointer(file: string): Promise<PointerCheck> {
  const output = readPointer(`${file}.dvc`, basename(file));
  if (output === undefined)
    return { file, outcome: 'unreadable', detail: `${file}.dvc is no pointer to ${basename(file)}` };
  if (!existsSync(file))
    return { file, outcome: 'differs', detail: `${file} is missing, but ${file}.dvc points to it: dvc pull` };
  if (output.md5.endsWith('.dir') || !statSync(file).isFile())
    return { file, outcome: 'unreadable', detail: `${file} is a folder to ${file}.dvc, and folders are not compared` };
  const md5 = await md5Of(file).catch(() => undefined);
  if (md5 === undefined) return { file, outcome: 'unreadable', detail: `${file} cannot be read` };
  if (md5 === output.md5 && statSync(file).size === output.size) return { file, outcome: 'same', detail: md5 };
  return {
    file,
    outcome: 'differs',
    detail: `${file} is not the file that ${file}.dvc points to (md5 ${md5}, not ${output.md5}): dvc checkout, or dvc add if the change is meant`,
  };
}

function readPointer(pointer: string, name: string): { md5: string; size: number } | undefined {
  try {
    const { outs } = parse(readFileSync(pointer, 'utf8'), { maxAliasCount: 10 }) as {
      outs: { md5: string; size: number; path: string }[];
    };
    const output = outs.find(({ path }) => path === name);
    return typeof output?.md5 === 'string' && typeof output.size === 'number' ? output : undefined;
  } catch {
    return undefined;
  }
}
