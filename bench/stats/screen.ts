/** A round of the screen: after `blocks` further blocks the best `keep` variants go on. */
export type ScreenRound = { readonly blocks: number; readonly keep: number };

/** So many variants beside the baseline reach confirm: each further one costs its error and its time to the others. */
export const mostFinalists = 2;

/** Up to this many variants beside the baseline go straight to confirm. */
export const leastScreened = 3;

/**
 * The rounds that bring `variantCount` variants (the baseline does not count) down to `finalists`: half of them after
 * each three blocks until six are left, then four more blocks for those. The screen claims nothing, so that what it does
 * is free of error; these numbers are those that claimed most per trial in simulation.
 */
export function screenRounds(variantCount: number, finalists: number = mostFinalists): ScreenRound[] {
  if (variantCount <= finalists) return [];
  const rounds: ScreenRound[] = [];
  for (let left = variantCount; left > lastRound; ) {
    left = Math.max(lastRound, Math.ceil(left / 2));
    rounds.push({ blocks: 3, keep: left });
  }
  return [...rounds, { blocks: 4, keep: finalists }];
}

const lastRound = 6;
