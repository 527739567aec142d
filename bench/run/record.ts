import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineIdentity } from '../engines/engine.ts';
import type { Placement } from '../engines/placement/choose.ts';
import { Failure, messageOf } from '../failure.ts';
import type { Apply, Plan } from '../plan/plan.ts';
import type { SetAside } from './candidates.ts';
import type { ApplyGrounds } from './choose-apply.ts';
import type { Continuation } from './continuation.ts';
import type { Design } from './design.ts';
import type { NoiseFloor } from './noise-floor.ts';
import type { Pilot } from './pilot.ts';
import type { Preflight } from './preflight.ts';
import { recordSchema } from './record-schema.ts';

export type RecordedPlacement = Placement & {
  /** Variants whose onnxruntime takes as many threads as the host has cores, however few the server may use. */
  readonly unboundIds: readonly string[];
};

/** `run.json`: all that was fixed before the first block. With the journal it is enough to make every other file again. */
export type RunRecord = {
  readonly schemaVersion: 1;
  readonly tool: { readonly version: string };
  readonly startedAt: string;
  readonly plan: Plan;
  readonly planFile: string;
  readonly planSource: string;
  /** What repeats the run. */
  readonly command: string;
  /** Of the run, from where its command was given. */
  readonly folder: string;
  /** The run that this one goes on from; null of a first attempt. */
  readonly continues: Continuation | null;
  readonly engine: EngineIdentity & { readonly command: readonly string[] };
  readonly applied: Apply;
  /** Why in that way. */
  readonly apply: ApplyGrounds;
  readonly autoCompleteConfig: boolean;
  /** What is wanted once a variant is claimed. */
  readonly after: { readonly soak: boolean };
  readonly design: Design;
  readonly looks: readonly Preflight[];
  /** Variants of the plan that are not measured under their own name. */
  readonly setAside: readonly SetAside[];
  /** The host's noise as the design was made for it; null where there was no time to look. */
  readonly pilot: Pilot | null;
  /** What `tritune noise` last saw on this host and engine. */
  readonly noiseFloor: NoiseFloor | null;
  /** config.pbtxt of each variant, the baseline's included. */
  readonly configs: Readonly<Record<string, string>>;
  /** What each variant costs, for choosing among equals. */
  readonly costs: Readonly<Record<string, readonly number[]>>;
  readonly environment: Readonly<Record<string, unknown>>;
  /** Which CPUs server and client had, and the variants whose threads do not know of it. */
  readonly placement: RecordedPlacement;
  /** Where other runs were let measure on the host at the same time (`--share-host`): those that did when it began. */
  readonly sharedHost: { readonly others: readonly string[] } | null;
  /** Of the plan's input file. */
  readonly inputMd5: string;
  readonly warnings: readonly string[];
  /** What is not as it should be about a server that was there before. */
  readonly serverWarnings?: readonly string[];
};

export const recordName = 'run.json';

export function hasRunRecord(folder: string): boolean {
  return existsSync(join(folder, recordName));
}

/** @throws Failure (results) where it cannot be written. */
export function writeRunRecord(folder: string, record: RunRecord): void {
  const file = join(folder, recordName);
  try {
    writeFileSync(`${file}.part`, `${JSON.stringify(record, null, 2)}\n`);
    renameSync(`${file}.part`, file);
  } catch (error) {
    throw new Failure('results', 'run-record', `${file} cannot be written: ${messageOf(error)}`, {
      hint: 'make room there, or name another folder with --out',
      cause: error,
    });
  }
}

/** @throws Failure (results) where the folder holds no run of this version. */
export function readRunRecord(folder: string): RunRecord {
  const file = join(folder, recordName);
  let record: unknown;
  try {
    record = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Failure('results', 'run-record', `${folder} holds no readable run: ${messageOf(error)}`, {
      hint: 'name a run folder such as reports/20260101T120000Z-iris; a run that was ended before its first block leaves nothing to go on with',
      cause: error,
    });
  }
  if ((record as { schemaVersion?: unknown } | null)?.schemaVersion !== 1) {
    throw new Failure('results', 'run-record', `${file} is not of a version that this tritune reads`, {
      hint: 'use the tritune that made it',
    });
  }
  const [issue] = recordSchema.safeParse(record).error?.issues ?? [];
  if (issue !== undefined) {
    throw new Failure('results', 'run-record', `${file} is damaged: ${issue.path.join('.')}: ${issue.message}`, {
      hint: 'restore the file, or start a new sweep',
    });
  }
  return record as RunRecord;
}
