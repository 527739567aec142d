import type { AfterResult } from '../report/results.ts';
import { furtherPairs, soakPairs } from '../stats/soak.ts';
import { type AfterPlan, timeOf } from './after-plan.ts';
import { afterResult } from './after-result.ts';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';
import type { JournalLine } from './journal.ts';
import type { RunRecord } from './record.ts';

/** There and back once: a drift of the host falls on both variants alike. */
const pairsAtLeast = 2;

/**
 * The plan of what follows a claim with more pairs in its soak, where four have left it open; null where they have not, where there were
 * more already, or where the budget has no room. The pairs come before what else was planned, which is given up in the order that the
 * first plan gives it up in: the client, then the range. Their number depends on the time alone.
 */
export function withFurtherPairs(record: RunRecord, lines: readonly JournalLine[], leftMs: number): AfterPlan | null {
  const history = readHistory(lines);
  const { plan } = history.after;
  const [soak, ...rest] = plan?.parts ?? [];
  if (plan === null || soak?.part !== 'soak' || soak.blocks !== soakPairs) return null;
  if (!isOpen(afterResult(record, history, decideRun(record, history)))) return null;
  for (const pairs of [furtherPairs, pairsAtLeast]) {
    for (let kept = rest.length; kept >= 0; kept -= 1) {
      const further = [{ ...soak, blocks: pairs }, ...rest.slice(0, kept)];
      if (timeOf(further, record.design) > leftMs) continue;
      const skipped = rest.slice(kept).map(({ part }) => ({ part, reason: 'budget' as const }));
      const parts = [{ ...soak, blocks: soakPairs + pairs }, ...rest.slice(0, kept)];
      return { ...plan, parts, skipped: [...skipped, ...plan.skipped] };
    }
  }
  return null;
}

/** Whether all pairs are there, and neither deny the claim nor support it. */
function isOpen({ soak }: AfterResult): boolean {
  if (soak === null || soak.pairs < soakPairs || soak.outcome === 'below' || soak.outcome === 'broken') return false;
  const limits = soak.constraints.map(({ outcome }) => outcome);
  return !limits.includes('fails') && (soak.outcome === 'undecided' || limits.includes('undecided'));
}
