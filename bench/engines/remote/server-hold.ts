import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure, messageOf } from '../../failure.ts';
import type { RemoteChoice } from '../../plan/plan.ts';
import { isRunning } from '../../running-process.ts';
import { holderText, isElsewhere, isHeld, thisHolder } from './holder.ts';
import {
  type ModelBefore,
  type RestoreRecord,
  readRecord,
  restoreFile,
  restoreName,
  writeRecord,
} from './restore-record.ts';

export type HoldOptions = {
  readonly stateFolder: string;
  readonly runFolder: string | null;
  /** HOST:PORT of its HTTP address. */
  readonly server: string;
  readonly remote: RemoteChoice;
  /** The user says that a process of another host, which cannot be seen from here, is gone. */
  readonly isGoneElsewhere?: boolean;
};

/**
 * Keeps a remote server for this process, as far as other processes with the same state folder go: the record of what must be
 * restored there is the lock. One that a process left which is gone is taken over with the models that it names.
 */
export class ServerHold {
  /** The record that was taken over with models still to be restored. */
  readonly left: RestoreRecord | undefined;
  readonly #file: string;
  #record: RestoreRecord;

  /** @throws Failure: usage where another process has the server, results where the record cannot be read or written. */
  constructor({ stateFolder, runFolder, server, remote, isGoneElsewhere = false }: HoldOptions) {
    this.#file = restoreFile(stateFolder, server);
    using _claim = claim(this.#file);
    const before = readRecord(this.#file);
    const isFree = before === undefined || !isHeld(before.holder) || (isGoneElsewhere && isElsewhere(before.holder));
    if (!isFree) throw inUse(before);
    this.left = before === undefined || before.models.length === 0 ? undefined : before;
    this.#record = {
      schemaVersion: 1,
      id: randomBytes(8).toString('hex'),
      server,
      remote,
      holder: thisHolder(),
      runFolder,
      models: before?.models ?? [],
    };
    this.#write();
  }

  get models(): readonly ModelBefore[] {
    return this.#record.models;
  }

  /** On the disk when it returns. @throws Failure (results) */
  note(models: readonly ModelBefore[]): void {
    this.#record = { ...this.#record, models };
    this.#write();
  }

  /** Lets others have the server. What is still to be restored stays noted. */
  release(): void {
    if (this.#record.models.length === 0) {
      rmSync(this.#file, { force: true });
      return;
    }
    const holder = { ...this.#record.holder, endedAt: new Date().toISOString() };
    this.#record = { ...this.#record, holder };
    this.#write();
  }

  /** The run's copy comes first, so that there is one wherever the server's own record is. */
  #write(): void {
    const { runFolder, models } = this.#record;
    if (runFolder !== null && models.length > 0) writeRecord(join(runFolder, restoreName), this.#record);
    writeRecord(this.#file, this.#record);
    if (models.length > 0) return;
    if (runFolder !== null) rmSync(join(runFolder, restoreName), { force: true });
    if (this.left !== undefined) removeCopy(this.left);
  }
}

/** The copy in the folder of the run that a record was made for, if it is still the same. */
export function removeCopy({ id, runFolder }: RestoreRecord): void {
  if (runFolder === null) return;
  const file = join(runFolder, restoreName);
  try {
    if (readRecord(file)?.id === id) rmSync(file, { force: true });
  } catch (error) {
    // A file that is no record is not ours to remove.
    if (!(error instanceof Failure)) throw error;
  }
}

function inUse({ server, holder, runFolder }: RestoreRecord): Failure {
  const what = runFolder === null ? '' : ` (${runFolder})`;
  return new Failure('usage', 'server-in-use', `${server} is in use by ${holderText(holder)}${what}`, {
    hint: `two runs on one server would measure each other: wait for it to end; if it is gone, tritune restore${isElsewhere(holder) ? ' --gone' : ''} puts back what it left`,
  });
}

/** A claim of a process that cannot be told, as of one that was killed before it wrote its number. */
const claimMs = 10_000;

/** Held for as long as it takes to look at a record and replace it, so that no two processes take over the same one. */
function claim(file: string): Disposable {
  const lock = `${file}.claim`;
  try {
    mkdirSync(dirname(lock), { recursive: true });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (take(lock)) {
        removeUnfinished(file);
        return { [Symbol.dispose]: () => rmSync(lock, { force: true }) };
      }
      if (isStale(lock)) rmSync(lock, { force: true });
    }
  } catch (error) {
    throw new Failure('results', 'restore-record', `${lock} cannot be written: ${messageOf(error)}`, {
      hint: 'make room there, or name another state folder with XDG_STATE_HOME',
      cause: error,
    });
  }
  throw new Failure('usage', 'server-in-use', 'another process is just taking the same server', { hint: 'try again' });
}

function take(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isStale(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    return pid > 0 ? !isRunning(pid) : Date.now() - statSync(lock).mtimeMs > claimMs;
  } catch (error) {
    // It was let go meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

/** What processes left of the record that were killed while they wrote it. */
function removeUnfinished(file: string): void {
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    const [, pid] = /^(?:.*)\.(\d+)\.part$/.exec(name) ?? [];
    if (name.startsWith(basename(file)) && pid !== undefined && !isRunning(Number(pid)))
      rmSync(join(folder, name), { force: true });
  }
}
