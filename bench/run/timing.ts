import type { Apply, Plan } from '../plan/plan.ts';
import { atLevel } from './levels.ts';
import { type ClosedLoad, loadOfId } from './load-of.ts';
import type { Preflight } from './preflight.ts';

export type AcceptedLook = Preflight & { readonly outcome: 'accepted' };

/** How long each slice warms up and measures, fixed before anything is measured for the verdict. */
export type Timing = {
  /** The same for all variants. */
  readonly warmupMs: number;
  readonly sliceMs: Readonly<Record<string, number>>;
};

/** Of all variants. */
export function longestSliceMs({ sliceMs }: Pick<Timing, 'sliceMs'>): number {
  return Math.max(...Object.values(sliceMs));
}

const leastWarmupMs = 100;
/** More than both for every slice of every variant would leave a budget no time to measure. */
const mostWarmupMs = 1_000;
const mostWarmupOfSlice = 1 / 3;
const warmupExecutionsPerInstance = 20;
const leastSliceMs = 300;
const cyclesPerSlice = 30;
/** Reading the config and counters back, the host probe, connecting, draining, the journal. */
const sliceOverheadMs = 40;

/** Long enough for each variant to settle and for 30 cycles of its own latency; `instances` and own level by id. */
export function timingOf(
  plan: Pick<Plan, 'load' | 'variants'>,
  looks: readonly AcceptedLook[],
  instances: Readonly<Record<string, number>>,
  levels: Readonly<Record<string, number>> = {},
): Timing {
  const settledMs = looks.map((look) =>
    settlingMs(look, instances[look.variantId] ?? 1, atLevel(loadOfId(plan, look.variantId), levels[look.variantId])),
  );
  const cycles = looks.map(({ variantId, latencyMs }): [string, number] => [
    variantId,
    Math.ceil(Math.max(leastSliceMs, cyclesPerSlice * latencyMs)),
  ]);
  const mostMs = Math.max(mostWarmupMs, mostWarmupOfSlice * Math.max(...cycles.map(([, sliceMs]) => sliceMs)));
  return {
    warmupMs: Math.ceil(Math.min(mostMs, Math.max(leastWarmupMs, ...settledMs))),
    sliceMs: Object.fromEntries(cycles),
  };
}

/** A look is short, and the rate of a block differs from that of others: so many times as many requests are planned for. */
const spareRatio = 1.5;

/** Slices long enough for so many requests each, at the rate that a variant's look showed. */
export function withRequests(timing: Timing, looks: readonly AcceptedLook[], requestsPerSlice: number): Timing {
  const lengths = looks.map(({ variantId, requestsPerSecond }) => [
    variantId,
    Math.max(
      timing.sliceMs[variantId] ?? leastSliceMs,
      Math.ceil((1_000 * spareRatio * requestsPerSlice) / requestsPerSecond),
    ),
  ]);
  return { ...timing, sliceMs: Object.fromEntries(lengths) };
}

/** Whether so many slices of each variant hold so many requests, as far as its look tells. */
export function holdRequests(
  { sliceMs }: Timing,
  looks: readonly AcceptedLook[],
  asked: { readonly slices: number; readonly requests: number },
): boolean {
  return looks.every(
    ({ variantId, requestsPerSecond }) =>
      (asked.slices * (sliceMs[variantId] ?? leastSliceMs) * requestsPerSecond) / 1_000 >= spareRatio * asked.requests,
  );
}

/** Whether a block loads its models once, before its slices; else each slice pays for a load of its own. */
export function isLoadedOnce(applied: Apply): boolean {
  return applied === 'colocate' || applied === 'keep';
}

/**
 * What one slice of a variant takes in all. A window opens when every user has had an answer, and what is outstanding when it
 * closes is waited for: each takes a latency.
 */
export function sliceCostMs(
  { variantId, loadMs, latencyMs }: AcceptedLook,
  { warmupMs, sliceMs }: Timing,
  applied: Apply = 'reload',
): number {
  const windowMs = sliceMs[variantId] ?? leastSliceMs;
  return (
    (isLoadedOnce(applied) ? 0 : loadMs) +
    Math.max(warmupMs, latencyMs) +
    windowMs +
    Math.max(sliceOverheadMs, latencyMs)
  );
}

/**
 * Time until every instance of a variant has executed often enough. From its median latency rather than its short look's
 * rate, which one stall can halve.
 */
function settlingMs({ latencyMs, meanBatch }: AcceptedLook, instances: number, load: ClosedLoad): number {
  const rowsOutstanding = load.pacing.concurrency * load.batchSize;
  return (warmupExecutionsPerInstance * instances * meanBatch * latencyMs) / rowsOutstanding;
}
