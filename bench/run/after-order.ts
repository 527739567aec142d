import { blockOrder, blockSeed } from '../plan/blocks.ts';
import type { AfterPart } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import type { PartPlan } from './after-plan.ts';

/** One slice of a block that is still to be measured; `round`: under which load of the part, from 1. */
export type AfterEntry = { readonly round: number; readonly variantId: string };

/**
 * The slices of one block of a part. A soak goes there and back (A B, B A, A B ...), so that a drift of the host cancels
 * out; elsewhere loads come in random order, and under each the variants, right after one another.
 */
export function afterOrder({ part, variantIds, loads }: PartPlan, block: number, seed: number): AfterEntry[] {
  if (part === 'soak') {
    const ids = block % 2 === 1 ? variantIds : variantIds.toReversed();
    return ids.map((variantId) => ({ round: 1, variantId }));
  }
  const random = seededRandom(blockSeed(seed, firstSeed[part] + block));
  return random
    .permutation(loads.length)
    .flatMap((load) => blockOrder(variantIds, 1, random).map(({ variantId }) => ({ round: load + 1, variantId })));
}

/** The same slices, those first whose variants share a server with the first one, and so on: none is started twice. */
export function byServer<T extends { readonly variantId: string }>(
  order: readonly T[],
  sets: readonly (readonly string[])[],
): T[] {
  const bySet = Map.groupBy(order, ({ variantId }) => sets.findIndex((set) => set.includes(variantId)));
  return [...bySet.values()].flat();
}

/** Beyond the blocks of any verdict. */
const firstSeed: Record<Exclude<AfterPart, 'soak'>, number> = { range: 2 ** 19, client: 2 ** 19 + 2 ** 16 };
