import { baselineId } from '../plan/plan.ts';
import { alphaOfNext } from '../stats/attempts.ts';
import type { Stage } from '../stats/measured.ts';
import { mean, standardDeviation } from '../stats/moments.ts';
import { blocksNeeded } from '../stats/power.ts';
import { procedureRules } from '../stats/procedure.ts';
import { confirmBlocksFor } from '../stats/resolution.ts';
import type { Arm, Verdict } from '../stats/verdict.ts';
import { carriedOver } from './carried-over.ts';
import type { RunRecord } from './record.ts';

type Run = {
  readonly record: RunRecord;
  /** The baseline and the finalists that are left, with all blocks of the stage. */
  readonly arms: readonly Arm[];
  readonly stage: Stage;
  readonly finalists: readonly string[];
  /** The run may still go on. */
  readonly open: boolean;
};

/**
 * The verdict, its `blocksNeeded` that of the procedure which would measure them: of a run that may go on, what its own looks
 * still ask for; else of a further attempt at what is carried over, at half the error. A staged procedure spends its error on several
 * looks, which the verdict's own formula for one look does not know. Where its last look comes too early for that, it is the
 * number of a run of so many blocks and one look, which is always beyond the last look.
 */
export function withFurtherBlocks(verdict: Verdict, { record, arms, stage, finalists, open }: Run): Verdict {
  const { plan, design } = record;
  const leader = leaderOf(verdict, arms);
  if (verdict.blocksNeeded === undefined || leader === null || (open && design.procedure === 'fixed')) return verdict;
  const difference = Math.max(Math.log1p(plan.practicalMargin), Math.abs(leader.gain));
  const { residualSd } = leader;
  const next = alphaOfNext(plan.alpha);
  const carried = Math.max(1, carriedOver({ record, verdict, stage, arms }).length);
  const looks = open ? design.confirmLooks : procedureRules.looks;
  const last = looks.at(-1) ?? 0;
  // Those that came through the screen have it behind them.
  const count = open ? finalists.length : carried;
  const staged = confirmBlocksFor(difference, {
    residualSd,
    variantCount: count,
    finalists: count,
    alpha: open ? plan.alpha : next,
    looks,
    confirmBlocks: last,
  });
  if (staged !== null && staged <= last)
    return { ...verdict, blocksNeeded: open ? Math.max(1, staged - verdict.blocks) : staged };
  const fixed = blocksNeeded(difference, { alpha: next / carried, residualSd });
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
