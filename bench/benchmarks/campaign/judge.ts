import { baselineId } from '../../plan/plan.ts';
import type { Results } from '../../report/results.ts';
import type { Truth } from './truth.ts';

/**
 * What became of a sweep. `right`: what it claims is better, and what it says of the best is so; `undecided`: it claims nothing
 * and does not rule out what is true; `refused`: the budget does not pay for a look at each variant; `short`: all that it says is so, but one that the screen left behind is better than
 * what is deployed by more than the margin; `wrong`: it says something that is not so.
 */
export type Outcome = { readonly kind: (typeof outcomeKinds)[number]; readonly why: string };
export const outcomeKinds = ['right', 'undecided', 'refused', 'short', 'wrong'] as const;

/** Two simulations of the same thing differ by as much (ln). */
const simulationError = 0.002;

/** `truth`: of a thermal case when it is hot. */
export function judge(results: Results, truth: Truth): Outcome {
  const { verdict, run } = results;
  const worth = (id: string): number => truth.get(id) ?? Number.NaN;
  const best = Math.max(...truth.values());
  const among = Math.max(...run.finalists.map(worth));
  const margin = Math.log1p(verdict.practicalMargin) + simulationError;
  const possible = verdict.largestPossibleGain;
  const isRuledOut = possible !== null && among > Math.log1p(possible) + simulationError;
  switch (verdict.kind) {
    case 'INVALID':
      return { kind: 'wrong', why: `nothing was wrong, but: ${verdict.reason}` };
    case 'SHORT_SLICE_BIAS': {
      const pick = results.after.variantId ?? baselineId;
      return worth(pick) <= simulationError
        ? { kind: 'right', why: `${pick} is no better in the long run` }
        : { kind: 'wrong', why: `${pick} is better in the long run by ${percent(worth(pick))}` };
    }
    case 'INCONCLUSIVE':
      return isRuledOut
        ? { kind: 'wrong', why: `it rules out ${percent(among)}` }
        : { kind: 'undecided', why: `at most ${possible === null ? 'any gain' : percent(Math.log1p(possible))}` };
    case 'NO_IMPROVEMENT':
      if (isRuledOut) return { kind: 'wrong', why: `it rules out ${percent(among)}` };
      return best > margin ? { kind: 'short', why: `${percent(best)} was there` } : { kind: 'right', why: 'none is' };
    default:
      return judgeClaim(results, truth, margin);
  }
}

function judgeClaim({ verdict }: Results, truth: Truth, margin: number): Outcome {
  const worth = (id: string): number => truth.get(id) ?? Number.NaN;
  const best = Math.max(...truth.values());
  const unfounded = verdict.better.find((id) => worth(id) <= simulationError / 2);
  if (unfounded !== undefined)
    return { kind: 'wrong', why: `${unfounded} is not better: ${percent(worth(unfounded))}` };
  const isNear = (id: string): boolean => best - worth(id) <= margin;
  const told = `${verdict.pick} is better by ${percent(worth(verdict.pick))}, the best by ${percent(best)}`;
  const isOpen = verdict.kind === 'BETTER_TIED_AT_RESOLUTION' && verdict.bestSet.some(isNear);
  if (isNear(verdict.pick) || isOpen) return { kind: 'right', why: told };
  const finalists = new Set([...verdict.better, ...verdict.bestSet]);
  const [leader = ''] = [...truth].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return { kind: finalists.has(leader) ? 'wrong' : 'short', why: told };
}

function percent(log: number): string {
  return `${(100 * Math.expm1(log)).toFixed(1)} %`;
}
