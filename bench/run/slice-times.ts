import type { InForce } from './deployment.ts';
import type { Measurement } from './slice.ts';

/** Where the time of one slice went until its line was written, in ms: together all of it. */
export type SliceTimes = {
  /** Starting its server, where none ran with its flags. */
  readonly serverStart: number;
  /** Bringing the variant into force: unload, load, and what goes with them. */
  readonly load: number;
  /** Asking for the configuration that is served, and comparing it. */
  readonly readBack: number;
  /** From the beginning of the load, its connections included, until the window opened. */
  readonly warmup: number;
  readonly window: number;
  /** All else: the probe of the host, what is sent, the last answers, the sums. */
  readonly rest: number;
};

/** `inForceMs` and `wholeMs`: until the variant was in force, and until the slice was measured. */
export function sliceTimes(
  { tookMs: { serverStart, readBack } }: Pick<InForce, 'tookMs'>,
  { window }: Pick<Measurement, 'window'>,
  { inForceMs, wholeMs }: { readonly inForceMs: number; readonly wholeMs: number },
): SliceTimes {
  const warmup = window.openNs / 1e6;
  const measured = (window.closeNs - window.openNs) / 1e6;
  const load = inForceMs - serverStart - readBack;
  const parts = { serverStart, load, readBack, warmup, window: measured };
  const rest = wholeMs - inForceMs - warmup - measured;
  const rounded = Object.entries({ ...parts, rest }).map(([part, ms]) => [part, Math.round(ms * 1e3) / 1e3]);
  return Object.fromEntries(rounded) as SliceTimes;
}
