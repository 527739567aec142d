import type { Plan } from '../plan/plan.ts';
import { type Noise, residualNoise } from '../stats/components.ts';
import { procedureRules } from '../stats/procedure.ts';
import { leastScreened, mostFinalists } from '../stats/screen.ts';
import { studentUpperQuantile } from '../stats/student.ts';

/** More slices than that in a block take time from what is replicated. */
export const mostSlices = 12;
/** A slice more that takes less of the noise away than that is not worth its time: what is left lies between the blocks. */
const leastImprovement = 0.02;

/** Enough slices to see the practical margin in all blocks of confirm, as far as the noise lies in the slices. */
export function slicesWanted(plan: Plan, noise: Noise | null, variantCount: number): number {
  const blocks = procedureRules.looks.at(-1) ?? 0;
  const margin = Math.log1p(plan.practicalMargin);
  if (noise === null || margin === 0) return plan.slicesPerBlock;
  const finalists = variantCount <= leastScreened ? variantCount : mostFinalists;
  const critical = studentUpperQuantile(plan.alpha / finalists, blocks - 1);
  const sdWith = (slices: number): number => residualNoise(noise, slices).residualSd;
  let slices = plan.slicesPerBlock;
  while (slices < mostSlices && critical * sdWith(slices) * Math.sqrt(2 / blocks) > margin) {
    if (sdWith(slices + 1) > (1 - leastImprovement) * sdWith(slices)) break;
    slices += 1;
  }
  return slices;
}

export type SliceChoice = {
  readonly noise: Noise | null;
  /** Of one comparison. */
  readonly alpha: number;
  /** In a block of the screen, which is paid. */
  readonly screenSlices: number;
  /** Whether the time pays for all blocks that there can be. */
  readonly leavesAllBlocks: (slices: number) => boolean;
  /** That the time pays for, 0 where they are too few. */
  readonly blocksOf: (slices: number) => number;
};

/**
 * Of so many slices in a block at the most the number that leaves the least to be found: a block's server is paid for whatever
 * its slices are. Where nothing is known of the noise, as many as leave all blocks.
 */
export function bestSlices(most: number, choice: SliceChoice): number {
  const { noise, alpha, screenSlices, leavesAllBlocks, blocksOf } = choice;
  let withAllBlocks = most;
  while (withAllBlocks > screenSlices && !leavesAllBlocks(withAllBlocks)) withAllBlocks -= 1;
  if (noise === null || leavesAllBlocks(most)) return withAllBlocks;
  const found = Array.from({ length: most }, (_, index) => index + 1).flatMap((slices) => {
    const blocks = blocksOf(slices);
    if (blocks === 0) return [];
    const critical = studentUpperQuantile(alpha, blocks - 1) + studentUpperQuantile(0.2, blocks - 1);
    return [{ slices, error: (critical * residualNoise(noise, slices).residualSd) / Math.sqrt(blocks) }];
  });
  const least = Math.min(...found.map(({ error }) => error));
  return found.find(({ error }) => error <= least * (1 + worthwhile))?.slices ?? withAllBlocks;
}

/** What is not worth fewer blocks: these are what is replicated, and how much varies between them is known least. */
const worthwhile = 0.03;
