import { leastScreened, mostFinalists, type ScreenRound, screenRounds } from './screen.ts';

/** Shares of the whole budget that the pilot and the screen may take; confirm has the rest. */
export const pilotShare = 0.1;
export const screenShare = 0.4;
/** Of what is left where the levels of the variants are looked for first: the ladder, in place of the pilot. */
export const ladderShare = 0.3;

/** With fewer blocks confirm has no look of its own plan: slices, then finalists, are given up first. */
export const leastConfirmBlocks = 8;

/** Whether a further block of the screen leaves it within its share; the first one is always allowed. In trials. */
export function mayScreenMore(block: {
  readonly trials: number;
  readonly spent: number;
  readonly left: number;
}): boolean {
  const { trials, spent, left } = block;
  if (trials > left) return false;
  return spent === 0 || left === Infinity || spent + trials <= screenShare * (spent + left);
}

/** How many finalists beside the baseline the trials that are left pay for in enough blocks; at least 1. */
export function finalistsAffordable(trialsLeft: number): number {
  return Math.max(1, Math.floor(trialsLeft / leastConfirmBlocks) - 1);
}

/** How many blocks of confirm there can be, those that were measured included. */
export function confirmBlocksOf(measured: number, active: number, trialsLeft: number): number {
  return measured + Math.max(0, Math.floor(trialsLeft / active));
}

/** A sweep to be fitted to its time: `blockMs` of so many variants, the baseline included, at so many slices each. */
export type TimePlan = {
  readonly variantCount: number;
  /** For the screen and confirm; the pilot is paid already. */
  readonly availableMs: number;
  readonly slicesPerBlock: number;
  readonly blockMs: (variants: number, slices: number) => number;
};

export type TimeFit = {
  readonly slicesPerBlock: number;
  readonly screen: readonly ScreenRound[];
  readonly finalists: number;
  /** As many as the rest of the time pays for, perhaps fewer than are needed for a verdict. */
  readonly confirmBlocks: number;
  readonly screenMs: number;
  /** What was given up, in this order. */
  readonly reduced: readonly ('slices' | 'screen' | 'finalists')[];
};

/**
 * Fits a sweep to its time: fewer slices per block first, then a shorter screen, then fewer finalists, until the screen
 * is within its share and eight blocks of confirm are paid. Where even that is too much, what the least plan can do.
 */
export function fitBudget(plan: TimePlan): TimeFit {
  const fits = candidates(plan).map((candidate) => fitOf(candidate, plan));
  const least = fits.at(-1);
  if (least === undefined || !(plan.slicesPerBlock >= 1))
    throw new RangeError(`a sweep has variants and slices, not ${plan.variantCount} and ${plan.slicesPerBlock}`);
  const share = screenShare * plan.availableMs;
  return fits.find((fit) => fit.screenMs <= share && fit.confirmBlocks >= leastConfirmBlocks) ?? least;
}

type Candidate = Pick<TimeFit, 'slicesPerBlock' | 'screen' | 'finalists'>;

function candidates({ variantCount, slicesPerBlock }: TimePlan): Candidate[] {
  const most = variantCount <= leastScreened ? variantCount : Math.min(mostFinalists, variantCount);
  const full = screenRounds(variantCount, most);
  const slices = Array.from({ length: slicesPerBlock }, (_, index) => slicesPerBlock - index);
  const shorter = [2, 1].map((blocks) => atMost(blocks, full));
  const fewer = Array.from({ length: most - 1 }, (_, index) => most - 1 - index);
  return [
    ...slices.map((each) => ({ slicesPerBlock: each, screen: full, finalists: most })),
    ...(full.length === 0 ? [] : shorter.map((screen) => ({ slicesPerBlock: 1, screen, finalists: most }))),
    ...fewer.map((finalists) => ({
      slicesPerBlock: 1,
      screen: atMost(1, screenRounds(variantCount, finalists)),
      finalists,
    })),
  ];
}

function atMost(blocks: number, rounds: readonly ScreenRound[]): ScreenRound[] {
  return rounds.map((round) => ({ ...round, blocks: Math.min(blocks, round.blocks) }));
}

function fitOf(candidate: Candidate, { variantCount, availableMs, slicesPerBlock, blockMs }: TimePlan): TimeFit {
  const { slicesPerBlock: slices, screen, finalists } = candidate;
  const entering = [variantCount, ...screen.map(({ keep }) => keep)];
  const screenMs = screen.reduce(
    (sum, { blocks }, index) => sum + blocks * blockMs((entering[index] ?? 0) + 1, slices),
    0,
  );
  const full = screenRounds(variantCount, finalists);
  const shortened = screen.some(({ blocks }, index) => blocks < (full[index]?.blocks ?? 0));
  const most = variantCount <= leastScreened ? variantCount : mostFinalists;
  const reduced = [
    ...(slices < slicesPerBlock ? (['slices'] as const) : []),
    ...(shortened ? (['screen'] as const) : []),
    ...(finalists < Math.min(most, variantCount) ? (['finalists'] as const) : []),
  ];
  const confirmBlocks = Math.max(0, Math.floor((availableMs - screenMs) / blockMs(finalists + 1, slices)));
  return { ...candidate, screenMs, confirmBlocks, reduced };
}
