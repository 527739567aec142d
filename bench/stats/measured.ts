import { type Arm, cheapestFirst } from './arm.ts';
import { mean } from './moments.ts';

export type Stage = 'screen' | 'confirm';

/**
 * One complete block: y (natural log, larger is better) by variant id, the baseline's included. A variant that left in
 * the middle of the block as unstable may lack. `round` counts the rounds of the screen from 1; it is 1 in confirm.
 */
export type MeasuredBlock = {
  readonly stage: Stage;
  readonly round: number;
  readonly y: ReadonlyMap<string, number>;
};

/** What each block cost, in trials: one trial is one variant in one block. */
export function trialsOf(blocks: readonly MeasuredBlock[]): number {
  return blocks.reduce((sum, { y }) => sum + y.size, 0);
}

/** The values of one variant in these blocks. Throws a RangeError where a block lacks it: only a bug makes that. */
export function valuesOf(id: string, blocks: readonly MeasuredBlock[]): number[] {
  return blocks.map(({ y, stage, round }) => {
    const value = y.get(id);
    if (value === undefined) throw new RangeError(`a block of ${stage} round ${round} lacks ${id}`);
    return value;
  });
}

/**
 * The best `keep` variants by their mean over all blocks of the screen so far, the cheaper first where means are equal;
 * those known to break a constraint come last.
 */
export function bestOfScreen(arms: readonly Arm[], keep: number): Arm[] {
  const broken = ({ constraints = [] }: Arm): number => (constraints.includes('fails') ? 1 : 0);
  const score = ({ y }: Arm): number => (y.length === 0 ? 0 : mean(y));
  return cheapestFirst(arms)
    .sort((a, b) => broken(a) - broken(b) || score(b) - score(a))
    .slice(0, keep);
}
