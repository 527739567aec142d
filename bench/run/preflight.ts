import type { Server } from '../engines/engine.ts';
import { Failure } from '../failure.ts';
import { KServeError } from '../kserve/client.ts';
import type { Tensor } from '../kserve/tensors.ts';
import { compareAnswers } from '../load/answers.ts';
import type { InputData } from '../load/data/input-data.ts';
import { makeWorkload } from '../load/data/workload.ts';
import { baselineId, type Plan } from '../plan/plan.ts';
import { loadOf } from './block.ts';
import type { Candidate } from './candidates.ts';
import type { Deployment, InForce } from './deployment.ts';
import type { Instruments } from './instruments.ts';
import { proveSettings, type SettingProof } from './proof.ts';
import { measureSlice, type Workload } from './slice.ts';

/** What one look at a variant showed before anything is measured for the verdict. */
export type Preflight = { readonly variantId: string } & (
  | {
      readonly outcome: 'accepted';
      readonly proof: readonly SettingProof[];
      readonly loadMs: number;
      /** Median latency under the plan's load. */
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

export type PreflightContext = {
  readonly plan: Plan;
  readonly data: InputData;
  readonly deployment: Deployment;
  readonly apply: 'reload' | 'restart';
  readonly instruments: Instruments;
  readonly signal: AbortSignal;
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
): Promise<{ looks: Preflight[]; workload: Workload }> {
  const looks: Preflight[] = [];
  let workload: Workload | undefined;
  const { clock } = context.instruments;
  const startMs = clock.nowMs();
  for (const [index, candidate] of candidates.entries()) {
    const { id } = candidate.variant;
    context.signal.throwIfAborted();
    context.onVariant(id);
    const inForce = await context.deployment.putInForce(candidate, context.apply);
    if ('refused' in inForce) {
      if (id === baselineId) throw baselineRefused(inForce.refused);
      looks.push({ variantId: id, outcome: 'refused', reason: inForce.refused });
      continue;
    }
    workload ??= await recordAnswers(inForce.server, context);
    looks.push(await look(candidate, inForce, workload, context));
    checkBudget((clock.nowMs() - startMs) / (index + 1), candidates.length, { ...context, startMs });
  }
  return { looks, workload: workload ?? { inputs: [], answers: [] } };
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

async function recordAnswers({ control }: Server, { plan, data, signal }: PreflightContext): Promise<Workload> {
  const metadata = await control.modelMetadata(plan.model);
  const { inputs, expected } = makeWorkload(data, metadata, plan.load.batchSize);
  const answers: Tensor[][] = [];
  for (const [request, tensors] of inputs.entries()) {
    signal.throwIfAborted();
    try {
      answers.push(await control.infer(plan.model, tensors));
    } catch (error) {
      throw error instanceof KServeError ? unanswered(error, plan) : error;
    }
    checkExpected(answers[request] ?? [], expected?.[request], { plan, request });
  }
  return { inputs, answers };
}

/** What the data expects is checked once, of the baseline; every later answer is compared with the baseline's. */
function checkExpected(
  answer: readonly Tensor[],
  expected: readonly Tensor[] | undefined,
  { plan, request }: { plan: Plan; request: number },
): void {
  const wrong = expected === undefined ? undefined : compareAnswers(answer, expected);
  if (wrong === undefined) return;
  throw new Failure(
    'measurement',
    'baseline-wrong',
    `the committed config.pbtxt answers request ${request + 1} of ${plan.load.input} with ${wrong === 'wrong-shape' ? 'another shape' : 'other values'} than expected`,
    { hint: 'correct the expected outputs (validation_data) or the model; nothing can be compared before that' },
  );
}

function unanswered(error: KServeError, { load }: Plan): Failure {
  return new Failure(
    'server',
    'baseline-refused',
    `the server does not answer a request of the plan: ${error.reason}`,
    {
      hint: `it is one of ${load.batchSize} rows from ${load.input}; load.batchSize and load.input in the plan decide that`,
      cause: error,
    },
  );
}

async function look(
  candidate: Candidate,
  inForce: InForce,
  workload: Workload,
  context: PreflightContext,
): Promise<Preflight> {
  const { plan, instruments, signal } = context;
  const variantId = candidate.variant.id;
  const load = loadOf(plan);
  const first = await measureSlice({ load }, inForce, lookTiming, { plan, workload, instruments, signal });
  const slow = first.latency.p50Ns / 1e6 > slowMs;
  const cycles = Math.max(secondLookCycles, secondLookAnswers / plan.load.concurrency);
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
  const { server } = measurement;
  return {
    variantId,
    outcome: 'accepted',
    proof: proveSettings(candidate, inForce.log),
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
