import { mean, roundingError, standardDeviation } from './moments.ts';
import { blockModel, sumOfSquares } from './residuals.ts';

/** One slice as the diagnostics see it: y is its natural log, `order` its place among the slices of the block. */
export type SliceValue = {
  readonly block: number;
  readonly order: number;
  readonly variantId: string;
  readonly y: number;
};

/** A slope with the t value that tests it against 0. */
export type Slope = { readonly slope: number; readonly t: number; readonly degreesOfFreedom: number };

/**
 * What being measured later in a block does to a variant: the slope of the residuals of complete blocks on the
 * position, per place. `arms` and `positions` are by variant, then block. Null below two variants or three blocks, or
 * where the positions or residuals do not vary.
 */
export function positionSlope(
  arms: readonly (readonly number[])[],
  positions: readonly (readonly number[])[],
): Slope | null {
  const model = blockModel(arms);
  if (model === null) return null;
  const centre = mean(positions.flat());
  return slopeThroughOrigin(
    positions.flat().map((position) => position - centre),
    model.residuals.flat(),
    model.degreesOfFreedom - 1,
  );
}

/** The slope of values in block order, per block; null below three blocks or where nothing varies. */
export function trend(values: readonly number[]): Slope | null {
  if (values.length < 3) return null;
  const level = mean(values);
  return slopeThroughOrigin(
    values.map((_, block) => block - (values.length - 1) / 2),
    values.map((value) => value - level),
    values.length - 2,
  );
}

/** What the slices just after one variant have in common: their mean residual over blocks, with its t value. */
export type CarryOver = {
  readonly variantId: string;
  readonly effect: number;
  readonly t: number;
  readonly degreesOfFreedom: number;
};

/**
 * The variant before as a factor. Residuals of slices from their variant's and block's level are averaged in each block
 * by the variant measured just before, so that blocks stay the replication. Variants that precede others in fewer than
 * three blocks are left out.
 */
export function carryOver(slices: readonly SliceValue[]): CarryOver[] {
  const byBlock = Map.groupBy(slices, ({ block }) => block);
  const levels = levelsOf(slices);
  const effects = new Map<string, number[]>();
  for (const ofBlock of byBlock.values()) {
    const sorted = ofBlock.toSorted((a, b) => a.order - b.order);
    const shift = mean(sorted.map((slice) => slice.y - (levels.get(slice.variantId) ?? 0)));
    const after = Map.groupBy(sorted.slice(1).entries(), ([index]) => sorted[index]?.variantId ?? '');
    for (const [before, entries] of after) {
      const effect = mean(entries.map(([, slice]) => slice.y - (levels.get(slice.variantId) ?? 0) - shift));
      effects.set(before, [...(effects.get(before) ?? []), effect]);
    }
  }
  return [...effects].flatMap(([variantId, values]) => carryOverOf(variantId, values) ?? []);
}

function levelsOf(slices: readonly SliceValue[]): Map<string, number> {
  const byVariant = Map.groupBy(slices, ({ variantId }) => variantId);
  return new Map([...byVariant].map(([id, own]) => [id, mean(own.map(({ y }) => y))]));
}

function carryOverOf(variantId: string, values: readonly number[]): CarryOver | null {
  if (values.length < 3) return null;
  const sd = standardDeviation(values);
  if (sd <= roundingError) return null;
  const effect = mean(values);
  return { variantId, effect, t: effect / (sd / Math.sqrt(values.length)), degreesOfFreedom: values.length - 1 };
}

/** Least squares for x and y that are centred already. */
function slopeThroughOrigin(x: readonly number[], y: readonly number[], degreesOfFreedom: number): Slope | null {
  const xx = sumOfSquares(x);
  if (xx === 0 || degreesOfFreedom < 1) return null;
  const slope = x.reduce((sum, value, index) => sum + value * (y[index] ?? 0), 0) / xx;
  const rest = sumOfSquares(y.map((value, index) => value - slope * (x[index] ?? 0)));
  const residualSd = Math.sqrt(rest / degreesOfFreedom);
  if (residualSd <= roundingError) return null;
  return { slope, t: (slope * Math.sqrt(xx)) / residualSd, degreesOfFreedom };
}
