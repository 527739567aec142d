import type { Random } from '../random.ts';

/**
 * The order of one block's slices: `rounds` fresh permutations of the variants, so that each is measured as often as the
 * others and none always follows the same one.
 */
export function blockOrder(
  variantIds: readonly string[],
  rounds: number,
  random: Random,
): { round: number; variantId: string }[] {
  return Array.from({ length: rounds }, (_, round) =>
    random.permutation(variantIds.length).map((index) => ({ round, variantId: variantIds[index] ?? '' })),
  ).flat();
}

/**
 * The slices of a block whose variants need several server processes, process by process in random order: within one the
 * variants that share it are interleaved as in a block of their own. Of a single process it is `blockOrder`.
 */
export function orderByServer(
  servers: readonly (readonly string[])[],
  rounds: number,
  random: Random,
): { round: number; variantId: string }[][] {
  const order = servers.length === 1 ? [0] : random.permutation(servers.length);
  return order.map((index) => blockOrder(servers[index] ?? [], rounds, random));
}

/** A block's own seed, so that a resumed run draws the orders that it would have drawn. */
export function blockSeed(seed: number, block: number): number {
  return ((seed % 2 ** 32) * 2 ** 20 + block) % Number.MAX_SAFE_INTEGER;
}
