import { mean } from './moments.ts';

/** What remains of the values of complete blocks once each variant's and each block's level is taken out. */
export type BlockModel = {
  /** By variant, then block. */
  readonly residuals: readonly (readonly number[])[];
  /** Standard deviation of one variant in one block: what a comparison inside blocks has to deal with. */
  readonly residualSd: number;
  readonly degreesOfFreedom: number;
  /** Standard deviation of the level of a block: what interleaving removes. */
  readonly blockSd: number;
};

/**
 * The additive model of randomised complete blocks, from y by variant and block; null below two variants or two blocks.
 */
export function blockModel(arms: readonly (readonly number[])[]): BlockModel | null {
  const blockCount = arms[0]?.length ?? 0;
  if (arms.length < 2 || blockCount < 2) return null;
  const armMeans = arms.map(mean);
  const blockMeans = Array.from({ length: blockCount }, (_, block) => mean(arms.map((y) => y[block] ?? 0)));
  const grand = mean(armMeans);
  const residuals = arms.map((y, arm) =>
    y.map((value, block) => value - (armMeans[arm] ?? 0) - (blockMeans[block] ?? 0) + grand),
  );
  const degreesOfFreedom = (arms.length - 1) * (blockCount - 1);
  const residualVariance = sumOfSquares(residuals.flat()) / degreesOfFreedom;
  const betweenBlocks = (arms.length * sumOfSquares(blockMeans.map((level) => level - grand))) / (blockCount - 1);
  return {
    residuals,
    residualSd: Math.sqrt(residualVariance),
    degreesOfFreedom,
    blockSd: Math.sqrt(Math.max(0, (betweenBlocks - residualVariance) / arms.length)),
  };
}

export function sumOfSquares(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value ** 2, 0);
}
