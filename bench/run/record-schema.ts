import { z } from 'zod';
import { applyReasons, placementReasons } from '../report/results.ts';
import { usageSchema } from './server-usage.ts';

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
  metric: z.union([z.enum(['throughput', 'cost']), latencyMetric]),
});
const limit = z.looseObject({ metric: latencyMetric, atMostNs: amount });
const objective = z.union([
  term.extend({ kind: z.literal('single') }),
  z.looseObject({ kind: z.literal('weighted'), terms: z.array(term.extend({ weight: z.number().gt(0) })).min(1) }),
  z.looseObject({
    kind: z.literal('capacity'),
    limits: z.array(limit).min(1),
    levels: z.array(z.int().min(1)).min(1),
  }),
]);

const ownLoad = z.looseObject({
  protocol: z.enum(['http', 'grpc', 'http-undici', 'grpc-js']),
  concurrency: z.int().min(1),
  batchSize: z.int().min(1),
});

const plan = z.looseObject({
  name: id,
  model: id,
  modelRepository: z.string(),
  engine: z.looseObject({
    kind: z.string(),
    path: z.string().nullable(),
    flags: texts,
    docker: z
      .looseObject({
        image: z.string().nullable(),
        composeFile: z.string().nullable(),
        service: z.string().nullable(),
        cpuset: z.string().nullable(),
      })
      .exactOptional(),
  }),
  apply: z.string(),
  load: ownLoad.extend({ input: z.string(), requestTimeoutMs: amount }),
  objective,
  constraints: z.array(
    z.union([
      limit,
      z.looseObject({ metric: z.literal('throughput'), atLeastPerSecond: z.number().gt(0) }),
      z.looseObject({ metric: z.literal('cost'), atMostCpuSeconds: z.number().gt(0) }),
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
  variants: z.array(
    z.looseObject({ id, settings: z.record(z.string(), z.unknown()), load: ownLoad.partial().exactOptional() }),
  ),
});

const look = z.discriminatedUnion('outcome', [
  z.looseObject({ variantId: id, outcome: z.literal('refused'), reason: z.string() }),
  z.looseObject({
    variantId: id,
    outcome: z.literal('accepted'),
    proof: z.array(z.looseObject({ path: z.string(), status: z.string() })),
  }),
]);

const pilot = z.looseObject({
  sliceSd: amount,
  blockSd: amount,
  sliceCount: whole,
  processCount: whole,
  warmup: z.looseObject({
    ms: amount,
    why: z.enum(['settled', 'restless', 'bounded', 'executions', 'unseen']),
    settledMs: z.record(id, amount.nullable()),
  }),
  elapsedMs: amount,
});

const design = z.looseObject({
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
  levels: z.record(z.string(), z.int().min(1)).nullable(),
});

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
    sharedProcess: z.literal(true).exactOptional(),
    command: texts,
  }),
  applied: z.enum(['reload', 'restart', 'colocate', 'keep']),
  apply: z.looseObject({
    because: z.enum(applyReasons),
    loadRatio: amount.nullable(),
    neededBytes: amount.nullable(),
    freeBytes: amount.nullable(),
  }),
  after: z.looseObject({ soak: z.boolean() }),
  design,
  looks: z.array(look),
  setAside: z.array(z.looseObject({ variantId: id, status: z.enum(['excluded', 'merged']), reason: z.string() })),
  noiseFloor: z
    .looseObject({
      model: z.string(),
      residualSd: amount,
      slicesPerBlock: z.int().min(1),
      blocks: z.int().min(2),
      measuredAt: z.string(),
    })
    .nullable(),
  pilot: pilot.nullable(),
  configs: z.record(z.string(), z.string()),
  costs: z.record(z.string(), z.array(z.number())),
  environment: z.record(z.string(), z.unknown()),
  placement: z.looseObject({
    divided: z.boolean(),
    because: z.enum(placementReasons),
    server: z.string(),
    client: z.string(),
    serverCpuCount: whole,
    clientCpuCount: whole,
    serverCoreCount: whole,
    clientCoreCount: whole,
    memoryNodes: z.string().nullable(),
    narrowed: z.boolean(),
    siblingsKnown: z.boolean(),
    splitCores: z.boolean(),
    unboundIds: texts,
  }),
  sharedHost: z.looseObject({ others: texts }).nullable(),
  serverWarnings: texts.exactOptional(),
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
  usage: usageSchema.exactOptional(),
  invalid: texts,
});

const measurement = measured.refine(
  ({ invalid, inferencesPerSecond, latency }) =>
    invalid.length > 0 || (inferencesPerSecond > 0 && latency.count > 0 && latency.sumNs > 0),
  'a valid slice has answers',
);

const pacing = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('closed'), concurrency: z.int().min(1) }),
  z.looseObject({ kind: z.literal('poisson'), requestsPerSecond: z.number().gt(0) }),
]);
const oneLoad = z.looseObject({
  pacing,
  batchSize: z.int().min(1),
  transport: z.enum(['http', 'grpc', 'http-undici', 'grpc-js']),
});
const part = z.enum(['soak', 'range', 'client']);
const place = {
  round: whole,
  block: z.int().min(1),
  attempt: z.int().min(1),
  order: whole,
  variantId: id,
  load: oneLoad,
};
const slice = z.union([
  z.looseObject({ stage: z.enum(['screen', 'confirm']), ...place }),
  z.looseObject({ stage: z.literal('after'), after: part, ...place }),
]);
const sliceLine = z.looseObject({ kind: z.literal('slice'), slice, at: z.iso.datetime() });
const blockLine = z.looseObject({ block: z.int().min(1), attempt: z.int().min(1) });

const load = z.looseObject({
  load: oneLoad,
  others: z.record(id, oneLoad).exactOptional(),
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

const levelsLine = z.looseObject({
  kind: z.literal('levels'),
  at: z.iso.datetime(),
  choices: z.array(
    z.looseObject({
      variantId: id,
      level: z.int().min(1).nullable(),
      holds: z.enum(['shown', 'likely', 'no']),
      reason: z.string().nullable(),
    }),
  ),
  design,
  pilot: pilot.nullable(),
});

export const journalLineSchema = z.union([
  levelsLine,
  afterLine.extend({ status: z.literal('planned'), plan: afterPlan }),
  afterLine.extend({ status: z.literal('left'), part, round: z.int().min(1), variantId: id, reason: z.string() }),
  afterLine.extend({ status: z.literal('ended'), part, reason: z.enum(['complete', 'budget']) }),
  sliceLine.extend({ status: z.literal('measured'), measurement }),
  sliceLine.extend({ status: z.literal('failed'), failure: z.looseObject({ reason: z.string() }) }),
  z.looseObject({
    kind: z.literal('server'),
    stage: z.enum(['screen', 'confirm', 'after']),
    block: z.int().min(1),
    attempt: z.int().min(1),
    pid: whole.nullable(),
    command: texts,
    told: z.record(z.string(), z.string()),
    at: z.iso.datetime(),
  }),
  blockLine.extend({ kind: z.literal('beside'), others: texts, at: z.iso.datetime() }),
  blockLine.extend({ kind: z.literal('unstable'), variantId: id, reason: z.string() }),
  blockLine.extend({ kind: z.literal('block'), status: z.enum(['complete', 'superseded']), at: z.iso.datetime() }),
  z.looseObject({ kind: z.literal('resumed'), usedMs: amount, at: z.iso.datetime() }),
  z.looseObject({
    kind: z.literal('end'),
    reason: z.enum(['blocks', 'decided', 'budget', 'unstable']),
    at: z.iso.datetime(),
  }),
]);
