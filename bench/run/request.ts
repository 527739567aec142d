import type { Engine } from '../engines/engine.ts';
import type { Plan, Slice } from '../plan/plan.ts';
import type { RunRecord } from './record.ts';

/** What a sweep tells while it runs; all of it goes to people, nothing depends on it. */
export type SweepEvents = {
  preparing(what: string): void;
  designed(record: RunRecord): void;
  /** `block` of about `blocks` in the stage. */
  slice(slice: Slice, progress: { block: number; blocks: number; done: number; total: number }): void;
  warning(message: string): void;
};

export type SweepRequest = {
  readonly plan: Plan;
  readonly planFile: string;
  readonly planSource: string;
  readonly command: string;
  readonly engine: Engine;
  readonly folder: string;
  readonly projectFolder: string;
  /** Where the host's noise floor is kept. */
  readonly stateFolder: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly events: SweepEvents;
};
