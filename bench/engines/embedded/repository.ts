import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../failure.ts';
import type { PlainConfig, PlainMessage } from '../../modelconfig/plain.ts';
import { CoreError } from './failures.ts';

/** A config.pbtxt is text that people write; what is larger is not one. */
const maxConfigBytes = 16 * 1024 * 1024;

/** Of a model's files: a version's folder, and a model that is a folder in it. */
const markedDepth = 3;

/** What file systems take for one name. */
const maxNameBytes = 255;

/** The folders of a model repository. Nothing outside of it is ever named: a model's name is a folder's name. */
export class Repository {
  readonly path: string;

  /** @throws CoreError (INVALID_ARG) where there is no such folder. */
  constructor(path: string) {
    this.path = path;
    if (!isFolder(path))
      throw new CoreError('INVALID_ARG', `failed to open model repository '${path}': no such folder`);
  }

  /** The names of all models, in order; a link to a folder is one too. @throws CoreError (INTERNAL) where it cannot be read. */
  models(): string[] {
    return namesIn(this.path)
      .filter((name) => isModelName(name) && isFolder(join(this.path, name)))
      .sort();
  }

  has(model: string): boolean {
    return isModelName(model) && isFolder(join(this.path, model));
  }

  /** The text of a model's config.pbtxt; undefined where it has none. @throws CoreError (INTERNAL) where it cannot be read. */
  configText(model: string): string | undefined {
    const path = this.configPath(model);
    const stats = statsOf(path);
    if (stats === undefined) return undefined;
    if (!stats.isFile() || stats.size > maxConfigBytes) {
      throw new CoreError('INTERNAL', `failed to read text proto from ${path}: not a file of a config's size`);
    }
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
    } catch (error) {
      throw new CoreError('INTERNAL', `failed to read text proto from ${path}: ${messageOf(error)}`);
    }
  }

  configPath(model: string): string {
    return join(this.path, model, 'config.pbtxt');
  }

  /** A model's version folders in numeric order; what looks like one and is none goes to `warn`. */
  versions(model: string, warn: (line: string) => void): number[] {
    const folder = join(this.path, model);
    const found: number[] = [];
    for (const name of namesIn(folder)) {
      if (!isFolder(join(folder, name))) continue;
      if (/^0\d/.test(name)) {
        warn(`ignore version directory '${name}' which contains leading zeros in its directory name`);
      } else if (/^\d{1,15}$/.test(name)) found.push(Number(name));
      else if (/^\d{16,}$/.test(name)) warn(`ignore version directory '${name}' whose number has more than 15 digits`);
      else warn(`ignore version directory '${name}' which fails to convert to integral number`);
    }
    return found.sort((a, b) => a - b);
  }

  /** A model file; some models are a folder with the file in it. @throws CoreError (INTERNAL) for a name that leads out. */
  modelFile(model: string, version: number, fileName: string): string {
    if (!isPlainName(fileName)) {
      throw new CoreError('INTERNAL', `'${fileName}' is not the name of a file in a version folder`);
    }
    const path = join(this.path, model, String(version), fileName);
    return isFolder(path) ? join(path, 'model.onnx') : path;
  }

  hasFile(path: string): boolean {
    return statsOf(path)?.isFile() === true;
  }

  /** A text file beside the config, as labels are. @throws CoreError (INTERNAL), in Triton's words. */
  readText(model: string, fileName: string): string {
    const path = join(this.path, model, fileName);
    try {
      if (!isPlainName(fileName)) throw new Error('not the name of a file in the model folder');
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new CoreError('INTERNAL', `failed to open text file for read ${path}: ${messageOf(error)}`);
    }
  }

  /** Changes whenever a model's config or its versions' files do. */
  fingerprint(model: string): string {
    return marksIn(join(this.path, model), markedDepth).join('\n');
  }
}

/** The versions that a policy serves, of those that are there; what it names in vain goes to `warn`. */
export function chooseVersions(
  config: PlainConfig,
  available: readonly number[],
  warn: (version: number) => void,
): number[] {
  const policy = config.version_policy as PlainMessage | undefined;
  if (policy?.all !== undefined) return [...available];
  const specific = policy?.specific as PlainMessage | undefined;
  if (specific !== undefined) {
    const asked = [...new Set(((specific.versions ?? []) as readonly unknown[]).map(Number))].sort((a, b) => a - b);
    for (const version of asked) if (!available.includes(version)) warn(version);
    return asked.filter((version) => available.includes(version));
  }
  const latest = policy?.latest as PlainMessage | undefined;
  const count = latest === undefined ? 1 : Number(latest.num_versions ?? 0);
  return count > 0 ? available.slice(-count) : [];
}

/** Whether a name is one folder's, which leads nowhere else. */
export function isModelName(name: string): boolean {
  return isPlainName(name) && !name.startsWith('.');
}

function isPlainName(name: string): boolean {
  return (
    name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name) && Buffer.byteLength(name) <= maxNameBytes
  );
}

function isFolder(path: string): boolean {
  return statsOf(path)?.isDirectory() === true;
}

/** Of what a path leads to; undefined where it leads nowhere, or in a circle. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new CoreError('INTERNAL', `failed to read the folder ${folder}: ${messageOf(error)}`, { cause: error });
  }
}

/** What stands in a folder, with what links in it lead to. */
function marksIn(folder: string, depth: number): string[] {
  return namesIn(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      const stats = statsOf(path);
      const below = depth > 1 && stats?.isDirectory() === true ? marksIn(path, depth - 1) : [];
      return [`${path} ${stats?.mtimeMs} ${stats?.size}`, ...below];
    });
}
