/** What falls to each of several threads: with the others' parts it is the whole, no thread having more than one above another. */
export function shareOfCount(total: number, { index, threadCount }: ThreadPlace): number {
  return Math.floor(total / threadCount) + (index < total % threadCount ? 1 : 0);
}

export type ThreadPlace = { readonly index: number; readonly threadCount: number };

/**
 * Which of `total` things one thread takes from a rotation, in its order: every so-many-th from its own on, until its
 * rotation begins again. All threads together go through all things.
 */
export function shareOfRotation(total: number, { index, threadCount }: ThreadPlace): number[] {
  const length = total / greatestCommonDivisor(total, threadCount);
  return Array.from({ length }, (_, turn) => (index + turn * threadCount) % total);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
