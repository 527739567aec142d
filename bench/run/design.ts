import { withLowerPercentiles } from '../plan/objective.ts';
import type { Objective, Plan } from '../plan/plan.ts';
import { fitBudget, leastConfirmBlocks } from '../stats/budget.ts';
import { type Noise, residualNoise } from '../stats/components.ts';
import { procedureRules } from '../stats/procedure.ts';
import { resolution } from '../stats/resolution.ts';
import { blockCost, type CostFacts } from './block-cost.ts';
import { requestsFor, requestsForObjective } from './score.ts';
import { bestSlices, slicesWanted } from './slice-count.ts';
import { type Fitted, lookBefore, mostReserveMs, withReserve } from './soak-reserve.ts';
import { holdRequests, type Timing, withRequests } from './timing.ts';

/** The experiment as it was fixed before anything was measured for the verdict. */
export type Design = Timing & {
  /** `fixed`: so many blocks of every variant, and one look; `staged`: screen, then confirm with looks on the way. */
  readonly procedure: 'fixed' | 'staged';
  /** What is decided on: the plan's own, or a lower percentile where the budget pays for too few requests in a block. */
  readonly objective: Objective;
  /** Of confirm, at the most; those that take the time that is kept for a soak are among them. */
  readonly blocks: number;
  /** Numbers of blocks of confirm at which the data are looked at. */
  readonly confirmLooks: readonly number[];
  /** Expected. */
  readonly screenBlocks: number;
  /** Variants that reach confirm, the baseline not counted. */
  readonly finalists: number;
  /** In a block of confirm. */
  readonly slicesPerBlock: number;
  /** In a block of the screen, which claims nothing: fewer where the time is better spent in confirm. */
  readonly screenSlices: number;
  /** Expected time of one block of confirm, server start included. */
  readonly blockMs: number;
  /** Expected time of one variant in one block of confirm, with its share of the server's start. */
  readonly trialMs: number;
  /** The same of the screen. */
  readonly screenTrialMs: number;
  /** The slices of a soak that the budget keeps time for: 0 where nothing is kept. */
  readonly reservedSoakSliceMs: number;
  /** What the budget took away: slice length, percentile, slices, screen, finalists, blocks. */
  readonly reduced: readonly string[];
  /** ln of the gain that the whole procedure finds with 80 % power at the pilot's noise; null where that is not known. */
  readonly resolvable: number | null;
  /** Requests outstanding, by variant, where each has a level of its own; null where all have the plan's. */
  readonly levels: Readonly<Record<string, number>> | null;
};

export type Costs = CostFacts & {
  /** Of ln(value), as the pilot and the host's noise floor have it; null where neither is known. */
  readonly noise: Noise | null;
  /** Time already used of the budget. */
  readonly usedMs: number;
  /** Whether long slices are to follow a claim. */
  readonly soak: boolean;
  /** The level of each variant, where they were chosen. */
  readonly levels?: Readonly<Record<string, number>>;
};

/** Writing the report, ending the server, and what the estimate misses. */
export const closingMs = 2_000;
/** Fewer blocks than that never earn a claim. */
export const leastBlocks = 5;

/**
 * A block holds the requests that the percentiles of the objective and the constraints need; where the budget does not pay
 * for that, those of the objective, then of a lower percentile.
 */
export function designRun(plan: Plan, costs: Costs): Design {
  const ofConstraints = Math.max(0, ...plan.constraints.map(({ metric }) => requestsFor(metric)));
  const [asked, ...lower] = withLowerPercentiles(plan.objective).map((objective) => ({
    objective,
    requests: requestsForObjective(objective),
  }));
  const first = { objective: plan.objective, requests: Math.max(ofConstraints, asked?.requests ?? 0) };
  let last: Design | undefined;
  for (const goal of [first, ...(asked === undefined ? [] : [asked]), ...lower]) {
    const { design, paid } = designWith(plan, goal, costs);
    if (paid) return design;
    last = design;
  }
  return last ?? designWith(plan, first, costs).design;
}

type Wanted = { readonly objective: Objective; readonly requests: number };

/**
 * Where the slices as they are hold the requests, that is all. Otherwise longer ones do, and fewer of them do in less time, so
 * that slices are given up one by one.
 */
function designWith(plan: Plan, { objective, requests }: Wanted, costs: Costs): { design: Design; paid: boolean } {
  const wanted = plan.blocks === null ? slicesWanted(plan, costs.noise, costs.looks.length - 1) : plan.slicesPerBlock;
  const make = (slices: number, held: number): Design => {
    const timing = withRequests(costs.timing, costs.looks, held / slices);
    const design =
      plan.blocks === null
        ? stagedDesign(plan, slices, { ...costs, timing })
        : fixedDesign({ ...plan, slicesPerBlock: slices }, plan.blocks, { ...costs, timing });
    return {
      ...design,
      objective,
      reduced: reducedOf(design, { cut: slices < wanted, lower: objective !== plan.objective }),
    };
  };
  const plain = make(wanted, 0);
  if (holdRequests(plain, costs.looks, { slices: plain.slicesPerBlock, requests }))
    return { design: plain, paid: true };
  for (let slices = wanted; slices > 1; slices -= 1) {
    const design = make(slices, requests);
    if (paysFor(design, slices, plan)) return { design, paid: true };
  }
  const design = make(1, requests);
  return { design, paid: paysFor(design, 1, plan) };
}

function paysFor({ slicesPerBlock, blocks }: Design, slices: number, plan: Plan): boolean {
  return slicesPerBlock === slices && blocks >= (plan.blocks ?? leastConfirmBlocks);
}

function reducedOf({ reduced }: Design, { cut, lower }: { cut: boolean; lower: boolean }): string[] {
  const more = [...(lower ? ['percentile'] : []), ...(cut && !reduced.includes('slices') ? ['slices'] : [])];
  return [...more, ...reduced];
}

/**
 * First slices per block, then the time kept for a soak, then the screen, then finalists are given up; the looks stay.
 */
function stagedDesign(plan: Plan, slices: number, costs: Costs): Design {
  const { design, confirmBlocks } = stagedFor(plan, slices, costs);
  const { finalists, confirmLooks: looks, slicesPerBlock } = design;
  if (costs.noise === null) return design;
  const noise = residualNoise(costs.noise, slicesPerBlock);
  const variantCount = costs.looks.length - 1;
  const { alpha } = plan;
  return { ...design, resolvable: resolution({ ...noise, variantCount, alpha, looks, confirmBlocks, finalists }) };
}

function stagedFor(plan: Plan, slices: number, costs: Costs): Fitted {
  const whole = stagedWithin(plan, slices, { ...costs, reserveMs: 0 });
  if (!costs.soak || plan.expectEqual || plan.budgetMs === null) return whole;
  const reserveMs = mostReserveMs(plan.budgetMs, whole.design);
  return withReserve(whole, stagedWithin(plan, slices, { ...costs, reserveMs }), { reserveMs, plan });
}

function stagedWithin(plan: Plan, slicesWantedCount: number, costs: Costs & { reserveMs: number }): Fitted {
  const { timing, reserveMs } = costs;
  const variantCount = costs.looks.length - 1;
  const { setupMs, roundMs } = blockCost(costs);
  const blockMs = (variants: number, slices: number): number => setupMs(variants) + slices * roundMs(variants);
  const openMs = Math.max(0, availableMs(plan, costs) - reserveMs);
  const fit = fitBudget({ variantCount, availableMs: openMs, slicesPerBlock: slicesWantedCount, blockMs });
  const { finalists, slicesPerBlock: screenSlices } = fit;
  const mostBlocks = procedureRules.looks.at(-1) ?? 0;
  const room = (slices: number, moreMs = 0): number =>
    Math.min(mostBlocks, Math.max(0, Math.floor((openMs - fit.screenMs + moreMs) / blockMs(finalists + 1, slices))));
  // The last look may come within the time that is kept, those before it may not.
  const wanted = reserveMs === 0 ? mostBlocks : (procedureRules.looks.at(-2) ?? mostBlocks);
  const holds = (slices: number): boolean => room(slices) >= wanted && room(slices, reserveMs) >= mostBlocks;
  const slicesPerBlock = bestSlices(slicesWantedCount, {
    noise: costs.noise,
    alpha: plan.alpha / finalists,
    screenSlices,
    leavesAllBlocks: holds,
    blocksOf: (slices) => (room(slices) < leastConfirmBlocks ? 0 : room(slices, reserveMs)),
  });
  const openBlocks = room(slicesPerBlock);
  const confirmBlocks = room(slicesPerBlock, reserveMs);
  const design: Design = {
    ...timing,
    levels: costs.levels ?? null,
    procedure: 'staged',
    objective: plan.objective,
    blocks: Math.max(1, confirmBlocks),
    confirmLooks: reserveMs === 0 ? procedureRules.looks : lookBefore(openBlocks, procedureRules.looks),
    screenBlocks: fit.screen.reduce((sum, each) => sum + each.blocks, 0),
    finalists,
    slicesPerBlock,
    screenSlices,
    blockMs: blockMs(finalists + 1, slicesPerBlock),
    trialMs: blockMs(finalists + 1, slicesPerBlock) / (finalists + 1),
    screenTrialMs: blockMs(variantCount + 1, screenSlices) / (variantCount + 1),
    reservedSoakSliceMs: 0,
    reduced: [
      ...(slicesPerBlock < slicesWantedCount ? ['slices'] : []),
      ...fit.reduced.filter((what) => what !== 'slices'),
    ],
    resolvable: null,
  };
  return { design, confirmBlocks, openBlocks };
}

/** First fewer slices per block, then fewer blocks, since blocks are what is replicated. Never fewer than one of each. */
function fixedDesign(plan: Plan, asked: number, costs: Costs): Design {
  const { timing, looks } = costs;
  const cost = blockCost(costs);
  const [setupMs, roundMs] = [cost.setupMs(looks.length), cost.roundMs(looks.length)];
  const blockMsOf = (slices: number): number => setupMs + slices * roundMs;
  const available = availableMs(plan, costs);
  const affordable = Math.floor((available / asked - setupMs) / roundMs);
  const slicesPerBlock = Math.max(1, Math.min(plan.slicesPerBlock, affordable));
  const blockMs = blockMsOf(slicesPerBlock);
  const blocks = affordable >= 1 ? asked : Math.min(asked, Math.max(1, Math.floor(available / blockMs)));
  return {
    ...timing,
    levels: costs.levels ?? null,
    procedure: 'fixed',
    objective: plan.objective,
    blocks,
    confirmLooks: [Math.max(leastBlocks, blocks)],
    screenBlocks: 0,
    finalists: looks.length - 1,
    slicesPerBlock,
    screenSlices: slicesPerBlock,
    blockMs,
    trialMs: blockMs / looks.length,
    screenTrialMs: blockMs / looks.length,
    reservedSoakSliceMs: 0,
    reduced: [...(slicesPerBlock < plan.slicesPerBlock ? ['slices'] : []), ...(blocks < asked ? ['blocks'] : [])],
    resolvable: null,
  };
}

/** What is left of the budget for measuring. */
export function availableMs({ budgetMs }: Plan, { usedMs }: Pick<Costs, 'usedMs'>): number {
  return budgetMs === null ? Number.POSITIVE_INFINITY : Math.max(0, budgetMs - usedMs - closingMs);
}
