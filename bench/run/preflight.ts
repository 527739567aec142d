import { Failure } from '../failure.ts';
import { type Apply, baselineId } from '../plan/plan.ts';
import type { Candidate } from './candidates.ts';
import type { Footprint } from './choose-apply.ts';
import type { Deployment, InForce } from './deployment.ts';
import { serverFacts } from './flag-proof.ts';
import { footprintOf } from './footprint.ts';
import type { Instruments } from './instruments.ts';
import { loadOf } from './load-of.ts';
import { loadRefusal } from './load-refusal.ts';
import { proveSettings, type SettingProof } from './proof.ts';
import { serverSets } from './server-sets.ts';
import { measureSlice } from './slice.ts';
import { unfitHint, whyUnfit } from './unfit.ts';
import { recordWorkloads, type WorkloadContext, type Workloads, workloadFor } from './workloads.ts';

/** What one look at a variant showed before anything is measured for the verdict. */
export type Preflight = { readonly variantId: string } & (
  | {
      readonly outcome: 'accepted';
      readonly proof: readonly SettingProof[];
      readonly loadMs: number;
      /** Median latency under the variant's load. */
      readonly latencyMs: number;
      readonly requestsPerSecond: number;
      readonly meanBatch: number;
    }
  | { readonly outcome: 'refused'; readonly reason: string }
);

const lookTiming = { warmupMs: 100, sliceMs: 100 };
/** A latency above this decides how long slices are, so that it is looked at once more: a stall must not. */
const slowMs = 10;
const secondLookAnswers = 10;
const secondLookCycles = 3;
/** Looking at all variants may take so much longer than the whole budget: there is a report then, on nothing. */
const overdraftMs = 30_000;

export type PreflightContext = WorkloadContext & {
  readonly deployment: Deployment;
  /** Of colocated variants those that were looked at stay loaded. */
  readonly apply: Apply;
  readonly instruments: Instruments;
  readonly onVariant: (variantId: string) => void;
  /** When the budget is used up, on the clock of the instruments. */
  readonly deadlineMs: number;
};

/**
 * Puts each variant in force once: refused ones are known before time is spent on the others, the baseline's answers become
 * what every later answer is compared with, and the costs of loading and of one request are what the design is made from.
 * @throws Failure (server) where the baseline itself is refused or answers wrongly, (usage) where the budget does not even pay
 * for a look at each.
 */
export async function preflight(
  candidates: readonly Candidate[],
  context: PreflightContext,
): Promise<{ looks: Preflight[]; footprints: Footprint[]; workloads: Workloads }> {
  const looks: Preflight[] = [];
  const footprints: Footprint[] = [];
  let workloads: Workloads | undefined;
  const { clock } = context.instruments;
  const startMs = clock.nowMs();
  for (const [index, candidate] of serverSets(candidates, context.plan).flat().entries()) {
    const { id } = candidate.variant;
    context.signal.throwIfAborted();
    context.onVariant(id);
    const inForce = await context.deployment.putInForce(candidate, context.apply);
    if ('refused' in inForce) {
      if (id === baselineId) throw baselineRefused(inForce.refused);
      looks.push({ variantId: id, outcome: 'refused', reason: inForce.refused });
      continue;
    }
    workloads ??= await recordWorkloads(inForce, context);
    const reason = loadRefusal(id, loadOf(context.plan, candidate.variant), inForce, workloads);
    const seen =
      reason === null
        ? await look(candidate, inForce, workloads, context)
        : ({ variantId: id, outcome: 'refused', reason } as const);
    looks.push(seen);
    if (seen.outcome === 'accepted') footprints.push(footprintOf(inForce));
    checkBudget((clock.nowMs() - startMs) / (index + 1), candidates.length, { ...context, startMs });
  }
  const place = new Map(candidates.map(({ variant }, index) => [variant.id, index]));
  return {
    looks: looks.toSorted((a, b) => (place.get(a.variantId) ?? 0) - (place.get(b.variantId) ?? 0)),
    footprints,
    workloads: workloads ?? new Map(),
  };
}

/** Known after the first look already: slow variants under many users take minutes each. */
function checkBudget(
  lookMs: number,
  count: number,
  { plan, startMs, deadlineMs }: PreflightContext & { startMs: number },
): void {
  if (startMs + count * lookMs <= deadlineMs + overdraftMs) return;
  const seconds = (ms: number): string => `${Math.ceil(ms / 1_000)} s`;
  throw new Failure(
    'usage',
    'budget',
    `a look at each of ${count} configurations takes ${seconds(count * lookMs)}, the budget is ${seconds(plan.budgetMs ?? 0)}`,
    { hint: 'give it more with --budget, list fewer variants, or ask with a smaller load.concurrency' },
  );
}

async function look(
  candidate: Candidate,
  inForce: InForce,
  workloads: Workloads,
  context: PreflightContext,
): Promise<Preflight> {
  const { plan, instruments, signal } = context;
  const variantId = candidate.variant.id;
  const load = loadOf(plan, candidate.variant);
  const workload = workloadFor(workloads, load);
  const first = await measureSlice({ load }, inForce, lookTiming, { plan, workload, instruments, signal });
  const slow = first.latency.p50Ns / 1e6 > slowMs;
  const cycles = Math.max(secondLookCycles, secondLookAnswers / load.pacing.concurrency);
  const again = { warmupMs: 0, sliceMs: Math.max(lookTiming.sliceMs, (cycles * first.latency.p50Ns) / 1e6) };
  const second = slow ? await measureSlice({ load }, inForce, again, { plan, workload, instruments, signal }) : first;
  const measurement = second.requestCount > 0 && second.latency.p50Ns < first.latency.p50Ns ? second : first;
  const errors = Object.entries(measurement.errors);
  if (measurement.requestCount === 0 || errors.length > 0) {
    const reason =
      errors.map(([kind, count]) => `${count} requests failed: ${kind}`).join(', ') || 'no request was answered';
    if (variantId === baselineId) throw baselineRefused(reason);
    return { variantId, outcome: 'refused', reason: `it does not answer rightly: ${reason}` };
  }
  const [unfit] = [...whyUnfit(measurement, plan), ...whyUnfit(first, plan)];
  if (unfit !== undefined) {
    if (variantId === baselineId) throw new Failure('server', 'unfit', `the baseline: ${unfit}`, { hint: unfitHint });
    return { variantId, outcome: 'refused', reason: unfit };
  }
  const { server } = measurement;
  return {
    variantId,
    outcome: 'accepted',
    proof: proveSettings(candidate, inForce.log, serverFacts(inForce.server, candidate.variant.settings).told),
    loadMs: inForce.loadMs,
    latencyMs: measurement.latency.p50Ns / 1e6,
    requestsPerSecond: measurement.requestsPerSecond,
    meanBatch: server === null || server.executionCount === 0 ? 1 : server.inferenceCount / server.executionCount,
  };
}

function baselineRefused(reason: string): Failure {
  return new Failure('server', 'baseline-refused', `the server does not run the committed config.pbtxt: ${reason}`, {
    hint: 'the baseline must work before variants of it can be compared',
  });
}
