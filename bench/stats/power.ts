import { smallestWhere } from './search.ts';
import { studentUpperQuantile } from './student.ts';

/**
 * A one-sided paired comparison to be planned: error `alpha`, residual sd of one variant in one block (natural log),
 * power.
 */
export type PowerPlan = { readonly alpha: number; readonly residualSd: number; readonly power?: number };

/** The smallest true difference (natural log) that `blocks` >= 2 blocks find with the given power (0.8 unless told). */
export function detectableDifference(blocks: number, { alpha, residualSd, power = 0.8 }: PowerPlan): number {
  const quantiles = studentUpperQuantile(alpha, blocks - 1) + studentUpperQuantile(1 - power, blocks - 1);
  return quantiles * residualSd * Math.sqrt(2 / blocks);
}

/**
 * The fewest blocks, at least 3, that find a true `difference` (natural log); null where no sensible number would do.
 */
export function blocksNeeded(difference: number, plan: PowerPlan): number | null {
  return smallestWhere(3, (blocks) => detectableDifference(blocks, plan) <= difference);
}
