import { baselineId } from '../plan/plan.ts';
import { mean, standardDeviation } from '../stats/moments.ts';
import { blocksNeeded } from '../stats/power.ts';
import { confirmBlocksFor } from '../stats/resolution.ts';
import type { Arm, Verdict } from '../stats/verdict.ts';
import type { RunRecord } from './record.ts';

type Run = {
  readonly record: RunRecord;
  /** The baseline and the finalists that are left, with all blocks of confirm. */
  readonly arms: readonly Arm[];
  readonly finalists: readonly string[];
  /** The run may still go on. */
  readonly open: boolean;
};

/**
 * The verdict, its `blocksNeeded` that of the procedure that the run follows: a staged one spends its error on several looks,
 * which the verdict's own formula for one look does not know. Where its last look comes too early for that, it is the number
 * of a run of so many blocks of every variant, which is always beyond the last look.
 */
export function withFurtherBlocks(verdict: Verdict, { record, arms, finalists, open }: Run): Verdict {
  const { plan, design, looks } = record;
  const leader = leaderOf(verdict, arms);
  if (verdict.blocksNeeded === undefined || design.procedure === 'fixed' || leader === null) return verdict;
  const difference = Math.max(Math.log1p(plan.practicalMargin), Math.abs(leader.gain));
  const last = design.confirmLooks.at(-1) ?? 0;
  const staged = confirmBlocksFor(difference, {
    residualSd: leader.residualSd,
    // Those that came through the screen have it behind them.
    variantCount: finalists.length,
    finalists: finalists.length,
    alpha: plan.alpha,
    looks: design.confirmLooks,
    confirmBlocks: last,
  });
  if (staged !== null && staged <= last)
    return { ...verdict, blocksNeeded: open ? Math.max(1, staged - verdict.blocks) : staged };
  const variantCount = looks.filter(({ outcome }) => outcome === 'accepted').length - 1;
  const { residualSd } = leader;
  const fixed = blocksNeeded(difference, { alpha: plan.alpha / Math.max(1, variantCount), residualSd });
  return fixed === null ? verdict : { ...verdict, blocksNeeded: Math.max(last + 1, fixed) };
}

/** The variant that could still gain most, with what its blocks say of it. */
function leaderOf({ comparisons }: Verdict, arms: readonly Arm[]): { gain: number; residualSd: number } | null {
  const possible = comparisons.filter(({ constraint, gain }) => constraint !== 'fails' && gain !== null);
  const [first] = possible.toSorted((a, b) => (b.gain?.upper ?? 0) - (a.gain?.upper ?? 0));
  const own = arms.find(({ id }) => id === first?.variantId);
  const baseline = arms.find(({ id }) => id === baselineId);
  if (own === undefined || baseline === undefined || own.y.length < 2) return null;
  const differences = own.y.map((y, index) => y - (baseline.y[index] ?? Number.NaN));
  return { gain: mean(differences), residualSd: standardDeviation(differences) / Math.SQRT2 };
}
