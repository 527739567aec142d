import { mean, roundingError, standardDeviation } from './moments.ts';
import type { SliceValue } from './order-effects.ts';

/** How much the slices of one variant vary inside its blocks, by those of the others, with the t value that tests it against 1. */
export type SpreadRatio = {
  readonly variantId: string;
  readonly ratio: number;
  readonly t: number;
  readonly degreesOfFreedom: number;
};

/**
 * Compares the variants' noise: in each block the log of the deviation of a variant's slices less the mean of that of the
 * others, so that blocks stay the replication and a restless block counts for all. Blocks with fewer than two slices of a
 * variant, or in which the slices of one do not vary, tell nothing; variants with fewer than three blocks are left out.
 */
export function spreadRatios(slices: readonly SliceValue[]): SpreadRatio[] {
  const byVariant = new Map<string, number[]>();
  for (const ofBlock of Map.groupBy(slices, ({ block }) => block).values()) {
    const spreads = logSpreads(ofBlock);
    if (spreads.size < 2) continue;
    for (const [id, spread] of spreads) {
      const others = [...spreads].filter(([other]) => other !== id).map(([, value]) => value);
      byVariant.set(id, [...(byVariant.get(id) ?? []), spread - mean(others)]);
    }
  }
  return [...byVariant].flatMap(([variantId, values]) => ratioOf(variantId, values) ?? []);
}

function logSpreads(slices: readonly SliceValue[]): Map<string, number> {
  const spreads = new Map<string, number>();
  for (const [id, own] of Map.groupBy(slices, ({ variantId }) => variantId)) {
    if (own.length < 2) continue;
    const sd = standardDeviation(own.map(({ y }) => y));
    if (sd > roundingError) spreads.set(id, Math.log(sd));
  }
  return spreads;
}

function ratioOf(variantId: string, values: readonly number[]): SpreadRatio | null {
  if (values.length < 3) return null;
  const sd = standardDeviation(values);
  if (sd <= roundingError) return null;
  const level = mean(values);
  const t = level / (sd / Math.sqrt(values.length));
  return { variantId, ratio: Math.exp(level), t, degreesOfFreedom: values.length - 1 };
}
