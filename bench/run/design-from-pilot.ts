import type { Plan } from '../plan/plan.ts';
import { type Evidence, type Noise, noiseFrom } from '../stats/components.ts';
import { availableMs, type Costs, type Design, designRun } from './design.ts';
import { floorEvidence, type NoiseFloor } from './noise-floor.ts';
import type { PilotFound } from './pilot.ts';
import { affordable, lengthened } from './slice-length.ts';

/** `timing`: as planned from the looks. */
export type Designing = Omit<Costs, 'noise'> & {
  /** Null where there was none. */
  readonly found: PilotFound | null;
  readonly noiseFloor: NoiseFloor | null;
};

/** The design with the warm-up and the slices that the pilot asks for, as far as the budget pays for them. */
export function designFromPilot(plan: Plan, { found, noiseFloor, ...known }: Designing): Design {
  const { looks, timing } = known;
  const costs = { ...known, noise: noiseOf(found?.evidence ?? null, noiseFloor, plan) };
  if (plan.blocks !== null) return designRun(plan, costs);
  const wanted =
    found === null
      ? timing
      : lengthened({ ...timing, warmupMs: found.pilot.warmup.ms }, looks, { ...found.pilot, applied: known.applied });
  const paid = affordable(wanted, looks, { ...known, availableMs: availableMs(plan, known) });
  const design = designRun(plan, { ...costs, timing: paid });
  const isCut = looks.some(({ variantId }) => (paid.sliceMs[variantId] ?? 0) < (timing.sliceMs[variantId] ?? 0));
  return isCut ? { ...design, reduced: ['slice length', ...design.reduced] } : design;
}

/**
 * The pilot's evidence together with that of the host's noise floor, which knows more blocks but another day; the floor alone
 * where there was no time for a pilot. Null where the host was never looked at.
 */
function noiseOf(pilot: readonly Evidence[] | null, floor: NoiseFloor | null, { model }: Plan): Noise | null {
  const kept = floor === null || (pilot !== null && floor.model !== model) ? [] : [floorEvidence(floor)];
  return noiseFrom([...(pilot ?? []), ...kept]);
}
