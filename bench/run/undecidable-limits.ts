import { constraintText, percentileOf } from '../plan/objective.ts';
import type { Metric, Plan } from '../plan/plan.ts';
import { count, duration, plural } from '../report/format.ts';
import { slicesToMeetStalls } from '../stats/constraints.ts';
import { procedureRules } from '../stats/procedure.ts';
import type { Design } from './design.ts';
import type { Preflight } from './preflight.ts';
import { requestsFor } from './score.ts';
import type { AcceptedLook } from './timing.ts';

/** A limit on a percentile that a design cannot decide, whatever is measured; a variant whose limits are undecided is never picked. */
export type UndecidableLimit = {
  /** Which of the plan's constraints, from 0. */
  readonly index: number;
  /** "latency.p99 at most 20 ms cannot be shown to hold with 8 blocks of 4 slices: ...". */
  readonly what: string;
  readonly advice: string;
};

type Planned = { readonly plan: Plan; readonly design: Design; readonly looks: readonly Preflight[] };

/** Known before anything is measured for the verdict: from the blocks and slices of the design and the rates of the looks. */
export function undecidableLimits({ plan, design, looks }: Planned): UndecidableLimit[] {
  const accepted = looks.filter((look) => look.outcome === 'accepted');
  return plan.constraints.flatMap((constraint, index) => {
    const { metric } = constraint;
    if (percentileOf(metric) === null) return [];
    const limit = constraintText(constraint);
    // The rate at a level of its own is another than that of the look.
    const requests = design.levels === null ? fewRequests(metric, design, accepted) : [];
    return [...fewSlices(plan, design), ...requests].map(({ why, advice }) => ({
      index,
      what: `${limit} ${why}`,
      advice,
    }));
  });
}

type Found = { readonly why: string; readonly advice: string };

function fewSlices(plan: Plan, design: Design): Found[] {
  const { blocks, slicesPerBlock } = design;
  if (blocks * slicesPerBlock >= slicesToMeetStalls) return [];
  const planned = `${plural(blocks, 'block')} of ${plural(slicesPerBlock, 'slice')}`;
  const why = `cannot be shown to hold with ${planned}: it takes ${slicesToMeetStalls} slices of a variant, since fewer may all have missed a stall, and nothing is picked whose limits are not shown to hold`;
  const instead = 'or write a limit on latency.mean, which takes no such number';
  return [{ why, advice: `${moreSlices(plan, design)}, ${instead}` }];
}

function moreSlices(plan: Plan, { blocks, slicesPerBlock, blockMs }: Design): string {
  const needed = Math.ceil(slicesToMeetStalls / slicesPerBlock);
  if (plan.blocks !== null) return `measure more: --blocks ${needed} --slices ${slicesPerBlock}`;
  const most = procedureRules.looks.at(-1) ?? 0;
  if (needed > most && plan.slicesPerBlock * most < slicesToMeetStalls)
    return `measure more slices of each variant in a block: --slices ${Math.ceil(slicesToMeetStalls / most)}`;
  const budgetMs = (plan.budgetMs ?? 0) + (needed - blocks) * blockMs;
  return `give it a longer budget: --budget ${Math.ceil(budgetMs / 60_000)}m`;
}

function fewRequests(metric: Metric, { slicesPerBlock, sliceMs }: Design, looks: readonly AcceptedLook[]): Found[] {
  const needed = requestsFor(metric);
  const expected = looks.map(({ variantId, requestsPerSecond }) => ({
    variantId,
    requests: Math.floor((slicesPerBlock * (sliceMs[variantId] ?? 0) * requestsPerSecond) / 1_000),
  }));
  const short = expected.filter(({ requests }) => requests < needed).toSorted((a, b) => a.requests - b.requests);
  const [fewest] = short;
  if (fewest === undefined) return [];
  const who = `${fewest.variantId}${short.length === 1 ? '' : ` and ${count(short.length - 1)} more`}`;
  const slices = `${plural(slicesPerBlock, 'slice')} of ${duration(sliceMs[fewest.variantId] ?? 0)}`;
  const lower = (['latency.p95', 'latency.p90'] as const).find(
    (other) => (percentileOf(other) ?? 1) < (percentileOf(metric) ?? 0) && requestsFor(other) <= fewest.requests,
  );
  const instead = lower === undefined ? '' : `, or write a limit on ${lower}, which takes ${count(requestsFor(lower))}`;
  return [
    {
      why: `cannot be decided of ${who}: in a block it takes ${count(needed)} requests, and ${slices} hold about ${count(fewest.requests)}`,
      advice: `give it a longer budget or more slices (--slices), which make blocks hold more requests${instead}`,
    },
  ];
}
