import { mergeHistograms } from '../load/recorder.ts';
import type { Apply } from '../plan/plan.ts';
import { fitBudget, leastConfirmBlocks, screenShare } from '../stats/budget.ts';
import { blockCost, type CostFacts } from './block-cost.ts';
import type { Pilot } from './pilot.ts';
import type { Measurement } from './slice.ts';
import { type AcceptedLook, sliceCostMs, type Timing } from './timing.ts';

/** The part of a slice's variance, ln scale, that more requests would take away: that of the mean of as many latencies. */
export function samplingVariance({ latency }: Pick<Measurement, 'latency'>): number {
  if (latency.count === 0) return 0;
  const relative = (mergeHistograms([latency.histogram]).stdDeviation * latency.count) / latency.sumNs;
  return relative ** 2 / latency.count;
}

/**
 * A pilot of a few slices cannot tell that nothing else varies: three that happen to agree made slices three times as long, on a
 * host where the next ones differed by 15 %. So the share is believed as far as there are more slices than this.
 */
const doubtfulSlices = 8;

export type Sampling = Pick<Pilot, 'samplingRatio' | 'sliceCount'> & {
  /** Reload unless told. */
  readonly applied?: Apply | undefined;
};

/**
 * Slices of the length that gives the smallest variance for the time, where `samplingRatio` of their variance is due to the
 * number of their requests and each costs time before its window opens: longer than planned or as they are, never shorter
 * (Kalibera and Jones). No window is shorter than what it costs to open it, whatever varies: what a host does to throughput
 * lasts from ms to minutes, so that windows of four times the length had half the variance.
 */
export function lengthened(
  timing: Timing,
  looks: readonly AcceptedLook[],
  { samplingRatio, sliceCount, applied }: Sampling,
): Timing {
  const ratio = (Math.min(1, Math.max(0, samplingRatio)) * sliceCount) / (sliceCount + doubtfulSlices);
  const lengths = looks.map((look) => {
    const plannedMs = timing.sliceMs[look.variantId] ?? 0;
    const costMs = sliceCostMs(look, timing, applied) - plannedMs;
    const bestMs = Math.sqrt((costMs * plannedMs * ratio) / (1 - ratio));
    return [look.variantId, Math.ceil(Math.max(plannedMs, bestMs, costMs))] as const;
  });
  return { ...timing, sliceMs: Object.fromEntries(lengths) };
}

/** The time that there is, and what of a block's time does not lie in its slices. */
export type SliceBudget = Omit<CostFacts, 'looks' | 'timing'> & { readonly availableMs: number };

const leastSliceMs = 300;
/** A window runs from completion to completion, so that few cycles are not wrong but noisy. */
const leastCycles = 5;
const steps = 20;

/**
 * The same slices, or all of them shorter by one factor until the least sweep that can claim something fits its time: one slice
 * of each variant in a block. Never shorter than 300 ms and five cycles of the variant's latency.
 */
export function affordable(timing: Timing, looks: readonly AcceptedLook[], budget: SliceBudget): Timing {
  if (pays(timing, looks, budget)) return timing;
  let [low, high] = [0, 1];
  for (let step = 0; step < steps; step += 1) {
    const middle = (low + high) / 2;
    if (pays(shortened(timing, looks, middle), looks, budget)) low = middle;
    else high = middle;
  }
  return shortened(timing, looks, low);
}

/** The longest time that one slice may take, all in all, with which the least sweep still fits. */
export function affordableSliceMs(looks: readonly AcceptedLook[], budget: SliceBudget): number {
  const { availableMs } = budget;
  const { setupMs } = blockCost({ ...budget, looks, timing: { warmupMs: 0, sliceMs: {} } });
  const fits = (sliceMs: number): boolean =>
    fitsIn(availableMs, looks.length - 1, (variants) => setupMs(variants) + variants * sliceMs);
  if (availableMs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  let [low, high] = [0, availableMs];
  for (let step = 0; step < steps; step += 1) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function pays(timing: Timing, looks: readonly AcceptedLook[], budget: SliceBudget): boolean {
  const { setupMs, roundMs } = blockCost({ ...budget, looks, timing });
  return fitsIn(budget.availableMs, looks.length - 1, (variants) => setupMs(variants) + roundMs(variants));
}

/** `blockMs`: of a block with one slice of so many variants. */
function fitsIn(availableMs: number, variantCount: number, blockMs: (variants: number) => number): boolean {
  const { screenMs, confirmBlocks } = fitBudget({ variantCount, availableMs, slicesPerBlock: 1, blockMs });
  return screenMs <= screenShare * availableMs && confirmBlocks >= leastConfirmBlocks;
}

function shortened(timing: Timing, looks: readonly AcceptedLook[], factor: number): Timing {
  const lengths = looks.map(({ variantId, latencyMs }) => {
    const plannedMs = timing.sliceMs[variantId] ?? leastSliceMs;
    const leastMs = Math.max(leastSliceMs, leastCycles * latencyMs);
    return [variantId, Math.ceil(Math.min(plannedMs, Math.max(leastMs, factor * plannedMs)))] as const;
  });
  return { ...timing, sliceMs: Object.fromEntries(lengths) };
}
