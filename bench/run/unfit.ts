import { asksForCost } from '../plan/objective.ts';
import type { Plan } from '../plan/plan.ts';
import { cacheHitsOf, cpuSecondsPer1000, type ServerUsage } from './server-usage.ts';

type Seen = { readonly server: { readonly cacheHitCount: number } | null; readonly usage?: ServerUsage };
type Asking = Pick<Plan, 'objective' | 'constraints' | 'allowResponseCache'>;

/**
 * What makes a slice without a failure unfit for the question of the plan: answers that were not computed, and a cost that cannot be seen
 * where the plan asks for it. It would be the same the next time.
 */
export function whyUnfit(seen: Seen, plan: Asking): string[] {
  const hits = plan.allowResponseCache ? 0 : cacheHitsOf(seen);
  return [
    ...(hits > 0 ? [`${hits} ${cacheReason}`] : []),
    ...(asksForCost(plan) && cpuSecondsPer1000([seen]) === null ? [costReason] : []),
  ];
}

/** Whether trying again would change nothing. */
export function isUnfit(invalid: readonly string[]): boolean {
  return invalid.some((reason) => reason === costReason || reason.endsWith(cacheReason));
}

/** After their number. */
const cacheReason =
  'answers came from the response cache instead of the model, which gets the same inputs again and again here';
const costReason = 'the processor time of the server cannot be seen, and the plan asks for its cost';

/** What to do about it. */
export const unfitHint =
  'allowResponseCache: true in the plan measures the cache too; cost needs a server of this host, or a metrics page that has process_cpu_seconds_total';
