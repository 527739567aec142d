import { mean } from './moments.ts';

export type ConstraintOutcome = 'holds' | 'fails' | 'undecided';

/** One variant as the decision sees it: blocks are its only replication. */
export type Arm = {
  readonly id: string;
  /** Compared from the first number on; the cheaper of two equal variants is preferred. */
  readonly cost: readonly number[];
  /** One natural log per confirm block, in block order, turned so that larger is better (-ln for a latency). */
  readonly y: readonly number[];
  /** Mean of the same quantity over the screen's blocks. It only orders variants that are claimed already. */
  readonly screenMean?: number;
  /** How many blocks `screenMean` stands for; as many as were confirmed unless told. */
  readonly screenBlocks?: number;
  readonly constraints?: readonly ConstraintOutcome[];
};

/** A variant holds its constraints if each one holds, and fails them if any fails. */
export function constraintsOf({ constraints = [] }: Arm): ConstraintOutcome {
  if (constraints.includes('fails')) return 'fails';
  return constraints.includes('undecided') ? 'undecided' : 'holds';
}

/** The variant as it stood after its first `blocks` blocks. */
export function firstBlocks(arm: Arm, blocks: number): Arm {
  return { ...arm, y: arm.y.slice(0, blocks) };
}

/** Cheapest first; equal costs by name, so that the order never depends on the input's. */
export function cheapestFirst(arms: readonly Arm[]): Arm[] {
  return [...arms].sort(compareCost);
}

/**
 * The best mean of screen and confirm first; the cheaper first where means are equal. The screen counts only if all
 * have one.
 */
export function bestFirst(arms: readonly Arm[]): Arm[] {
  const screened = arms.every((arm) => arm.screenMean !== undefined);
  const score = (arm: Arm): number => (screened ? meanWithScreen(arm) : mean(arm.y));
  return [...arms].sort((a, b) => score(b) - score(a) || compareCost(a, b));
}

/**
 * Throws a RangeError, since only a bug can cause it, unless ids differ, blocks are complete and every number is
 * finite.
 */
export function checkArms(arms: readonly Arm[]): void {
  const blocks = arms[0]?.y.length;
  if (new Set(arms.map(({ id }) => id)).size !== arms.length) throw new RangeError('two variants have the same id');
  for (const { id, cost, y, screenMean = 0 } of arms) {
    if (y.length !== blocks) throw new RangeError(`variant ${id} has ${y.length} blocks, the baseline ${blocks}`);
    if (![...y, ...cost, screenMean].every(Number.isFinite))
      throw new RangeError(`variant ${id} has a value that is not finite`);
  }
}

function meanWithScreen({ y, screenMean = 0, screenBlocks = y.length }: Arm): number {
  return (mean(y) * y.length + screenMean * screenBlocks) / (y.length + screenBlocks);
}

function compareCost(a: Arm, b: Arm): number {
  for (const index of Array(Math.max(a.cost.length, b.cost.length)).keys()) {
    const difference = (a.cost[index] ?? 0) - (b.cost[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.id < b.id ? -1 : 1;
}
