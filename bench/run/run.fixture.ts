import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatencyRecorder } from '../load/recorder.ts';
import { engineOfKind } from '../plan/engine-choice.ts';
import { baselineId, type Objective, type Plan, type Slice } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import type { RunRecord } from './record.ts';
import type { Measurement } from './slice.ts';

/** A run that never was: effects and noise are known, histograms are real. The first arm is the baseline. */
export type SyntheticRun = {
  readonly arms: readonly { readonly id: string; readonly ratio: number; readonly instances?: number }[];
  readonly blocks: number;
  readonly slicesPerBlock?: number;
  /** Standard deviation of a slice's ln(rate). */
  readonly sd: number;
  readonly seed?: number;
  readonly requestCount?: number;
  readonly plan?: Partial<Plan>;
  readonly transferable?: boolean;
};

export type SyntheticSlice = { readonly line: SliceResult; readonly latenciesNs: readonly number[] };

const startMs = Date.parse('2026-01-01T00:00:00Z');
const concurrency = 8;
const baselineRate = 4_000;
const throughput: Objective = { kind: 'single', direction: 'maximize', metric: 'throughput' };

/** Record, journal and the latencies that its histograms were made of. The same arguments give the same run. */
export function syntheticRun(run: SyntheticRun): {
  record: RunRecord;
  lines: JournalLine[];
  slices: SyntheticSlice[];
} {
  const random = seededRandom(run.seed ?? 1);
  const lines: JournalLine[] = [];
  const slices: SyntheticSlice[] = [];
  const at = (): string => new Date(startMs + 1_000 * (lines.length + 1)).toISOString();
  for (let block = 1; block <= run.blocks; block += 1) {
    const level = Math.exp(0.1 * normal(random));
    const order = Array.from({ length: run.slicesPerBlock ?? 2 }, () => random.permutation(run.arms.length)).flat();
    order.forEach((index, position) => {
      const arm = run.arms[index] ?? { id: baselineId, ratio: 1 };
      const rate = baselineRate * level * arm.ratio * Math.exp(run.sd * normal(random));
      const meanNs = (concurrency / rate) * 1e9;
      const latenciesNs = Array.from({ length: run.requestCount ?? 100 }, () => meanNs * (0.7 + 0.6 * random.next()));
      const made = sliceLine({ block, order: position, variantId: arm.id, at: at(), rate, latenciesNs });
      slices.push({ line: made, latenciesNs });
      lines.push(made);
    });
    lines.push({ kind: 'block', block, attempt: 1, status: 'complete', at: at() });
  }
  lines.push({ kind: 'end', reason: 'blocks', at: at() });
  return { record: syntheticRecord(run), lines, slices };
}

/** Writes run.json and the journal of a run into a folder, as a sweep leaves them. */
export function writeRun(folder: string, record: unknown, lines: readonly unknown[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(folder, 'journal.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

type Made = {
  block: number;
  order: number;
  variantId: string;
  at: string;
  rate: number;
  latenciesNs: readonly number[];
  attempt?: number;
  invalid?: readonly string[];
  stage?: 'screen' | 'confirm';
  round?: number;
};

/** One measured slice. */
export function sliceLine({
  block,
  order,
  variantId,
  at,
  rate,
  latenciesNs,
  attempt = 1,
  invalid = [],
  stage = 'confirm',
  round = 1,
}: Made): SliceResult {
  const recorder = new LatencyRecorder();
  for (const latencyNs of latenciesNs) recorder.record(latencyNs);
  const slice: Slice = {
    stage,
    round,
    block,
    attempt,
    order,
    variantId,
    load: { pacing: { kind: 'closed', concurrency }, batchSize: 1, transport: 'http' },
    applied: 'reload',
  };
  const count = latenciesNs.length;
  const phase = (ns: number) => ({ count, ns });
  const measurement: Measurement = {
    startedAt: at,
    pacing: { kind: 'closed', concurrency },
    warmup: { durationNs: 100e6, requestCount: 100, firstRequestNs: 3e6 },
    window: { openNs: 100e6, closeNs: 400e6 },
    requestCount: count,
    requestsPerSecond: rate,
    inferencesPerSecond: rate,
    outstandingIntegralNs: concurrency * 300e6,
    pressureRatio: 1,
    latency: recorder.finish(),
    aboveLimits: [],
    errors: {},
    checkedCount: count,
    client: { cpuNs: 10e6, eventLoopUtilization: 0.2, runQueueWaitRatio: 0 },
    schedule: null,
    loadMs: 12,
    hostProbe: { iterationsPerUs: 500 },
    server: {
      inferenceCount: count,
      executionCount: count,
      cacheHitCount: 0,
      success: phase(count * 1e6),
      fail: phase(0),
      queue: phase(count * 4e5),
      computeInput: phase(count * 1e4),
      computeInfer: phase(count * 5e5),
      computeOutput: phase(count * 2e4),
    },
    engine: { kind: 'local', version: '2.51.0', backend: "Triton's own backends", pid: 4711 },
    invalid,
  };
  return { kind: 'slice', slice, at, status: 'measured', measurement };
}

/** A record as a sweep would write it before its first block. */
export function syntheticRecord({
  arms,
  blocks,
  slicesPerBlock = 2,
  plan,
  transferable = true,
}: SyntheticRun): RunRecord {
  const ids = arms.map(({ id }) => id);
  const perArm = <T>(value: (arm: (typeof arms)[number]) => T) =>
    Object.fromEntries(arms.map((arm) => [arm.id, value(arm)]));
  return {
    schemaVersion: 1,
    tool: { version: '0.1.0' },
    startedAt: new Date(startMs).toISOString(),
    plan: {
      name: 'synthetic',
      model: 'm',
      modelRepository: '/models',
      engine: engineOfKind('auto'),
      placement: { kind: 'auto' },
      apply: 'auto',
      load: { protocol: 'http', concurrency, batchSize: 1, input: '/rows.csv', requestTimeoutMs: 60_000 },
      objective: throughput,
      constraints: [],
      goal: 'improve',
      practicalMargin: 0.02,
      alpha: 0.05,
      budgetMs: null,
      blocks,
      slicesPerBlock,
      seed: 1,
      conditions: [],
      allowResponseCache: false,
      expectEqual: false,
      variants: ids.slice(1).map((id, index) => ({ id, settings: { 'instance_group.count': index + 2 } })),
      ...plan,
    },
    planFile: 'plan.yaml',
    planSource: 'name: synthetic\n',
    command: 'npm run sweep -- plan.yaml',
    folder: 'reports/synthetic',
    continues: null,
    engine: {
      kind: 'local',
      version: '2.51.0',
      backend: transferable ? "Triton's own backends" : 'python-based onnxruntime backend',
      transferable,
      command: ['tritonserver'],
    },
    applied: 'reload',
    apply: { because: 'cheap-load', loadRatio: 0.03, neededBytes: 1_000_000, freeBytes: 9_000_000 },
    autoCompleteConfig: false,
    after: { soak: true },
    design: {
      procedure: 'fixed',
      objective: plan?.objective ?? throughput,
      blocks,
      confirmLooks: [Math.max(5, blocks)],
      screenBlocks: 0,
      finalists: arms.length - 1,
      slicesPerBlock,
      warmupMs: 100,
      sliceMs: perArm(() => 300),
      blockMs: 2_000,
      trialMs: 2_000 / arms.length,
      screenSlices: slicesPerBlock,
      screenTrialMs: 2_000 / arms.length,
      reservedSoakSliceMs: 0,
      reduced: [],
      resolvable: null,
      levels: null,
    },
    setAside: [],
    pilot: null,
    noiseFloor: null,
    looks: ids.map((variantId) => ({
      variantId,
      outcome: 'accepted',
      proof: variantId === baselineId ? [] : [{ path: 'instance_group.count', status: 'verified' }],
      loadMs: 12,
      latencyMs: 2,
      requestsPerSecond: 4_000,
      meanBatch: 1,
    })),
    configs: perArm(({ id }) => `# ${id}\nname: "m"\n`),
    costs: perArm(({ instances = 1 }) => [instances, instances, 0]),
    environment: { host: { name: 'test', cores: 2 } },
    placement: {
      divided: false,
      because: 'few-cores',
      server: '0-1',
      client: '0-1',
      serverCpuCount: 2,
      clientCpuCount: 2,
      serverCoreCount: 2,
      clientCoreCount: 2,
      memoryNodes: null,
      narrowed: false,
      siblingsKnown: true,
      splitCores: false,
      unboundIds: [],
    },
    sharedHost: null,
    inputMd5: '0'.repeat(32),
    warnings: [],
  };
}

/** Box and Muller. */
export function normal(random: { next(): number }): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
