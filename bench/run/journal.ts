import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import type { AfterPart, Slice } from '../plan/plan.ts';
import type { LeftLoad } from './after-history.ts';
import type { AfterPlan } from './after-plan.ts';
import type { ServerFacts } from './flag-proof.ts';
import type { FrozenLevels } from './levels.ts';
import { journalLineSchema } from './record-schema.ts';
import type { Measurement } from './slice.ts';
import type { SliceTimes } from './slice-times.ts';

/** Why a slice has no measurement. */
export type SliceFailure = { readonly reason: string };

export type SliceResult = { readonly kind: 'slice'; readonly slice: Slice; readonly at: string } & (
  | {
      readonly status: 'measured';
      readonly measurement: Measurement;
      /** Of slices for the verdict; those of before have none. */
      readonly tookMs?: SliceTimes;
    }
  | { readonly status: 'failed'; readonly failure: SliceFailure }
);

/** A server process of a block, when the first variant was in force on it; its slices have its pid. */
export type ServerLine = ServerFacts & {
  readonly kind: 'server';
  readonly stage: 'screen' | 'confirm' | 'after';
  readonly block: number;
  readonly attempt: number;
  readonly at: string;
};

/** What `journal.jsonl` holds, one line each, only ever appended to. */
export type JournalLine =
  | SliceResult
  | ServerLine
  /** The variant left the active set in this block. */
  | {
      readonly kind: 'unstable';
      readonly block: number;
      readonly attempt: number;
      readonly variantId: string;
      readonly reason: string;
    }
  /** The block was measured whole, or it was interrupted and its lines never enter an estimate. */
  | {
      readonly kind: 'block';
      readonly block: number;
      readonly attempt: number;
      readonly status: 'complete' | 'superseded';
      readonly at: string;
    }
  /** Other runs measured on the host at the end of this block: `--share-host` let them. */
  | {
      readonly kind: 'beside';
      readonly block: number;
      readonly attempt: number;
      readonly others: readonly string[];
      readonly at: string;
    }
  /** The level of each variant was chosen, and with them the design was fixed. */
  | ({ readonly kind: 'levels'; readonly at: string } & FrozenLevels)
  /** What follows a claim: how it was planned, which loads were given up, and which parts are over. */
  | ({ readonly kind: 'after'; readonly at: string } & (
      | { readonly status: 'planned'; readonly plan: AfterPlan }
      | ({ readonly status: 'left' } & LeftLoad)
      | { readonly status: 'ended'; readonly part: AfterPart; readonly reason: 'complete' | 'budget' }
    ))
  /** The run was interrupted and goes on from here; `usedMs` is what it had used of its budget by then. */
  | { readonly kind: 'resumed'; readonly usedMs: number; readonly at: string }
  /** Nothing more was to be measured for the verdict; a run without it, and without all of its blocks, was interrupted. */
  | { readonly kind: 'end'; readonly reason: 'blocks' | 'decided' | 'budget' | 'unstable'; readonly at: string };

export const journalName = 'journal.jsonl';

/** Appends to a run's journal. Each line is on its way to the disk before the next slice begins. */
export class Journal implements Disposable {
  readonly #file: string;
  readonly #descriptor: number;

  /** @throws Failure (results) where the file cannot be written to. */
  constructor(folder: string) {
    this.#file = join(folder, journalName);
    try {
      cutTornLine(this.#file);
      this.#descriptor = openSync(this.#file, 'a');
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** @throws Failure (results) where nothing more can be written; the lines that stand there are kept whole. */
  append(line: JournalLine): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      // A disk that fills up takes a part of the line first and only then says no.
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#descriptor, bytes, written);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): Failure {
    if (error instanceof Failure) return error;
    return new Failure('results', 'journal', `${this.#file} cannot be written: ${messageOf(error)}`, {
      hint: 'make room there, then go on with the run',
      cause: error,
    });
  }

  [Symbol.dispose](): void {
    try {
      fsyncSync(this.#descriptor);
    } catch {
      // A full disk was told by append already, and not every file can be synced.
    } finally {
      closeSync(this.#descriptor);
    }
  }
}

/** @throws Failure (results) for a line that is no journal line; a torn last one, which a kill leaves, is passed over. */
export function readJournal(folder: string): JournalLine[] {
  const file = join(folder, journalName);
  const lines = readText(file).split('\n');
  const torn = lines.pop();
  return lines.map((line, index) => {
    const parsed = parseLine(line);
    if (parsed !== undefined) return parsed;
    throw new Failure('results', 'journal', `${file}:${index + 1} is no journal line`, {
      hint: torn === '' ? 'the file was changed by hand: restore it, or start a new sweep' : 'start a new sweep',
    });
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Failure('results', 'journal', `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function parseLine(line: string): JournalLine | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return journalLineSchema.safeParse(value).success ? (value as JournalLine) : undefined;
  } catch {
    return undefined;
  }
}

/** A line without its newline was being written when the tool was killed. */
function cutTornLine(file: string): void {
  const text = readText(file);
  if (text === '' || text.endsWith('\n')) return;
  truncateSync(file, Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1)));
}
