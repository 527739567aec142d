/**
 * Holm's step-down adjusted p values, in the order given. A hypothesis is rejected at level alpha where its adjusted p
 * is at most alpha. `familySize` counts the hypotheses that were planned; those that are not among `p` are held to have
 * failed (p = 1).
 */
export function holm(p: readonly number[], familySize: number = p.length): number[] {
  if (familySize < p.length) throw new RangeError(`a family of ${familySize} cannot hold ${p.length} hypotheses`);
  const adjusted = new Array<number>(p.length).fill(1);
  let largest = 0;
  for (const [rank, [index, value]] of [...p.entries()].sort(([, a], [, b]) => a - b).entries()) {
    largest = Math.max(largest, Math.min(1, value * (familySize - rank)));
    adjusted[index] = largest;
  }
  return adjusted;
}
