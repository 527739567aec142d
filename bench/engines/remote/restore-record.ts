import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { Failure, messageOf } from '../../failure.ts';
import type { ServedConfig } from '../../kserve/client.ts';
import type { RemoteChoice } from '../../plan/plan.ts';

/** A model of a remote server as it was before anything of it was changed. */
export type ModelBefore = {
  readonly name: string;
  readonly loaded: boolean;
  /** What it served; null of a model that was not loaded. */
  readonly config: ServedConfig | null;
  /** Of its metadata, in ascending order. */
  readonly versions: readonly string[];
  /**
   * What brings that back, as was tried before anything else was changed: a load from the repository's file, or one with that
   * configuration in its place, which was how the server had it. Null where it was not tried yet.
   */
  readonly way: RestoreWay | null;
};

export type RestoreWay = 'file' | 'override';

/**
 * Who uses a remote server since when, and what must be put back there. It stands in the run's folder and in the state folder; there
 * it is a lock as well. Of secrets it holds only where they are kept.
 */
export type RestoreRecord = {
  readonly schemaVersion: 1;
  /** Random: the two copies of one record have the same. */
  readonly id: string;
  /** HOST:PORT of its HTTP address. */
  readonly server: string;
  readonly remote: RemoteChoice;
  readonly holder: Holder;
  /** Absolute; null where the server is not used by a run. */
  readonly runFolder: string | null;
  /** Those that were changed, or were about to be. */
  readonly models: readonly ModelBefore[];
};

/** A process; `startTicks` tells it from a later one of the same number, null where the system does not say. */
export type Holder = {
  readonly pid: number;
  readonly startTicks: string | null;
  readonly host: string;
  readonly startedAt: string;
  /** When it left the server without having put all of it back; null as long as it uses it. */
  readonly endedAt: string | null;
};

export const restoreName = 'restore.json';

const text = z.string();
const path = text.nullable();
const recordSchema = z.object({
  schemaVersion: z.literal(1),
  id: text.regex(/^[0-9a-f]{16}$/),
  server: text.min(1),
  remote: z.object({
    http: text.min(1),
    grpc: path,
    tls: z.object({ ca: path, certificate: path, key: path, serverName: path }),
    headers: z.array(
      z.object({
        name: text,
        source: z.union([z.strictObject({ env: text }), z.strictObject({ file: text })]),
      }),
    ),
    restartCommand: z.array(text).nullable(),
  }),
  holder: z.object({
    pid: z.int().min(1),
    startTicks: path,
    host: text,
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
  }),
  runFolder: path,
  models: z.array(
    z.object({
      name: text.min(1),
      loaded: z.boolean(),
      config: z.record(text, z.unknown()).nullable(),
      versions: z.array(text),
      way: z.enum(['file', 'override']).nullable(),
    }),
  ),
});

/** Where the record of a server stands below the state folder. */
export function restoreFile(stateFolder: string, server: string): string {
  const name = createHash('sha256').update(server).digest('hex').slice(0, 16);
  return join(restoreFolder(stateFolder), `${name}.json`);
}

export type NotedRecord = { readonly file: string; readonly record: RestoreRecord | Failure };

/** All records below a state folder, by file; one that cannot be read is told by its Failure. */
export function listRecords(stateFolder: string): NotedRecord[] {
  const folder = restoreFolder(stateFolder);
  return namesIn(folder)
    .filter((name) => /^[0-9a-f]{16}\.json$/.test(name))
    .toSorted()
    .flatMap((name): NotedRecord[] => {
      const file = join(folder, name);
      try {
        const record = readRecord(file);
        return record === undefined ? [] : [{ file, record }];
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return [{ file, record: error }];
      }
    });
}

/** Undefined where there is none. @throws Failure (results) for a file that is no record. */
export function readRecord(file: string): RestoreRecord | undefined {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failure('results', 'restore-record', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    return recordSchema.parse(JSON.parse(content)) as RestoreRecord;
  } catch (error) {
    throw new Failure('results', 'restore-record', `${file} is no record of what must be restored`, {
      hint: 'it was damaged or is of another version: look at the server that it names, then remove the file',
      cause: error,
    });
  }
}

/** Replaces a file as a whole, and is on the disk when it returns. @throws Failure (results) where it cannot be written. */
export function writeRecord(file: string, record: RestoreRecord): void {
  const unfinished = `${file}.${process.pid}.part`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const descriptor = openSync(unfinished, 'w', 0o600);
    try {
      writeFileSync(descriptor, `${JSON.stringify(record, null, 2)}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new Failure('results', 'restore-record', `${file} cannot be written: ${messageOf(error)}`, {
      hint: 'nothing on a remote server is changed without a record of what it was: make room there, or name another state folder with XDG_STATE_HOME',
      cause: error,
    });
  }
}

function restoreFolder(stateFolder: string): string {
  return join(stateFolder, 'remote');
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
