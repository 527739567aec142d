import { z } from 'zod';

/**
 * What the files of a run folder must hold at the least for a report to be made of them. They were written by this tool,
 * but they are files: cut, edited, or made by someone who wants a name in them to be a path.
 */
const id = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/);
const amount = z.number().min(0);
const whole = z.int().min(0);
const texts = z.array(z.string());

const latencyMetric = z.enum(['latency.mean', 'latency.p50', 'latency.p90', 'latency.p95', 'latency.p99']);
const term = z.looseObject({
  direction: z.enum(['maximize', 'minimize']),
  metric: z.union([z.literal('throughput'), latencyMetric]),
});
const objective = z.union([
  term.extend({ kind: z.literal('single') }),
  z.looseObject({ kind: z.literal('weighted'), terms: z.array(term.extend({ weight: z.number().gt(0) })).min(1) }),
]);

const plan = z.looseObject({
  name: id,
  model: id,
  modelRepository: z.string(),
  engine: z.looseObject({ kind: z.string(), path: z.string().nullable(), flags: texts }),
  apply: z.string(),
  load: z.looseObject({
    protocol: z.enum(['http', 'grpc', 'http-undici', 'grpc-js']),
    concurrency: z.int().min(1),
    batchSize: z.int().min(1),
    input: z.string(),
    requestTimeoutMs: amount,
  }),
  objective,
  constraints: z.array(
    z.union([
      z.looseObject({ metric: latencyMetric, atMostNs: amount }),
      z.looseObject({ metric: z.literal('throughput'), atLeastPerSecond: z.number().gt(0) }),
    ]),
  ),
  goal: z.enum(['improve', 'best']),
  practicalMargin: amount,
  alpha: z.number().gt(0).lt(0.5),
  budgetMs: amount.nullable(),
  blocks: z.int().min(1).nullable(),
  slicesPerBlock: z.int().min(1),
  seed: whole,
  expectEqual: z.boolean(),
  variants: z.array(z.looseObject({ id, settings: z.record(z.string(), z.unknown()) })),
});

const look = z.discriminatedUnion('outcome', [
  z.looseObject({ variantId: id, outcome: z.literal('refused'), reason: z.string() }),
  z.looseObject({
    variantId: id,
    outcome: z.literal('accepted'),
    proof: z.array(z.looseObject({ path: z.string(), status: z.string() })),
  }),
]);

export const recordSchema = z.looseObject({
  tool: z.looseObject({ version: z.string() }),
  startedAt: z.iso.datetime(),
  plan,
  planFile: z.string(),
  planSource: z.string(),
  command: z.string(),
  folder: z.string(),
  continues: z
    .looseObject({
      attempt: z.int().min(2),
      folder: z.string(),
      startedAt: z.iso.datetime(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      alphaBefore: z.number().gt(0).lt(1),
      carried: z.array(id).min(1),
      seeded: id.nullable(),
    })
    .nullable(),
  engine: z.looseObject({
    kind: z.string(),
    version: z.string(),
    backend: z.string(),
    transferable: z.boolean(),
    command: texts,
  }),
  applied: z.enum(['reload', 'restart']),
  after: z.looseObject({ soak: z.boolean() }),
  design: z.looseObject({
    blocks: z.int().min(1),
    slicesPerBlock: z.int().min(1),
    warmupMs: amount,
    sliceMs: z.record(z.string(), amount),
    blockMs: amount,
    trialMs: amount,
    screenSlices: z.int().min(1),
    screenTrialMs: amount,
    reservedSoakSliceMs: amount,
    procedure: z.enum(['fixed', 'staged']),
    objective,
    confirmLooks: z.array(z.int().min(2)).min(1),
    screenBlocks: whole,
    finalists: whole,
    reduced: texts,
    resolvable: amount.nullable(),
  }),
  looks: z.array(look),
  setAside: z.array(z.looseObject({ variantId: id, status: z.enum(['excluded', 'merged']), reason: z.string() })),
  noiseFloor: z.looseObject({ residualSd: amount, slicesPerBlock: z.int().min(1), measuredAt: z.string() }).nullable(),
  pilot: z.looseObject({ sliceSd: amount, sliceCount: whole, elapsedMs: amount }).nullable(),
  configs: z.record(z.string(), z.string()),
  costs: z.record(z.string(), z.array(z.number())),
  environment: z.record(z.string(), z.unknown()),
  warnings: texts,
});

const counter = z.looseObject({ count: z.number(), ns: z.number() });

const measured = z.looseObject({
  requestCount: whole,
  requestsPerSecond: amount,
  inferencesPerSecond: amount,
  warmup: z.looseObject({ firstRequestNs: amount }),
  latency: z.looseObject({
    count: whole,
    sumNs: amount,
    minNs: amount,
    maxNs: amount,
    histogram: z.string(),
  }),
  aboveLimits: z.array(z.looseObject({ limitNs: amount, count: whole })),
  errors: z.record(z.string(), whole),
  pressureRatio: amount,
  client: z.looseObject({ eventLoopUtilization: amount, runQueueWaitRatio: amount.nullable() }),
  hostProbe: z.looseObject({ iterationsPerUs: amount }),
  loadMs: amount,
  server: z
    .looseObject({
      success: counter,
      queue: counter,
      computeInput: counter,
      computeInfer: counter,
      computeOutput: counter,
      inferenceCount: z.number(),
      executionCount: z.number(),
      cacheHitCount: z.number(),
    })
    .nullable(),
  invalid: texts,
});

const measurement = measured.refine(
  ({ invalid, inferencesPerSecond, latency }) =>
    invalid.length > 0 || (inferencesPerSecond > 0 && latency.count > 0 && latency.sumNs > 0),
  'a valid slice has answers',
);

const part = z.enum(['soak', 'range', 'client']);
const place = {
  round: whole,
  block: z.int().min(1),
  attempt: z.int().min(1),
  order: whole,
  variantId: id,
};
const slice = z.union([
  z.looseObject({ stage: z.enum(['screen', 'confirm']), ...place }),
  z.looseObject({ stage: z.literal('after'), after: part, ...place }),
]);
const sliceLine = z.looseObject({ kind: z.literal('slice'), slice, at: z.iso.datetime() });
const blockLine = z.looseObject({ block: z.int().min(1), attempt: z.int().min(1) });

const pacing = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('closed'), concurrency: z.int().min(1) }),
  z.looseObject({ kind: z.literal('poisson'), requestsPerSecond: z.number().gt(0) }),
]);
const load = z.looseObject({
  load: z.looseObject({ pacing, batchSize: z.int().min(1), transport: z.enum(['http', 'grpc']) }),
  threads: z.int().min(1),
  sliceMs: amount,
});
const afterPlan = z.looseObject({
  pick: id,
  parts: z
    .array(
      z.looseObject({
        part,
        variantIds: z.array(id).min(2),
        loads: z.array(load).min(1),
        blocks: z.int().min(1).max(1_000),
      }),
    )
    .max(3),
  skipped: z.array(z.looseObject({ part, reason: z.enum(['asked', 'budget', 'unavailable']) })).max(3),
});
const afterLine = z.looseObject({ kind: z.literal('after'), at: z.iso.datetime() });

export const journalLineSchema = z.union([
  afterLine.extend({ status: z.literal('planned'), plan: afterPlan }),
  afterLine.extend({ status: z.literal('left'), part, round: z.int().min(1), variantId: id, reason: z.string() }),
  afterLine.extend({ status: z.literal('ended'), part, reason: z.enum(['complete', 'budget']) }),
  sliceLine.extend({ status: z.literal('measured'), measurement }),
  sliceLine.extend({ status: z.literal('failed'), failure: z.looseObject({ reason: z.string() }) }),
  blockLine.extend({ kind: z.literal('unstable'), variantId: id, reason: z.string() }),
  blockLine.extend({ kind: z.literal('block'), status: z.enum(['complete', 'superseded']), at: z.iso.datetime() }),
  z.looseObject({
    kind: z.literal('end'),
    reason: z.enum(['blocks', 'decided', 'budget', 'unstable']),
    at: z.iso.datetime(),
  }),
]);
