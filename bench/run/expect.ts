import type { Placement } from '../engines/placement/choose.ts';
import { readInputData } from '../load/data/read-workload.ts';
import { blockSeed, orderByServer } from '../plan/blocks.ts';
import type { Apply, Plan } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import { ladderShare, pilotShare } from '../stats/budget.ts';
import { exactNoise } from '../stats/components.ts';
import { screenRounds } from '../stats/screen.ts';
import { type Candidates, costOf, makeCandidates } from './candidates.ts';
import { firstApply } from './choose-apply.ts';
import { type Design, designRun } from './design.ts';
import { loadOfId } from './load-of.ts';
import { mostPasses, mostProcesses } from './pilot.ts';
import { placementOf } from './placing.ts';
import { readModelSource } from './repository.ts';
import { serversPerBlock } from './server-sets.ts';
import { type AcceptedLook, sliceCostMs, type Timing, timingOf } from './timing.ts';
import { workloadSpec } from './workload-spec.ts';

/** What a sweep would do, as far as that is known before a server has run. */
export type Expectation = Candidates & {
  /** Known without a server where the plan says it, or where the load alone differs (`keep`). */
  readonly apply: Plan['apply'] | 'keep';
  readonly placement: Placement;
  /** What the requests are made of, in words. */
  readonly input: string;
  /** Of the first block, where the server takes all variants, server process by server process. */
  readonly order: readonly (readonly { readonly round: number; readonly variantId: string }[])[];
  readonly design: Design;
  /** Of each variant, as assumed. */
  readonly looks: readonly AcceptedLook[];
  /** Starting the server, the looks at each variant, the pilot. */
  readonly preparingMs: number;
  /** Looking for the level of each variant, where it has its own; else 0. */
  readonly levelsMs: number;
  readonly screenMs: number;
  readonly confirmMs: number;
};

/** What stands in for everything that a sweep measures before its first block; the noise is that of a busy host. */
export const assumed = { serverStartMs: 2_000, loadMs: 100, requestsPerSecond: 4_000, sliceSd: 0.1 };

const lookMs = 250;
/** Of each variant that the pilot watches. */
const watchMs = 2_700;

/**
 * Checks and designs a sweep without a server; reads the model's config and the input, and writes nothing.
 * @throws Failure (usage) for what a sweep would refuse before it starts one.
 */
export async function expectRun(plan: Plan, soak = true): Promise<Expectation> {
  const placement = await placementOf(plan, plan.engine.kind);
  const cores = placement.serverCpuCount;
  const made = makeCandidates(plan, readModelSource(plan.modelRepository, plan.model), cores);
  const applied = firstApply(plan, made.measured);
  const { description } = await readInputData(workloadSpec(plan));
  const ids = made.measured.map(({ variant }) => variant.id);
  const looks = ids.map((id) => lookAt(id, plan, applied));
  const instances = made.measured.map(({ variant, config }) => [variant.id, costOf(config, cores)[0] ?? 1]);
  const timing = timingOf(plan, looks, Object.fromEntries(instances));
  const sets = serversPerBlock(made.measured, plan, applied).map((set) => set.map(({ variant }) => variant.id));
  const preparingMs =
    sets.length * assumed.serverStartMs + looks.length * (assumed.loadMs + lookMs) + pilotMs(plan, looks, timing);
  const levelsMs = plan.objective.kind === 'capacity' ? ladderMs(plan, looks, timing, preparingMs) : 0;
  const design = designRun(plan, {
    looks,
    timing,
    noise: plan.blocks === null ? exactNoise(assumed.sliceSd) : null,
    serverStartMs: assumed.serverStartMs,
    applied,
    flagSetCount: sets.length,
    usedMs: preparingMs + levelsMs,
    soak,
  });
  return {
    ...made,
    placement,
    apply: applied === 'keep' ? applied : plan.apply,
    input: description,
    order: orderByServer(
      sets,
      design.screenBlocks > 0 ? design.screenSlices : design.slicesPerBlock,
      seededRandom(blockSeed(plan.seed, 1)),
    ),
    design,
    looks,
    preparingMs,
    levelsMs,
    screenMs: screenTime(ids.length - 1, design),
    confirmMs: design.blocks * design.blockMs,
  };
}

function lookAt(variantId: string, plan: Plan, applied: Apply): AcceptedLook {
  const { requestsPerSecond } = assumed;
  const { pacing, batchSize: meanBatch } = loadOfId(plan, variantId);
  const latencyMs = (pacing.concurrency / requestsPerSecond) * 1_000;
  const startMs = applied === 'restart' ? assumed.serverStartMs : 0;
  const loadMs = applied === 'keep' ? 0 : assumed.loadMs + startMs;
  return { variantId, outcome: 'accepted', proof: [], loadMs, latencyMs, requestsPerSecond, meanBatch };
}

function pilotMs(plan: Plan, looks: readonly AcceptedLook[], timing: ReturnType<typeof timingOf>): number {
  if (plan.blocks !== null || plan.objective.kind === 'capacity') return 0;
  const passMs = looks.slice(0, 2).reduce((sum, look) => sum + sliceCostMs(look, timing), 0);
  const restMs = (mostProcesses - 1) * assumed.serverStartMs + looks.slice(0, 2).length * watchMs;
  return Math.min(mostPasses * passMs + restMs, pilotShare * (plan.budgetMs ?? Number.POSITIVE_INFINITY));
}

/** The baseline finds its way from the lowest level; the others begin where it ended. */
const rungs = { baseline: 18, other: 10 };

function ladderMs(plan: Plan, looks: readonly AcceptedLook[], timing: Timing, preparingMs: number): number {
  const costs = looks.map((look, index) => (index === 0 ? rungs.baseline : rungs.other) * sliceCostMs(look, timing));
  const neededMs = costs.reduce((sum, each) => sum + each, 0);
  return plan.budgetMs === null ? neededMs : Math.min(neededMs, ladderShare * Math.max(0, plan.budgetMs - preparingMs));
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
