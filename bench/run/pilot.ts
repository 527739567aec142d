import { mean } from '../stats/moments.ts';
import { sumOfSquares } from '../stats/residuals.ts';
import type { Clock } from './clock.ts';
import type { Measurement } from './slice.ts';

/** What a few slices of two variants showed before the design was made. */
export type Pilot = {
  /** Standard deviation of one slice's ln(value) around the mean of its variant. */
  readonly sliceSd: number;
  readonly sliceCount: number;
  readonly elapsedMs: number;
};

export type PilotPlan = {
  /** The baseline and the most demanding variant. */
  readonly variantIds: readonly string[];
  /** Puts the variant in force and measures one slice of it; null where that went wrong. */
  readonly measure: (variantId: string) => Promise<Measurement | null>;
  /** ln of the objective in one slice. */
  readonly objectiveOf: (measurement: Measurement) => number;
  readonly clock: Clock;
  /** On that clock: no pass over the variants begins after it, but the least passes are made. */
  readonly untilMs: number;
};

/** Whatever they take. */
export const leastPasses = 2;
/** Where its time allows. */
export const mostPasses = 6;

/**
 * Measures the variants in turns, as the blocks will, to see how much one slice varies on this host now. Nothing of it enters
 * an estimate. Null where not even two slices of a variant could be used.
 */
export async function runPilot({ variantIds, measure, objectiveOf, clock, untilMs }: PilotPlan): Promise<Pilot | null> {
  const startMs = clock.nowMs();
  const values = new Map<string, number[]>(variantIds.map((id) => [id, []]));
  for (let pass = 0; pass < mostPasses; pass += 1) {
    if (pass >= leastPasses && clock.nowMs() >= untilMs) break;
    for (const id of pass % 2 === 0 ? variantIds : variantIds.toReversed()) {
      const measurement = await measure(id);
      if (measurement !== null && measurement.invalid.length === 0) values.get(id)?.push(objectiveOf(measurement));
    }
  }
  const sliceSd = pooledSd([...values.values()]);
  const sliceCount = [...values.values()].flat().length;
  return sliceSd === null ? null : { sliceSd, sliceCount, elapsedMs: clock.nowMs() - startMs };
}

/** Each variant around its own mean; null without a degree of freedom. */
function pooledSd(groups: readonly (readonly number[])[]): number | null {
  const useful = groups.filter(({ length }) => length >= 2);
  const freedom = useful.reduce((sum, { length }) => sum + length - 1, 0);
  if (freedom === 0) return null;
  const squares = useful.map((values) => sumOfSquares(values.map((value) => value - mean(values))));
  return Math.sqrt(squares.reduce((sum, each) => sum + each, 0) / freedom);
}
