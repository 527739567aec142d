import type { AfterResult, Results, VariantResult, VerdictResult } from './results.ts';
import { around, emptyVariant, measuredVariant } from './variant.fixture.ts';

export type VerdictKind = VerdictResult['kind'];

const gains: Record<VerdictKind, readonly [count2: number, count4: number, delay: number]> = {
  WINNER: [0.0923, 0.0151, -0.6304],
  TIED_SET: [0.0723, 0.0751, -0.6304],
  BETTER_TIED_AT_RESOLUTION: [0.0612, 0.0851, -0.6304],
  SHORT_SLICE_BIAS: [0.0923, 0.0151, -0.6304],
  NO_IMPROVEMENT: [-0.0412, -0.0223, -0.6304],
  INCONCLUSIVE: [0.0145, 0.0223, -0.6304],
  INVALID: [0.0145, 0.0223, -0.6304],
};

const verdicts: Record<VerdictKind, Partial<VerdictResult>> = {
  WINNER: { pick: 'count-2', better: ['count-2'], bestSet: ['count-2'], tied: ['count-2'] },
  TIED_SET: {
    pick: 'count-2',
    better: ['count-2', 'count-4'],
    bestSet: ['count-2', 'count-4'],
    tied: ['count-2', 'count-4'],
  },
  BETTER_TIED_AT_RESOLUTION: {
    pick: 'count-4',
    better: ['count-2', 'count-4'],
    bestSet: ['count-2', 'count-4'],
    resolution: 0.0341,
  },
  SHORT_SLICE_BIAS: { bestSet: ['count-2'] },
  NO_IMPROVEMENT: { largestPossibleGain: 0.0114 },
  INCONCLUSIVE: { largestPossibleGain: 0.0562, blocksNeeded: 14, minutesNeeded: 3.4 },
  INVALID: {
    reason: 'the baseline is unstable: 3 of 4 slices of block 5 had wrong answers',
    largestPossibleGain: null,
  },
};

/** Three variants beside the baseline, twelve blocks, one refused variant and one diagnostic. */
export function resultsOf(kind: VerdictKind): Results {
  const [count2, count4, delay] = gains[kind];
  const { better = [], bestSet = [] } = verdicts[kind];
  const compared = (id: string, gain: number): VariantResult['comparison'] => ({
    gain: around(gain, 0.0312),
    pHolm: better.includes(id) ? 0.0041 : 0.412,
    better: better.includes(id),
    inBestSet: bestSet.includes(id),
  });
  return {
    ...emptyRun(),
    ...(kind === 'SHORT_SLICE_BIAS' ? { after: deniedBySoak() } : {}),
    verdict: { ...emptyVerdict, kind, largestPossibleGain: 0.1235, resolution: 0.0289, ...verdicts[kind] },
    variants: [
      measuredVariant({ id: 'baseline', baseline: true, settings: {} }),
      measuredVariant({
        id: 'count-2',
        settings: { 'instance_group.count': 2 },
        comparison: compared('count-2', count2),
        throughput: around(31_204.6 * (1 + count2), 612.4),
      }),
      measuredVariant({
        id: 'count-4',
        settings: { 'instance_group.count': 4 },
        comparison: compared('count-4', count4),
        throughput: around(31_204.6 * (1 + count4), 588.1),
      }),
      measuredVariant({
        id: 'delay-500',
        settings: {
          'dynamic_batching.max_queue_delay_microseconds': 500,
          'dynamic_batching.preferred_batch_size': [4, 8],
        },
        comparison: compared('delay-500', delay),
        throughput: around(31_204.6 * (1 + delay), 301.2),
      }),
      emptyVariant({
        id: 'gpu',
        settings: { 'instance_group.kind': 'KIND_GPU' },
        status: 'refused',
        reason: 'the server refused it: instance group specifies a GPU, but there is none on this host',
      }),
    ],
    diagnostics: [
      {
        kind: 'bimodal-tail',
        variantIds: ['count-4'],
        message: 'its pooled p99 is 1.4 times the estimate over blocks: a few blocks have a much longer tail.',
        advice: 'Look at its histogram, and measure again on a quieter host.',
      },
    ],
  };
}

/** Whatever may follow a claim, and a soak that denies it. */
export function deniedBySoak(): AfterResult {
  const gain = around(-0.0312, 0.0112);
  return {
    finished: true,
    variantId: 'count-2',
    soak: {
      outcome: 'below',
      constraints: [],
      reason: null,
      gain,
      confirmed: around(0.0923, 0.0312),
      pairs: 4,
      sliceMs: 30_000,
    },
    range: {
      from: 4,
      to: 16,
      turnsAt: [32],
      levels: [
        { pacing: 'closed', concurrency: 4, requestsPerSecond: null, outcome: 'holds', gain, blocks: 8 },
        { pacing: 'closed', concurrency: 16, requestsPerSecond: null, outcome: 'holds', gain, blocks: 8 },
        { pacing: 'closed', concurrency: 32, requestsPerSecond: null, outcome: 'turns round', gain, blocks: 8 },
        { pacing: 'open', concurrency: null, requestsPerSecond: 2_800, outcome: 'undecided', gain: null, blocks: 1 },
      ],
    },
    client: { dependent: true, loads: [{ transport: 'grpc', threads: 1, gain, ahead: ['count-4'], blocks: 8 }] },
    skipped: [],
  };
}

/** One block of the baseline alone. */
export function baselineOnly(): Results {
  const results = resultsOf('NO_IMPROVEMENT');
  const verdict = {
    ...results.verdict,
    kind: 'INCONCLUSIVE' as const,
    largestPossibleGain: null,
    resolution: null,
    blocks: 1,
  };
  return { ...results, verdict, variants: results.variants.slice(0, 1), diagnostics: [] };
}

/** Not one request succeeded: whatever may be null is. */
export function nothingMeasured(): Results {
  const results = emptyRun();
  return {
    ...results,
    run: { ...results.run, complete: false, resolvable: null, residualSd: null },
    verdict: { ...emptyVerdict, kind: 'INVALID', resolution: null, blocks: 0 },
    variants: [
      emptyVariant({ id: 'baseline', baseline: true, status: 'unstable', reason: 'no answer came back' }),
      emptyVariant({ id: 'count-2', settings: { dynamic_batching: null }, status: 'unmeasured' }),
    ],
  };
}

/** As many variants beside the baseline as asked for, each with a gain of its own. */
export function manyVariants(variantCount: number): Results {
  const results = resultsOf('NO_IMPROVEMENT');
  const variants = Array.from({ length: variantCount }, (_, index) =>
    measuredVariant({
      id: `variant-${index + 1}`,
      settings: {
        'instance_group.count': 1 + (index % 10),
        'dynamic_batching.max_queue_delay_microseconds': 10 * index,
      },
      comparison: { gain: around(-0.0001 * index, 0.0312), pHolm: 1, better: false, inBestSet: index < 7 },
    }),
  );
  return { ...results, variants: [measuredVariant({ id: 'baseline', baseline: true }), ...variants], diagnostics: [] };
}

const emptyVerdict: VerdictResult = {
  objective: 'maximize throughput',
  kind: 'INCONCLUSIVE',
  reason: null,
  pick: 'baseline',
  better: [],
  bestSet: [],
  tied: [],
  largestPossibleGain: null,
  resolution: null,
  undecided: [],
  blocks: 12,
  blocksNeeded: null,
  minutesNeeded: null,
  alpha: 0.05,
  practicalMargin: 0.02,
};

function emptyRun(): Results {
  return {
    schemaVersion: 1,
    tool: { name: 'tritune', version: '0.1.0' },
    attempt: 1,
    continues: null,
    plan: {
      name: 'iris',
      model: 'sklearn-onnx',
      objective: 'maximize throughput',
      constraints: [],
      goal: 'improve',
      budgetMs: 300_000,
      seed: 1,
      apply: 'reload',
      expectEqual: false,
      load: {
        description: 'closed loop, 8 outstanding, batch 1, HTTP',
        concurrency: 8,
        batchSize: 1,
        protocol: 'http',
        input: 'data/test_data.csv',
      },
      source: planSource,
      file: 'configs/iris.yaml',
    },
    engine: {
      kind: 'local',
      version: '2.51.0',
      backend: "Triton's own backends",
      transferable: true,
      command: ['tritonserver', '--model-control-mode=explicit', '--http-port=8000'],
    },
    run: {
      placement: {
        divided: true,
        because: 'auto',
        server: '0-13',
        client: '14-15',
        serverCpuCount: 14,
        clientCpuCount: 2,
        serverCoreCount: 14,
        clientCoreCount: 2,
        memoryNodes: null,
        narrowed: true,
        siblingsKnown: true,
        splitCores: false,
      },
      applied: {
        way: 'reload',
        because: 'cheap-load',
        loadRatio: 0.0315,
        neededBytes: 512 * 2 ** 20,
        freeBytes: 8 * 2 ** 30,
      },
      startedAt: '2026-11-20T09:14:03.120Z',
      finishedAt: '2026-11-20T09:18:00.412Z',
      durationMs: 237_292,
      complete: true,
      procedure: 'staged',
      blocksPlanned: 24,
      screenBlocks: 0,
      finalists: ['count-2', 'count-4'],
      reduced: [],
      resolvableAtStart: 0.03,
      pilot: {
        sliceSd: 0.05,
        blockSd: 0.01,
        sliceCount: 8,
        processCount: 2,
        warmup: { why: 'executions', settledMs: { baseline: 0, 'count-4': 0 } },
      },
      slicesPerBlock: 4,
      screenSlices: 4,
      resolvable: 0.0431,
      residualSd: 0.0552,
      warmupMs: 100,
      sliceCount: 192,
      ladderSlices: 0,
      invalidSliceCount: 1,
      command: 'npx tritune sweep configs/iris.yaml --seed 1',
      nextCommand: null,
    },
    verdict: emptyVerdict,
    after: { finished: true, variantId: null, soak: null, range: null, client: null, skipped: [] },
    variants: [],
    diagnostics: [],
    blocks: [],
    environment: {
      host: { name: 'bench-1', cpu: { model: 'Xeon Gold 6430', coreCount: 32 }, memoryBytes: 270_582_939_648 },
      git: { commit: '5a2f0c6d1e3b4897a6c5d4e3f2a1b0c9d8e7f6a5', dirty: false, tags: [] },
      model: { 'sklearn-onnx/1/model.onnx': { md5: '9e107d9d372bb6826bd81d3542a419d6' } },
      versions: { node: '24.21.0', triton: '2.51.0' },
      container: null,
    },
    config: { baseline: configText(1), pick: configText(2) },
  };
}

const planSource = `name: iris
model: sklearn-onnx
load: { protocol: http, concurrency: 8, batchSize: 1, input: ../data/test_data.csv }
objective: { maximize: throughput }
variants:
  - { id: count-2, settings: { instance_group.count: 2 } }
`;

function configText(instances: number): string {
  return `name: "sklearn-onnx"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [
  { name: "input" data_type: TYPE_FP32 dims: [ 4 ] }
]
output [
  { name: "label" data_type: TYPE_INT64 dims: [ 1 ] reshape { shape: [ ] } },
  { name: "probabilities" data_type: TYPE_FP32 dims: [ 3 ] }
]
instance_group [
  { count: ${instances} kind: KIND_CPU }
]
dynamic_batching { }
`;
}
