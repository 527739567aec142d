import type { Engine } from '../engines/engine.ts';
import type { Plan, Slice } from '../plan/plan.ts';
import type { Continuation } from './continuation.ts';
import type { EarlierRun } from './earlier-run.ts';
import type { HostClaimOptions } from './host-claim.ts';
import type { Instruments } from './instruments.ts';
import type { RunRecord } from './record.ts';

/** What a sweep tells while it runs; all of it goes to people, nothing depends on it. */
export type SweepEvents = {
  preparing(what: string): void;
  designed(record: RunRecord): void;
  /** `block` of about `blocks` in the stage, or in the part of what follows the verdict; then `leftMs` is what all of that still takes. */
  slice(slice: Slice, progress: { block: number; blocks: number; done: number; total: number; leftMs?: number }): void;
  warning(message: string): void;
};

export type SweepRequest = {
  readonly plan: Plan;
  readonly planFile: string;
  readonly planSource: string;
  readonly command: string;
  readonly engine: Engine;
  readonly folder: string;
  /** The same, from where the command was given. */
  readonly shownFolder: string;
  readonly projectFolder: string;
  /** Where the host's noise floor is kept. */
  readonly stateFolder: string;
  readonly resume: boolean;
  /** The run that a new one goes on from; null of a first attempt and where a run is resumed. */
  readonly continuing: { readonly earlier: EarlierRun; readonly continues: Continuation } | null;
  /** Whether a claim is followed by long slices; a run that goes on keeps to what it was begun with. */
  readonly soak: boolean;
  /** Keeps others from measuring on this host meanwhile; nobody is kept from it where left out. */
  readonly hostClaim?: HostClaimOptions;
  readonly signal: AbortSignal;
  /** What it measures with; this host's own where left out. */
  readonly instruments?: Instruments;
  readonly events: SweepEvents;
};
