import {
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';

/** A model's folder in the user's repository and the text of its committed config.pbtxt. */
export type ModelSource = {
  readonly folder: string;
  readonly configFile: string;
  readonly configText: string;
  readonly config: PlainConfig;
};

/**
 * Finds the model and reads its committed config.
 * @throws Failure (usage) where there is none, or where a config lies inside a version folder, which Triton ignores without a word.
 */
export function readModelSource(repository: string, model: string): ModelSource {
  const folder = join(repository, model);
  if (!isFolder(folder)) {
    const found = subfolders(repository);
    throw new Failure('usage', 'model', `there is no model ${model} in ${repository}`, {
      hint:
        found.length === 0
          ? 'modelRepository in the plan must name the folder that holds the model folders'
          : `models there: ${found.join(', ')}`,
    });
  }
  const configFile = join(folder, 'config.pbtxt');
  const misplaced = subfolders(folder).filter(
    (version) => /^\d+$/.test(version) && existsSync(join(folder, version, 'config.pbtxt')),
  );
  if (misplaced.length > 0) {
    throw new Failure(
      'usage',
      'config-in-version-folder',
      `${join(folder, misplaced[0] ?? '', 'config.pbtxt')} lies inside a version folder, where Triton ignores it`,
      {
        hint: existsSync(configFile)
          ? 'remove it: the file that counts is beside the version folders'
          : `move it to ${configFile}; until then the server makes up a configuration of its own`,
      },
    );
  }
  if (!existsSync(configFile)) {
    throw new Failure('usage', 'config-missing', `there is no ${configFile}`, {
      hint: 'write the configuration that you deploy into that file: it is the baseline that every variant edits',
    });
  }
  const configText = readText(configFile);
  return { folder, configFile, configText, config: toPlain(parseConfig(configText, configFile)) };
}

/**
 * Where a run's copy of the model lies: in its folder, or in a temporary one where the path holds characters that Triton's
 * python backend, which starts its processes through a shell, does not take.
 */
export function stagingFolder(folder: string): string {
  if (plainPath.test(folder)) return join(folder, 'repository');
  if (plainPath.test(tmpdir())) return temporaryFolder();
  throw new Failure('usage', 'out', `${folder} holds characters that Triton's python backend cannot take`, {
    hint: 'choose a folder of letters, digits and ./_+- with --out, or set TMPDIR to one',
  });
}

const plainPath = /^[\w./+-]+$/;

function temporaryFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'tritune-repository-'));
  } catch (error) {
    throw new Failure('server', 'staging', `no folder can be made in ${tmpdir()}: ${messageOf(error)}`, {
      hint: 'make room there, or set TMPDIR to a folder that can be written to',
      cause: error,
    });
  }
}

const copyHint = 'the server reads a copy of the model: make room there, or name another folder with --out';

/** The copy that servers see. The user's own files are never written. Removed when disposed of. */
export class StagedModel implements Disposable {
  readonly repository: string;
  readonly #configFile: string;

  /** @throws Failure (server) where it cannot be copied, a full disk for one. */
  constructor(source: ModelSource, options: { folder: string; model: string }) {
    this.repository = options.folder;
    this.#configFile = join(options.folder, options.model, 'config.pbtxt');
    try {
      rmSync(options.folder, { recursive: true, force: true });
      mkdirSync(options.folder, { recursive: true });
      cpSync(source.folder, join(options.folder, options.model), {
        recursive: true,
        dereference: true,
        mode: constants.COPYFILE_FICLONE,
        filter: (path) => isWanted(path, source.folder),
      });
      // A copy of a read-only file is read-only too, but this one is written for each variant.
      chmodSync(this.#configFile, 0o644);
    } catch (error) {
      this[Symbol.dispose]();
      if (error instanceof Failure) throw error;
      throw new Failure(
        'server',
        'staging',
        `${source.folder} cannot be copied to ${options.folder}: ${messageOf(error)}`,
        { hint: copyHint, cause: error },
      );
    }
  }

  /** @throws Failure (server) where it cannot be written, a full disk for one. */
  writeConfig(text: string): void {
    try {
      writeFileSync(this.#configFile, text);
    } catch (error) {
      throw new Failure('server', 'staging', `${this.#configFile} cannot be written: ${messageOf(error)}`, {
        hint: copyHint,
        cause: error,
      });
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.repository, { recursive: true, force: true });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Failure('usage', 'config-unreadable', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Links to folders count too. Empty where `folder` is none or cannot be read. */
function subfolders(folder: string): string[] {
  return listed(folder)
    .filter((name) => !name.startsWith('.') && isFolder(join(folder, name)))
    .sort();
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether a path of the model's folder goes into the copy. Pipes and devices would be read without end. */
function isWanted(path: string, folder: string): boolean {
  if (path === folder) return true;
  if (path.endsWith('.dvc')) return false;
  try {
    const status = statSync(path);
    if (status.isFile() || status.isDirectory()) return true;
  } catch (error) {
    throw new Failure('usage', 'model', `${path} leads nowhere: ${messageOf(error)}`, {
      hint: 'remove it, or restore what it links to',
      cause: error,
    });
  }
  throw new Failure('usage', 'model', `${path} is neither a file nor a folder`, {
    hint: 'remove it from the model folder',
  });
}
