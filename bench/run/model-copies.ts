import { chmodSync, constants, copyFileSync, linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { editConfig } from '../modelconfig/edit.ts';
import type { PlainConfig } from '../modelconfig/plain.ts';
import type { Candidate } from './candidates.ts';

/** One variant as a model of its own in a staged repository: what a server is to load, and what it is to say of it. */
export type ModelCopy = { readonly model: string; readonly config: PlainConfig };

/**
 * The variants of a run as models beside one another, `<model>__<n>`, in the repository that holds a copy of the model. The
 * files are links to those of that copy, so that a large model takes its space once; only config.pbtxt is their own.
 */
export class ModelCopies {
  readonly #repository: string;
  readonly #model: string;
  readonly #written = new Map<string, ModelCopy>();

  constructor(repository: string, model: string) {
    this.#repository = repository;
    this.#model = model;
  }

  /** The variant's copy, written where it is not there yet. @throws Failure (server) where it cannot be, a full disk for one. */
  of({ variant, configText, config }: Candidate): ModelCopy {
    const written = this.#written.get(variant.id);
    if (written !== undefined) return written;
    const model = `${this.#model}__${this.#written.size}`;
    const folder = join(this.#repository, model);
    try {
      rmSync(folder, { recursive: true, force: true });
      linkFolder(join(this.#repository, this.#model), folder);
      const configFile = join(folder, 'config.pbtxt');
      writeFileSync(configFile, editConfig(configText, configFile, { name: model }), { flag: 'wx' });
      chmodSync(configFile, 0o644);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure('server', 'staging', `${folder} cannot be written: ${messageOf(error)}`, {
        hint: 'each variant has a config.pbtxt of its own there: make room, or name another folder with --out',
        cause: error,
      });
    }
    const copy = { model, config: { ...config, name: model } };
    this.#written.set(variant.id, copy);
    return copy;
  }
}

/** All but the model's own config.pbtxt, which no copy may share. */
function linkFolder(from: string, to: string, isTop = true): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) linkFolder(join(from, entry.name), join(to, entry.name), false);
    else if (!isTop || entry.name !== 'config.pbtxt') linkFile(join(from, entry.name), join(to, entry.name));
  }
}

function linkFile(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Not every file system has links; where there is no room either, the copy says so.
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
  }
}
