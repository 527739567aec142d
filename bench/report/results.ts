import { z } from 'zod';

/** `results.json`: what a sweep found. The published JSON Schema in schema/ is generated from this. */
export const schemaVersion = 1;

/** Why variants come into force in the way they do; `appliedSentence` has the words. */
export const applyReasons = [
  /** The plan says so. */
  'asked',
  /** Kept: all variants are one configuration under different loads. */
  'load-alone',
  /** Colocated: loading takes too much of a slice, and the copies fit. */
  'load-cost',
  /** Reloaded: the server was there before, and what it serves can only be replaced. */
  'attached',
  /** Reloaded: that costs little. */
  'cheap-load',
  /** Reloaded: of a variant that is measured once in a block the load is paid once in any case. */
  'one-slice',
  /** Reloaded: variants differ in flags of the server, so that not all of them can lie side by side. */
  'flags',
  /** Reloaded: instances lie on a GPU, whose memory is not looked at. */
  'gpu',
  /** Reloaded: the copies would take too much of the memory. */
  'memory',
  /** Reloaded: the server is no process of this host, so that its memory is not known. */
  'memory-unknown',
  /** Reloaded: the server did not take all copies side by side. */
  'copies-refused',
] as const;

export type ApplyReason = (typeof applyReasons)[number];

const applied = z.strictObject({
  way: z.enum(['reload', 'restart', 'colocate', 'keep']).describe('How variants came into force in each slice'),
  because: z.enum(applyReasons),
  loadRatio: z.number().nullable().describe('Mean time of a load by the mean time of the rest of a slice'),
  neededBytes: z.number().nullable().describe('Memory that copies of all variants were seen to need'),
  freeBytes: z.number().nullable(),
});

/** Why server and client had the CPUs that they had; `placementSentence` has the words. */
export const placementReasons = ['asked', 'auto', 'few-cores', 'no-taskset', 'elsewhere'] as const;

const placement = z.strictObject({
  divided: z.boolean().describe('Whether server and client had CPUs of their own'),
  because: z.enum(placementReasons),
  server: z.string().describe('The CPUs that the server was bound to, or might use: "0-13,16-29"'),
  client: z.string(),
  serverCpuCount: z.number(),
  clientCpuCount: z.number(),
  serverCoreCount: z.number(),
  clientCoreCount: z.number(),
  memoryNodes: z.string().nullable().describe("NUMA nodes that the server's memory was bound to"),
  narrowed: z.boolean().describe('The server might not use all CPUs of the host'),
  siblingsKnown: z.boolean().describe('false where the kernel does not tell which CPUs share a core'),
  splitCores: z.boolean().describe('Some core has CPUs of both sides, or some that belong to neither'),
});

/** A point with its interval; nulls where too few blocks allow none. In the metric's own unit. */
const estimate = z.strictObject({
  point: z.number().nullable(),
  lower: z.number().nullable(),
  upper: z.number().nullable(),
  confidence: z.number(),
});

const settings = z.record(z.string(), z.unknown());

const latency = z.strictObject({
  mean: estimate.describe('Geometric mean over blocks, ns'),
  p50: estimate,
  p99: estimate,
  p90: z.number().nullable().describe('From the merged histograms of all blocks, ns'),
  p95: z.number().nullable(),
  p999: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  pooledP50: z.number().nullable(),
  pooledP99: z.number().nullable(),
  requestsPerBlock: z.number().describe('Fewest valid requests in a block: a p99 is claimed from 662 on'),
});

const comparison = z.strictObject({
  gain: estimate.describe(
    'Ratio to the baseline minus 1, larger is better (of a latency: baseline / variant - 1); the interval and its confidence hold for all comparisons at once',
  ),
  pHolm: z
    .number()
    .nullable()
    .describe("One-sided, at the last look; what it must not exceed is that look's part of alpha, not alpha itself"),
  better: z.boolean(),
  inBestSet: z.boolean(),
});

/** Mean per inference request, from the server's own statistics. */
const server = z.strictObject({
  queueNs: z.number(),
  computeInputNs: z.number(),
  computeInferNs: z.number(),
  computeOutputNs: z.number(),
  meanBatch: z.number(),
  executionCount: z.number(),
  cacheHitCount: z.number(),
});

const known = z.number().nullable();

/** How the processor time of a server was seen; `resourceRow` has the words. */
export const cpuSources = ['threads', 'processes', 'cgroup', 'metrics'] as const;

/** What the server took, over all valid slices; nulls where it could not be seen. */
const resources = z.strictObject({
  cpuSource: z.enum(cpuSources).nullable(),
  cpuCores: known.describe('CPU seconds of the server per second of the windows'),
  residentBytes: known.describe(
    'Most resident memory of its processes at the end of a slice; pages that they share count for each',
  ),
  hostCpuRatio: known.describe('Mean of nv_cpu_utilization, which Triton brings up to date every 2 s'),
  hostMemoryUsedBytes: known.describe('Most of nv_cpu_memory_used_bytes'),
  pendingRequestCount: known.describe('Most of nv_inference_pending_request_count, before and after the load'),
  failures: z
    .array(z.strictObject({ reason: z.string(), count: z.number() }))
    .nullable()
    .describe('nv_inference_request_failure, warm-up included'),
  cacheHitCount: known.describe('Of the response cache, warm-up included'),
  cacheMissCount: known,
  gpus: z.array(
    z.strictObject({
      uuid: z.string(),
      name: z.string(),
      utilisationRatio: known.describe('Mean of both readings of each slice, like the others'),
      powerW: known,
      temperatureC: known,
      smClockMhz: known,
      memoryClockMhz: known,
      memoryUsedBytes: known.describe('The most'),
      throttledBy: z.array(z.string()),
    }),
  ),
});

const proof = z.strictObject({
  path: z.string(),
  status: z.enum(['verified', 'observed', 'accepted, effect unknown']),
});

const load = z.strictObject({
  description: z.string().describe('"closed loop, 8 outstanding, batch 1, HTTP"'),
  concurrency: z.number(),
  batchSize: z.number(),
  protocol: z.string(),
});

/** The level of a variant and what it was chosen from; none of these slices enters an estimate. */
const capacity = z.strictObject({
  level: z.number().nullable().describe('Requests outstanding in its slices; null where no level keeps the limits'),
  holds: z
    .enum(['shown', 'likely', 'no'])
    .describe(
      'Whether the limits were shown to hold there; likely: time was up before that; no: not even the lowest level keeps them',
    ),
  reason: z.string().nullable().describe('Why no level keeps the limits'),
  ladder: z.array(
    z.strictObject({
      outstanding: z.number(),
      outcome: z.enum(['holds', 'does not hold', 'open']),
      slices: z.number(),
      throughput: z.number().nullable().describe('Inferences per second, geometric mean over slices'),
    }),
  ),
});

const limit = z.strictObject({
  metric: z.string(),
  atMostNs: z.number().nullable().describe('Of a latency; null of the others'),
  atLeast: z.number().nullable().describe('Of throughput, inferences per second; null of the others'),
  atMostCpuSeconds: z.number().nullable().describe('Of cost, per 1 000 inferences; null of the others'),
});

const variant = z.strictObject({
  id: z.string(),
  baseline: z.boolean(),
  settings,
  serverFlags: z.array(z.string()).describe('What its settings put on the command line of the server'),
  load: load.describe('What its slices were sent; that of the plan, unless the variant has one or a level of its own'),
  differsIn: z
    .array(z.enum(['configuration', 'server', 'load']))
    .describe(
      'What of it is not as in the baseline, `server`: flags of the server; of a load alone, the comparison is one of loads',
    ),
  status: z.enum([
    'measured',
    'screened out',
    'unstable',
    'refused',
    'excluded',
    'merged',
    'over the limit',
    'unmeasured',
  ]),
  reason: z.string().nullable().describe('Why it is not measured'),
  capacity: capacity.nullable().describe('Where the objective is a capacity and the levels were chosen'),
  proof: z.array(proof).describe('How each setting was seen to be in force'),
  throughput: estimate.describe('Inferences per second, geometric mean over blocks'),
  latencyNs: latency,
  cpuSecondsPer1000: estimate.describe(
    'Cost: CPU seconds of the server per 1 000 inferences, geometric mean over blocks; nulls where its processor time is not known',
  ),
  comparison: comparison.nullable().describe('In confirm; null for those that did not get there'),
  screen: z
    .strictObject({
      blocks: z.number(),
      gain: z
        .number()
        .describe(
          'Ratio to the baseline in the same blocks, minus 1: it chose the finalists, nothing is claimed of it',
        ),
    })
    .nullable(),
  requestCount: z.number(),
  errors: z.record(z.string(), z.number()).describe('Failed requests by kind, in invalid slices'),
  invalidSliceCount: z.number(),
  loadMs: z
    .number()
    .nullable()
    .describe('Median time to put it in force; null where the model stays loaded for all variants'),
  firstRequestNs: z.number().nullable().describe('Median latency of the first request after that'),
  sliceMs: z.number().nullable(),
  server: server.nullable(),
  resources: resources.nullable().describe('null of slices that were measured before this was looked at'),
  constraints: z.array(
    limit.extend({
      outcome: z.enum(['holds', 'fails', 'undecided']),
      value: z.number().nullable().describe('Of a percentile the share of requests above the limit, else the estimate'),
    }),
  ),
});

const verdict = z.strictObject({
  objective: z
    .string()
    .describe(
      "What was decided on: the plan's objective, or a lower percentile where too few requests were affordable",
    ),
  kind: z.enum([
    'WINNER',
    'TIED_SET',
    'BETTER_TIED_AT_RESOLUTION',
    'SHORT_SLICE_BIAS',
    'NO_IMPROVEMENT',
    'INCONCLUSIVE',
    'INVALID',
  ]),
  reason: z.string().nullable(),
  pick: z.string(),
  better: z.array(z.string()),
  bestSet: z.array(z.string()),
  tied: z
    .array(z.string())
    .describe(
      'Better, in the best set, and shown to be within the practical margin of the best: what TIED_SET is about',
    ),
  largestPossibleGain: z.number().nullable().describe('Ratio minus 1'),
  resolution: z.number().nullable().describe('Ratio minus 1: differences that these blocks cannot tell apart'),
  undecided: z.array(z.string()),
  blocks: z.number(),
  blocksNeeded: z.number().nullable().describe('Further blocks that would probably decide'),
  minutesNeeded: z.number().nullable(),
  alpha: z.number(),
  practicalMargin: z.number(),
});

/** The run that this one goes on from, on fresh blocks alone. */
const continues = z.strictObject({
  folder: z.string().describe("Relative to this run's folder"),
  startedAt: z.string(),
  sha256: z.string().describe('Of its run.json and journal.jsonl, one after the other'),
  alphaOverAttempts: z
    .number()
    .describe(
      'The probability that any of the attempts so far claims a gain where there is none; alpha is that of this one',
    ),
  carried: z.array(z.string()).describe('Variants that are measured again; the others were added'),
  seeded: z.string().nullable().describe('The one of them that no screen could lose'),
});

const diagnostic = z.strictObject({
  kind: z.string().describe('At most one entry of each kind'),
  variantIds: z.array(z.string()).describe('Those that it is about; none where it is about the run'),
  message: z.string(),
  advice: z.string(),
});

const afterPart = z.enum(['soak', 'range', 'client']);
const afterGain = estimate
  .nullable()
  .describe(
    'Of the variant over the baseline, ratio minus 1, larger is better; null where too few blocks were measured',
  );

/** What was asked of a claimed variant after the verdict; none of it enters the estimates above. */
const after = z.strictObject({
  finished: z.boolean().describe('false where the run was interrupted in it, or before it began'),
  variantId: z.string().nullable().describe('The variant that was claimed; null where none was, and nothing follows'),
  soak: z
    .strictObject({
      outcome: z
        .enum(['holds', 'less', 'below', 'above', 'undecided', 'broken'])
        .describe('Against the confirmed interval; broken: its requests failed. below and broken withdraw the claim'),
      constraints: z
        .array(
          limit.extend({
            outcome: z.enum(['holds', 'fails', 'undecided']),
            value: z.number().nullable(),
            baselineOutcome: z.enum(['holds', 'fails', 'undecided']),
          }),
        )
        .describe(
          "The plan's limits on the variant in long slices; one that fails withdraws the claim. holds: not beyond the limit; undecided: beyond it, but not shown to be",
        ),
      reason: z.string().nullable().describe('Why it could not be measured to its end'),
      gain: afterGain,
      confirmed: afterGain,
      pairs: z.number(),
      sliceMs: z.number(),
    })
    .nullable()
    .describe('Long slices of the variant and the baseline in turns'),
  range: z
    .strictObject({
      from: z.number().describe('Requests outstanding'),
      to: z.number(),
      turnsAt: z.array(z.number()).describe('Where the baseline is the better one'),
      levels: z.array(
        z.strictObject({
          pacing: z.enum(['closed', 'open']),
          concurrency: z.number().nullable(),
          requestsPerSecond: z.number().nullable().describe('Of the open loop, where the gain is one in latency'),
          outcome: z.enum(['holds', 'turns round', 'undecided']),
          gain: afterGain,
          blocks: z.number(),
        }),
      ),
    })
    .nullable()
    .describe('The gain under other loads'),
  client: z
    .strictObject({
      dependent: z.boolean().describe('Another of the finalists, or the baseline, is better with another client'),
      loads: z.array(
        z.strictObject({
          transport: z.string(),
          threads: z.number(),
          gain: afterGain,
          ahead: z.array(z.string()).describe('Those that are better than the variant there'),
          blocks: z.number(),
        }),
      ),
    })
    .nullable(),
  skipped: z.array(z.strictObject({ part: afterPart, reason: z.enum(['asked', 'budget', 'unavailable']) })),
});

/** One block: what each variant was in it, in the order of its slices. */
const block = z.strictObject({
  block: z.number(),
  stage: z.enum(['screen', 'confirm']),
  round: z.number(),
  startedAt: z.string(),
  order: z.array(z.string()),
  values: z.record(
    z.string(),
    z.strictObject({
      score: z
        .number()
        .describe('ln of the objective, turned so that larger is better: what the verdict is computed from'),
      throughput: z.number(),
      meanNs: z.number(),
      p50Ns: z.number(),
      p90Ns: z.number(),
      p95Ns: z.number(),
      p99Ns: z.number(),
      cpuSecondsPer1000: z.number().nullable(),
    }),
  ),
});

export const resultsSchema = z.strictObject({
  schemaVersion: z.literal(schemaVersion),
  tool: z.strictObject({ name: z.literal('tritune'), version: z.string() }),
  attempt: z.number().describe('1, and one more for each run that this one goes on from'),
  continues: continues.nullable(),
  plan: z.strictObject({
    name: z.string(),
    model: z.string(),
    objective: z
      .string()
      .describe(
        '"maximize throughput", "minimize latency.p99", "weighted 0.7 throughput, 0.3 latency.p99", "capacity where latency.p99 at most 5 ms"',
      ),
    constraints: z.array(z.string()),
    goal: z.enum(['improve', 'best']),
    budgetMs: z.number().nullable(),
    seed: z.number(),
    apply: z.string(),
    expectEqual: z.boolean().describe('An A/A plan: the variants are the same on purpose'),
    load: load.extend({ input: z.string() }).describe('Of the baseline, and of each variant without one of its own'),
    source: z.string().describe('The plan file as it was read'),
    file: z.string(),
  }),
  engine: z.strictObject({
    kind: z.string(),
    version: z.string(),
    backend: z.string(),
    transferable: z.boolean(),
    command: z.array(z.string()),
    sharedProcess: z
      .literal(true)
      .exactOptional()
      .describe('All blocks ran on one server process: what differs from process to process is in no interval'),
  }),
  run: z.strictObject({
    applied,
    placement,
    startedAt: z.string(),
    finishedAt: z.string(),
    durationMs: z.number(),
    complete: z.boolean().describe('false where the run was interrupted'),
    procedure: z
      .enum(['fixed', 'staged'])
      .describe(
        'So many blocks of every variant and one look; or a screen, then confirm on fresh blocks with several looks',
      ),
    blocksPlanned: z.number().describe('Of confirm, at the most'),
    screenBlocks: z.number().describe('Measured to choose the finalists; no claim rests on them'),
    finalists: z.array(z.string()).describe('Variants that were measured in confirm'),
    reduced: z
      .array(z.string())
      .describe('What the budget took away: slice length, percentile, slices, screen, finalists, blocks'),
    resolvableAtStart: z
      .number()
      .nullable()
      .describe("Ratio minus 1 that the sweep could be expected to find with 80 % power, from the pilot's noise"),
    pilot: z
      .strictObject({
        sliceSd: z.number().describe('Standard deviation of a slice inside one server process, log scale'),
        blockSd: z
          .number()
          .describe(
            'Of what differs between server processes beside, as far as so few of them can tell it from nothing',
          ),
        sliceCount: z.number(),
        processCount: z.number(),
        warmup: z.strictObject({
          why: z
            .enum(['settled', 'restless', 'bounded', 'executions', 'unseen'])
            .describe(
              'What set the warm-up: when the slowest variant settled, as late as could be told, the budget, the executions of each instance; or nothing was seen',
            ),
          settledMs: z
            .record(z.string(), z.number().nullable())
            .describe('When the load settled, of the variants that were watched; null where too few answers came'),
        }),
      })
      .nullable(),
    slicesPerBlock: z.number().describe('In confirm'),
    screenSlices: z.number().describe('In the screen'),
    resolvable: z
      .number()
      .nullable()
      .describe('Ratio minus 1 that these blocks resolve with 80 % power, from the noise seen'),
    residualSd: z.number().nullable().describe('Standard deviation of one variant in one block, log scale'),
    warmupMs: z.number(),
    sliceCount: z.number(),
    ladderSlices: z.number().describe('Slices that the levels were chosen from; not among the others'),
    invalidSliceCount: z.number(),
    command: z.string().describe('What repeats this run'),
    nextCommand: z.string().nullable().describe('What measures the blocks that an inconclusive verdict still needs'),
  }),
  verdict,
  after,
  variants: z.array(variant),
  diagnostics: z.array(diagnostic),
  blocks: z.array(block),
  environment: z.record(z.string(), z.unknown()).describe('Host, versions, hashes, git state'),
  config: z.strictObject({
    baseline: z.string().describe('The committed config.pbtxt'),
    pick: z.string().describe("The pick's config.pbtxt"),
  }),
});

export type Results = z.infer<typeof resultsSchema>;
export type AfterResult = Results['after'];
export type VariantResult = Results['variants'][number];
export type VerdictResult = z.infer<typeof verdict>;
export type ResourcesResult = NonNullable<VariantResult['resources']>;
export type EstimateResult = z.infer<typeof estimate>;
