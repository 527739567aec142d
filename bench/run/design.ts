import type { Plan } from '../plan/plan.ts';
import type { Preflight } from './preflight.ts';

/** The experiment as it was fixed before anything was measured for the verdict. */
export type Design = {
  readonly blocks: number;
  readonly slicesPerBlock: number;
  /** The same for all variants. */
  readonly warmupMs: number;
  readonly sliceMs: Readonly<Record<string, number>>;
  /** Expected time of one block, server start included. */
  readonly blockMs: number;
  /** What the budget took away from the plan's blocks and slices; null where it all fits. */
  readonly reducedBy: 'budget' | null;
};

export type Costs = {
  readonly looks: readonly (Preflight & { outcome: 'accepted' })[];
  /** Instances of each variant, by id. */
  readonly instances: Readonly<Record<string, number>>;
  readonly serverStartMs: number;
  /** Time already used of the budget. */
  readonly usedMs: number;
};

const leastWarmupMs = 100;
/** More than that for every slice of every variant would leave a budget no time to measure. */
const mostWarmupMs = 1_000;
const warmupExecutionsPerInstance = 20;
const leastSliceMs = 300;
const cyclesPerSlice = 30;
/** Reading the config and counters back, the host probe, connecting, draining, the journal. */
const sliceOverheadMs = 40;
/** Writing the report, ending the server, and what the estimate misses. */
const closingMs = 2_000;

/**
 * Fits the plan's blocks and slices to its budget: first fewer slices per block, then fewer blocks, since blocks are what
 * is replicated. Never fewer than one slice and one block.
 */
export function designRun(plan: Plan, costs: Costs): Design {
  const settledMs = costs.looks.map((look) => settlingMs(look, costs, plan.load.concurrency));
  const warmupMs = Math.ceil(Math.min(mostWarmupMs, Math.max(leastWarmupMs, ...settledMs)));
  const sliceMs = Object.fromEntries(
    costs.looks.map(({ variantId, latencyMs }) => [
      variantId,
      Math.ceil(Math.max(leastSliceMs, cyclesPerSlice * latencyMs)),
    ]),
  );
  const roundMs = costs.looks.reduce(
    (sum, { variantId, loadMs }) => sum + loadMs + warmupMs + (sliceMs[variantId] ?? leastSliceMs) + sliceOverheadMs,
    0,
  );
  const blockMsOf = (slices: number): number => costs.serverStartMs + slices * roundMs;
  const wanted = { blocks: plan.blocks, slicesPerBlock: plan.slicesPerBlock, warmupMs, sliceMs };
  const availableMs = plan.budgetMs === null ? Number.POSITIVE_INFINITY : plan.budgetMs - costs.usedMs - closingMs;
  const affordable = Math.floor((availableMs / plan.blocks - costs.serverStartMs) / roundMs);
  if (affordable >= plan.slicesPerBlock) return { ...wanted, blockMs: blockMsOf(plan.slicesPerBlock), reducedBy: null };
  const slicesPerBlock = Math.max(1, affordable);
  const blockMs = blockMsOf(slicesPerBlock);
  const blocks = Math.min(plan.blocks, Math.max(1, Math.floor(availableMs / blockMs)));
  return { ...wanted, blocks, slicesPerBlock, blockMs, reducedBy: 'budget' };
}

/**
 * Time until every instance of a variant has executed often enough. From its median latency rather than its short look's
 * rate, which one stall can halve.
 */
function settlingMs(
  { variantId, latencyMs, meanBatch }: Costs['looks'][number],
  { instances }: Costs,
  concurrency: number,
): number {
  const requests = warmupExecutionsPerInstance * (instances[variantId] ?? 1) * meanBatch;
  return (requests * latencyMs) / concurrency;
}
