import { z } from 'zod';

/** The published JSON Schema in schema/ is generated from this. */
export const loadSchemaVersion = 1;

const ns = z.number().nullable().describe('ns; null where there is none');
const latency = z
  .strictObject({ count: z.int(), mean: ns, min: ns, p50: ns, p90: ns, p95: ns, p99: ns, p999: ns, max: ns })
  .describe('Of all windows together; percentiles within 0.1 %, the others exact');

const pacing = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('closed'), concurrency: z.int() }),
  z.strictObject({ kind: z.literal('constant'), requestsPerSecond: z.number() }),
  z.strictObject({ kind: z.literal('poisson'), requestsPerSecond: z.number(), seed: z.int() }),
  z.strictObject({ kind: z.literal('trace'), file: z.string() }),
  z.strictObject({
    kind: z.literal('ramp'),
    fromPerSecond: z.number(),
    toPerSecond: z.number(),
    durationNs: z.number(),
  }),
]);

const schedule = z.strictObject({
  offeredPerSecond: z.number(),
  intendedCount: z.int(),
  droppedCount: z.int(),
  failedCount: z.int(),
  inFlightLimit: z.int(),
  whenFull: z.enum(['wait', 'drop']),
  fromSendNs: latency,
  latenessNs: latency,
  backlogGrew: z.boolean(),
});

const server = z.strictObject({
  requestCount: z.int(),
  meanNs: z.number(),
  queueNs: z.number(),
  computeInputNs: z.number(),
  computeInferNs: z.number(),
  computeOutputNs: z.number(),
  networkNs: z.number().describe("What these leave of the client's mean, from the send to the answer"),
  meanBatch: z.number().nullable(),
  cacheHitCount: z.int(),
});

const level = z.strictObject({
  pacing,
  level: z.number().describe('Concurrency of a closed loop, requests per second of an open one'),
  batchSize: z.int(),
  durationMs: z.number(),
  requestCount: z.int(),
  requestsPerSecond: z.number(),
  inferencesPerSecond: z.number(),
  latencyNs: latency.describe('From the send in a closed loop, from the intended start in an open one'),
  stabilizingNs: ns.describe('The percentile asked for, else the mean; ns'),
  errors: z.record(z.string(), z.int()).describe('Failed requests by kind'),
  failedCount: z.int(),
  checkedCount: z.int(),
  schedule: schedule.nullable().describe('Of an open loop'),
  server: server.nullable(),
  client: z.strictObject({
    threadCount: z.int(),
    busyRatio: z.number(),
    runQueueWaitRatio: z.number().nullable(),
    cpuPerRequestNs: z.number().nullable(),
    gcPauseMaxNs: z.number(),
  }),
  windows: z.array(
    z.strictObject({
      startedAt: z.string(),
      requestCount: z.int(),
      requestsPerSecond: z.number(),
      meanNs: ns,
      failedCount: z.int(),
    }),
  ),
  spreadRatio: z.number().nullable(),
  meetsThreshold: z.boolean().nullable(),
  invalid: z.array(z.string()),
  notes: z.array(z.string()),
});

const subject = z.strictObject({
  address: z.string(),
  protocol: z.enum(['http', 'grpc']),
  transport: z.enum(['http', 'grpc', 'http-undici', 'grpc-js']),
  tls: z.boolean(),
  compression: z.enum(['none', 'gzip', 'deflate']),
  proxy: z.string().nullable(),
  connections: z.enum(['own', 'shared']),
  model: z.string(),
  modelVersion: z.string().nullable(),
  server: z.strictObject({ name: z.string(), version: z.string() }),
  batchSize: z.int(),
  input: z.string(),
  distinctRequestCount: z.int(),
  checksValues: z.boolean(),
});

const search = z.strictObject({
  highest: z.number().nullable(),
  beyond: z.number().nullable(),
  complete: z.boolean(),
  levels: z.array(
    z.strictObject({
      level: z.number(),
      passCount: z.int(),
      failCount: z.int(),
      verdict: z.enum(['passes', 'fails', 'undecided']).nullable(),
    }),
  ),
  measurementCount: z.int(),
});

/** What `tritune load --json` prints. */
export const loadDocumentSchema = z.strictObject({
  schemaVersion: z.literal(loadSchemaVersion),
  tool: z.strictObject({ name: z.literal('tritune'), version: z.string() }),
  subject,
  percentile: z.number().nullable(),
  thresholdNs: z.number().nullable(),
  interrupted: z.boolean(),
  valid: z.boolean(),
  search: search.nullable(),
  levels: z.array(level),
});
