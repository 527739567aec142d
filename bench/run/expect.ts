import { cpus } from 'node:os';
import { readInputData } from '../load/data/read-workload.ts';
import { blockOrder, blockSeed } from '../plan/blocks.ts';
import type { Plan } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import { pilotShare } from '../stats/budget.ts';
import { screenRounds } from '../stats/screen.ts';
import { type Candidates, costOf, makeCandidates } from './candidates.ts';
import { type Design, designRun } from './design.ts';
import { mostPasses } from './pilot.ts';
import { applyOf } from './prepare.ts';
import { readModelSource } from './repository.ts';
import { type AcceptedLook, sliceCostMs, timingOf } from './timing.ts';
import { workloadSpec } from './workload-spec.ts';

/** What a sweep would do, as far as that is known before a server has run. */
export type Expectation = Candidates & {
  readonly applied: 'reload' | 'restart';
  /** What the requests are made of, in words. */
  readonly input: string;
  /** Of the first block, where the server takes all variants. */
  readonly order: readonly { readonly round: number; readonly variantId: string }[];
  readonly design: Design;
  /** Starting the server, the looks at each variant, the pilot. */
  readonly preparingMs: number;
  readonly screenMs: number;
  readonly confirmMs: number;
};

/** What stands in for everything that a sweep measures before its first block; the noise is that of a busy host. */
export const assumed = { serverStartMs: 2_000, loadMs: 100, requestsPerSecond: 4_000, sliceSd: 0.1 };

const lookMs = 250;

/**
 * Checks and designs a sweep without a server; reads the model's config and the input, and writes nothing.
 * @throws Failure (usage) for what a sweep would refuse before it starts one.
 */
export async function expectRun(plan: Plan, soak = true): Promise<Expectation> {
  const applied = applyOf(plan);
  const made = makeCandidates(plan, readModelSource(plan.modelRepository, plan.model), cpus().length);
  const { description } = await readInputData(workloadSpec(plan));
  const ids = made.measured.map(({ variant }) => variant.id);
  const looks = ids.map((id) => lookAt(id, plan));
  const instances = made.measured.map(({ variant, config }) => [variant.id, costOf(config, cpus().length)[0] ?? 1]);
  const timing = timingOf(plan, looks, Object.fromEntries(instances));
  const preparingMs = assumed.serverStartMs + looks.length * (assumed.loadMs + lookMs) + pilotMs(plan, looks, timing);
  const design = designRun(plan, {
    looks,
    timing,
    sliceSd: plan.blocks === null ? assumed.sliceSd : null,
    serverStartMs: assumed.serverStartMs,
    usedMs: preparingMs,
    soak,
  });
  return {
    ...made,
    applied,
    input: description,
    order: blockOrder(
      ids,
      design.screenBlocks > 0 ? design.screenSlices : design.slicesPerBlock,
      seededRandom(blockSeed(plan.seed, 1)),
    ),
    design,
    preparingMs,
    screenMs: screenTime(ids.length - 1, design),
    confirmMs: design.blocks * design.blockMs,
  };
}

function lookAt(variantId: string, { load }: Plan): AcceptedLook {
  const { loadMs, requestsPerSecond } = assumed;
  const latencyMs = (load.concurrency / requestsPerSecond) * 1_000;
  return { variantId, outcome: 'accepted', proof: [], loadMs, latencyMs, requestsPerSecond, meanBatch: 1 };
}

function pilotMs(plan: Plan, looks: readonly AcceptedLook[], timing: ReturnType<typeof timingOf>): number {
  if (plan.blocks !== null) return 0;
  const passMs = looks.slice(0, 2).reduce((sum, look) => sum + sliceCostMs(look, timing), 0);
  return Math.min(mostPasses * passMs, pilotShare * (plan.budgetMs ?? Number.POSITIVE_INFINITY));
}

/** Where the budget shortens the screen, each of its rounds is shortened alike. */
function screenTime(variantCount: number, { screenBlocks, finalists, screenTrialMs }: Design): number {
  if (screenBlocks === 0) return 0;
  const rounds = screenRounds(variantCount, finalists);
  const entering = [variantCount, ...rounds.map(({ keep }) => keep)];
  const variantMs = screenTrialMs - assumed.serverStartMs / (variantCount + 1);
  const full = rounds.reduce((sum, { blocks }) => sum + blocks, 0);
  const timeMs = rounds.reduce(
    (sum, { blocks }, index) => sum + blocks * (assumed.serverStartMs + ((entering[index] ?? 0) + 1) * variantMs),
    0,
  );
  return (timeMs * screenBlocks) / Math.max(1, full);
}
