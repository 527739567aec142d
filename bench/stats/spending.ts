/**
 * The part of `alpha` that may be spent when the share `fraction` (0 to 1) of the planned blocks is there:
 * Lan and DeMets' function of Pocock's type, alpha ln(1 + (e - 1) t). The differences between looks add up to alpha.
 */
export function alphaSpent(alpha: number, fraction: number): number {
  return alpha * Math.log1p((Math.E - 1) * Math.min(1, Math.max(0, fraction)));
}

/** One look at the data after `blocks` blocks, with the error probability that it alone may spend. */
export type Look = { readonly blocks: number; readonly alpha: number };

/** What `dueLooks` needs: the whole error, the planned looks in blocks, and how many blocks the budget pays for. */
export type LookPlan = { readonly alpha: number; readonly looks: readonly number[]; readonly maxBlocks: number };

/**
 * The looks that are due once `blocks` blocks are there, in order. Where the budget ends between two looks, there is a
 * last one with what may be spent by then, provided that it has at least 5 blocks.
 */
export function dueLooks(blocks: number, { alpha, looks, maxBlocks }: LookPlan): Look[] {
  const last = looks.at(-1) ?? 0;
  const due = looks.filter((look) => look <= blocks);
  const budgetEnded = blocks >= maxBlocks && blocks < last;
  if (budgetEnded && blocks >= 5 && !due.includes(blocks)) due.push(blocks);
  return due.map((look, index) => {
    const before = due[index - 1] ?? 0;
    return { blocks: look, alpha: alphaSpent(alpha, look / last) - alphaSpent(alpha, before / last) };
  });
}
