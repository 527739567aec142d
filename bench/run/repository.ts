import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  if (!existsSync(folder)) {
    const found = existsSync(repository) ? subfolders(repository) : [];
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
  const configText = readFileSync(configFile, 'utf8');
  return { folder, configFile, configText, config: toPlain(parseConfig(configText, configFile)) };
}

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
        filter: (path) => !path.endsWith('.dvc'),
      });
    } catch (error) {
      this[Symbol.dispose]();
      throw new Failure(
        'server',
        'staging',
        `${source.folder} cannot be copied to ${options.folder}: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  writeConfig(text: string): void {
    writeFileSync(this.#configFile, text);
  }

  [Symbol.dispose](): void {
    rmSync(this.repository, { recursive: true, force: true });
  }
}

function subfolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
}
