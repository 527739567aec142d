import { z } from 'zod';

/**
 * What the files of a run folder must hold at the least for a report to be made of them. They were written by this tool,
 * but they are files: cut, edited, or made by someone who wants a name in them to be a path.
 */
const id = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/);
const amount = z.number().min(0);
const whole = z.int().min(0);
const texts = z.array(z.string());

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
  objective: z.looseObject({
    direction: z.enum(['maximize', 'minimize']),
    metric: z.enum(['throughput', 'latency.mean', 'latency.p50', 'latency.p99']),
  }),
  constraints: z.array(
    z.looseObject({ metric: z.enum(['latency.mean', 'latency.p50', 'latency.p99']), atMostNs: amount }),
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
  engine: z.looseObject({
    kind: z.string(),
    version: z.string(),
    backend: z.string(),
    transferable: z.boolean(),
    command: texts,
  }),
  applied: z.enum(['reload', 'restart']),
  design: z.looseObject({
    blocks: z.int().min(1),
    slicesPerBlock: z.int().min(1),
    warmupMs: amount,
    sliceMs: z.record(z.string(), amount),
    blockMs: amount,
    trialMs: amount,
    procedure: z.enum(['fixed', 'staged']),
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

const slice = z.looseObject({
  stage: z.enum(['screen', 'confirm']),
  round: whole,
  block: z.int().min(1),
  attempt: z.int().min(1),
  order: whole,
  variantId: id,
});
const sliceLine = z.looseObject({ kind: z.literal('slice'), slice, at: z.iso.datetime() });
const blockLine = z.looseObject({ block: z.int().min(1), attempt: z.int().min(1) });

export const journalLineSchema = z.union([
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
