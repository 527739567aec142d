import type { Apply } from '../plan/plan.ts';
import { mean } from '../stats/moments.ts';
import { type AcceptedLook, isLoadedOnce, sliceCostMs, type Timing } from './timing.ts';

export type CostFacts = {
  readonly looks: readonly AcceptedLook[];
  readonly timing: Timing;
  readonly serverStartMs: number;
  /** Reload unless told. */
  readonly applied?: Apply | undefined;
  /** How many sets of server flags the variants have; one unless told. */
  readonly flagSetCount?: number | undefined;
};

/** What a block is expected to take, as functions of how many variants it has. */
export type BlockCost = {
  /** Before and beside its slices: starting servers, and loading what then lies side by side. */
  setupMs(variants: number): number;
  /** One slice of each variant. */
  roundMs(variants: number): number;
};

/** A restart pays for its server in each slice; what is loaded once pays for its load once in a block. */
export function blockCost({
  looks,
  timing,
  serverStartMs,
  applied = 'reload',
  flagSetCount = 1,
}: CostFacts): BlockCost {
  const loadMs = mean(looks.map((look) => look.loadMs));
  const sliceMs = mean(looks.map((look) => sliceCostMs(look, timing, applied)));
  const startMs = applied === 'restart' ? 0 : serverStartMs;
  return {
    setupMs: (variants) => startMs * Math.min(flagSetCount, variants) + (isLoadedOnce(applied) ? variants * loadMs : 0),
    roundMs: (variants) => variants * sliceMs,
  };
}
