import { exitCodes, Failure, messageOf } from '../failure.ts';
import { KServeError, type ModelMetadata } from '../kserve/client.ts';
import type { Tensor } from '../kserve/tensors.ts';
import { compareAnswers } from '../load/answers.ts';
import type { InputData } from '../load/data/input-data.ts';
import { type Workload as MadeWorkload, makeWorkload, plainOptions } from '../load/data/workload.ts';
import type { Load, Plan } from '../plan/plan.ts';
import type { Candidate } from './candidates.ts';
import type { InForce } from './deployment.ts';
import { inferInParts } from './infer-in-parts.ts';
import { loadOf } from './load-of.ts';
import type { Workload } from './slice.ts';

/** The requests of a run and their right answers, by batch size; for a size of which there are none, why. */
export type Workloads = ReadonlyMap<number, Workload | NoWorkload>;
type NoWorkload = { readonly refused: string };

export type WorkloadContext = {
  readonly plan: Plan;
  readonly data: InputData;
  /** Of all that may be measured; see batchSizesOf. */
  readonly batchSizes: readonly number[];
  readonly signal: AbortSignal;
};

/** The batch sizes that a run needs requests of. */
export function batchSizesOf(plan: Plan, candidates: readonly Candidate[]): number[] {
  return [...new Set(candidates.map(({ variant }) => loadOf(plan, variant).batchSize))];
}

/** What is sent under a load. A variant without a workload was refused when it was looked at. */
export function workloadFor(workloads: Workloads, { batchSize }: Pick<Load, 'batchSize'>): Workload {
  const found = workloads.get(batchSize);
  if (found === undefined || 'refused' in found) throw new Error(`there are no requests of batch ${batchSize}`);
  return found;
}

/**
 * Makes the requests of every batch size and has the baseline, which is in force, answer them: that is what every later answer
 * is compared with. A batch larger than the baseline takes is asked for in parts.
 * @throws Failure for the baseline's own batch size: usage where the data does not fit, server where it is not answered,
 * measurement where the answers are not what the data expects.
 */
export async function recordWorkloads(baseline: InForce, context: WorkloadContext): Promise<Workloads> {
  const { plan, batchSizes } = context;
  const metadata = await baseline.server.control.modelMetadata(baseline.model);
  const workloads = new Map<number, Workload | NoWorkload>();
  const own = await recordOwn({ baseline, metadata }, context);
  workloads.set(plan.load.batchSize, own);
  for (const batchSize of batchSizes.filter((each) => each !== plan.load.batchSize))
    workloads.set(batchSize, await recordOther({ baseline, metadata }, { ...context, batchSize, own }));
  return workloads;
}

type Asked = { readonly baseline: InForce; readonly metadata: ModelMetadata };

async function recordOwn(
  { baseline: { server, model }, metadata }: Asked,
  context: WorkloadContext,
): Promise<Workload> {
  const { plan, data } = context;
  const made = makeWorkload(data, metadata, plan.load.batchSize);
  try {
    return await answered(made, (inputs) => server.control.infer(model, inputs), context);
  } catch (error) {
    throw error instanceof KServeError ? unanswered(error, plan) : error;
  }
}

type Other = WorkloadContext & { readonly batchSize: number; readonly own: Workload };

async function recordOther({ baseline, metadata }: Asked, other: Other): Promise<Workload | NoWorkload> {
  const { data, batchSize, own } = other;
  const { control } = baseline.server;
  const most = Number(baseline.served.max_batch_size ?? 0);
  const rowsMost = most > 0 ? most : Number.POSITIVE_INFINITY;
  try {
    const options = { ...plainOptions, distinctRequestCount: wantedOf(own, batchSize) };
    const made = makeWorkload(data, metadata, batchSize, options);
    const infer = (inputs: readonly Tensor[]) => control.infer(baseline.model, inputs);
    return await answered(made, (inputs) => inferInParts(infer, inputs, rowsMost), other);
  } catch (error) {
    const told = error instanceof KServeError ? error.reason : messageOf(error);
    const isOfBatch = error instanceof KServeError || (error instanceof Failure && ofBatch.includes(error.exitCode));
    if (!isOfBatch) throw error;
    return { refused: `there are no right answers to compare batches of ${batchSize} with: ${told}` };
  }
}

/** What does not fit the model, and what is not answered as it should be. */
const ofBatch: readonly number[] = [exitCodes.usage, exitCodes.measurement];

type Infer = (inputs: readonly Tensor[]) => Promise<Tensor[]>;

async function answered(
  { inputs, expected }: MadeWorkload,
  infer: Infer,
  { plan, signal }: WorkloadContext,
): Promise<Workload> {
  const answers: Tensor[][] = [];
  for (const [request, tensors] of inputs.entries()) {
    signal.throwIfAborted();
    const answer = await infer(tensors);
    checkExpected(answer, expected?.[request], { plan, request });
    answers.push(answer);
  }
  return { inputs, answers };
}

/** Fewer than that would be few different rows for a large batch. */
const fewestRequests = 16;

/** As many rows in all as in the requests of the baseline's batch size, so that no other one needs more memory. */
function wantedOf({ inputs }: Workload, batchSize: number): number {
  const rows = inputs.reduce((sum, [first]) => sum + (first?.shape[0] ?? 1), 0);
  return Math.max(Math.min(fewestRequests, inputs.length), Math.ceil(rows / batchSize));
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
