import { changesLoad } from '../plan/load-axis.ts';
import { baselineId, type Constraint, type Variant } from '../plan/plan.ts';
import { configSettings, flagsFor, serverFlagsOf } from '../plan/server-flags.ts';
import { describeLoad } from '../report/loads.ts';
import type { EstimateResult, VariantResult } from '../report/results.ts';
import { type Estimate, estimate, exponentiate } from '../stats/estimate.ts';
import { mean } from '../stats/moments.ts';
import type { Decision } from './decision.ts';
import type { History, MeasuredSlice } from './history.ts';
import { climberOf } from './ladder.ts';
import { LatencySum } from './latency-sum.ts';
import { loadIn } from './levels.ts';
import type { ClosedLoad } from './load-of.ts';
import type { Preflight } from './preflight.ts';
import type { RunRecord } from './record.ts';
import { resourcesOf } from './resources-result.ts';
import type { BlockValue } from './values.ts';

const confidence = 0.95;

/** One row of results.json. */
export function variantResult(
  variant: Variant,
  record: RunRecord,
  history: History,
  decision: Decision,
): VariantResult {
  const { id, settings } = variant;
  const look = record.looks.find(({ variantId }) => variantId === id);
  const values = decision.values.get(id) ?? [];
  const slices = values.flatMap((value) => value.slices);
  const loaded = slices.filter(({ slice }) => slice.applied !== 'keep');
  const all = history.blocks.flatMap(({ slices: lines }) => lines.filter(({ slice }) => slice.variantId === id));
  const invalid = all.filter((line) => line.status === 'failed' || line.measurement.invalid.length > 0);
  const comparison = decision.verdict.comparisons.find(({ variantId }) => variantId === id);
  return {
    id,
    baseline: id === baselineId,
    settings: { ...settings },
    serverFlags: serverFlagsOf(settings).flatMap(({ words }) => words),
    load: loadResult(loadIn(record, variant.id)),
    differsIn: differsIn(variant, record),
    ...statusOf(id, { look, record, history, decision }),
    capacity: capacityOf(id, record, history),
    proof: look?.outcome === 'accepted' ? [...look.proof] : [],
    throughput: interval(values.map(({ throughput }) => throughput)),
    latencyNs: latencyOf(values, slices),
    cpuSecondsPer1000: interval(knownOrNone(values.map(({ cpuSecondsPer1000 }) => cpuSecondsPer1000))),
    comparison:
      comparison === undefined
        ? null
        : {
            gain: comparison.gain === null ? empty(1 - 2 * record.plan.alpha) : ratio(comparison.gain),
            pHolm: comparison.gain === null ? null : comparison.pHolm,
            better: decision.verdict.better.includes(id),
            inBestSet: comparison.inBestSet,
          },
    screen: screenOf(id, history, decision),
    requestCount: total(slices.map(({ measurement }) => measurement.requestCount)),
    errors: errorsOf(invalid.filter((line): line is MeasuredSlice => line.status === 'measured')),
    invalidSliceCount: invalid.length,
    loadMs: median(loaded.map(({ measurement }) => measurement.loadMs)),
    firstRequestNs: median(loaded.map(({ measurement }) => measurement.warmup.firstRequestNs)),
    sliceMs: record.design.sliceMs[id] ?? null,
    server: serverOf(slices),
    resources: resourcesOf(slices.map(({ measurement }) => measurement)),
    constraints: record.plan.constraints.map((constraint, index) => {
      const check = decision.checks.get(id)?.[index];
      return { ...limitOf(constraint), outcome: check?.outcome ?? 'undecided', value: check?.value ?? null };
    }),
  };
}

function loadResult({ pacing: { concurrency }, batchSize, transport: protocol }: ClosedLoad): VariantResult['load'] {
  const load = { concurrency, batchSize, protocol };
  return { description: describeLoad(load), ...load };
}

/** By the texts of the configurations; one that was never made, of a variant set aside, is another where it sets something of it. */
function differsIn({ id, settings, load }: Variant, { plan, configs }: RunRecord): VariantResult['differsIn'] {
  const own = Object.hasOwn(configs, id) ? configs[id] : undefined;
  const other = own === undefined ? Object.keys(configSettings(settings)).length > 0 : own !== configs[baselineId];
  const otherLoad = load !== undefined && changesLoad({ load }, plan.load);
  const otherServer = flagsFor(plan.engine.flags, settings).join('\n') !== plan.engine.flags.join('\n');
  return [
    ...(other ? (['configuration'] as const) : []),
    ...(otherServer ? (['server'] as const) : []),
    ...(otherLoad ? (['load'] as const) : []),
  ];
}

/** A constraint as results have it. */
export function limitOf(
  constraint: Constraint,
): Pick<VariantResult['constraints'][number], 'metric' | 'atMostNs' | 'atLeast' | 'atMostCpuSeconds'> {
  const { metric } = constraint;
  return {
    metric,
    atMostNs: 'atMostNs' in constraint ? constraint.atMostNs : null,
    atLeast: metric === 'throughput' ? constraint.atLeastPerSecond : null,
    atMostCpuSeconds: metric === 'cost' ? constraint.atMostCpuSeconds : null,
  };
}

/** An estimate that leaves blocks out would be one of other blocks than the rest of the row. */
function knownOrNone(values: readonly number[]): readonly number[] {
  return values.some(Number.isNaN) ? [] : values;
}

/** How a variant stood to the baseline in the blocks of the screen that both were in. */
function screenOf(id: string, history: History, { scores }: Decision): VariantResult['screen'] {
  const pairs = history.blocks.flatMap(({ block, stage }) => {
    if (stage !== 'screen') return [];
    const [own, baseline] = [scores.get(block)?.get(id), scores.get(block)?.get(baselineId)];
    return own === undefined || baseline === undefined ? [] : [own - baseline];
  });
  if (id === baselineId || pairs.length === 0) return null;
  return { blocks: pairs.length, gain: Math.expm1(total(pairs) / pairs.length) };
}

type Known = { look: Preflight | undefined; record: RunRecord; history: History; decision: Decision };

function statusOf(id: string, { look, record, history, decision }: Known): Pick<VariantResult, 'status' | 'reason'> {
  const aside = record.setAside.find(({ variantId }) => variantId === id);
  if (aside !== undefined) return { status: aside.status, reason: aside.reason };
  const level = history.levels?.choices.find(({ variantId }) => variantId === id);
  if (level?.level === null) return { status: 'over the limit', reason: level.reason };
  if (look?.outcome === 'refused') return { status: 'refused', reason: look.reason };
  const unstable = history.unstable.get(id);
  if (unstable !== undefined) return { status: 'unstable', reason: unstable };
  const blocks = decision.values.get(id)?.length ?? 0;
  if (blocks === 0) return { status: 'unmeasured', reason: 'no block was completed' };
  if (id === baselineId || decision.stage === 'screen' || decision.finalists.includes(id))
    return { status: 'measured', reason: null };
  return {
    status: 'screened out',
    reason: `others did better in the ${blocks} blocks of the screen; nothing is claimed about it`,
  };
}

/** The level that was chosen for a variant, and the levels that it was seen at. */
function capacityOf(id: string, { plan }: RunRecord, { levels, ladder }: History): VariantResult['capacity'] {
  const choice = levels?.choices.find(({ variantId }) => variantId === id);
  if (choice === undefined) return null;
  const { level, holds, reason } = choice;
  const found = [...climberOf(id, plan, ladder).findings.values()].toSorted((a, b) => a.level - b.level);
  return {
    level,
    holds,
    reason,
    ladder: found.map(({ level: outstanding, verdict, y }) => ({
      outstanding,
      outcome: verdict === 'not' ? 'does not hold' : verdict,
      slices: y.length,
      throughput: y.length === 0 ? null : Math.exp(mean(y)),
    })),
  };
}

function latencyOf(values: readonly BlockValue[], slices: readonly MeasuredSlice[]): VariantResult['latencyNs'] {
  const pooled = LatencySum.of(slices.map(({ measurement }) => measurement.latency.histogram));
  const at = (percentile: number): number | null => (slices.length === 0 ? null : pooled.percentile(percentile));
  const exact = (pick: (all: readonly number[]) => number, of: 'minNs' | 'maxNs'): number | null =>
    slices.length === 0 ? null : Math.round(pick(slices.map(({ measurement }) => measurement.latency[of])));
  return {
    mean: interval(values.map(({ meanNs }) => meanNs)),
    p50: interval(values.map(({ p50Ns }) => p50Ns)),
    p99: interval(values.map(({ p99Ns }) => p99Ns)),
    p90: at(90),
    p95: at(95),
    p999: at(99.9),
    min: exact((all) => Math.min(...all), 'minNs'),
    max: exact((all) => Math.max(...all), 'maxNs'),
    pooledP50: at(50),
    pooledP99: at(99),
    requestsPerBlock:
      values.length === 0
        ? 0
        : Math.min(...values.map((value) => total(value.slices.map(({ measurement }) => measurement.requestCount)))),
  };
}

function serverOf(slices: readonly MeasuredSlice[]): VariantResult['server'] {
  const counted = slices.flatMap(({ measurement }) => measurement.server ?? []);
  const requests = total(counted.map(({ success }) => success.count));
  const executions = total(counted.map(({ executionCount }) => executionCount));
  if (requests === 0 || executions === 0) return null;
  const perRequest = (phase: 'queue' | 'computeInput' | 'computeInfer' | 'computeOutput'): number =>
    total(counted.map((each) => each[phase].ns)) / requests;
  return {
    queueNs: perRequest('queue'),
    computeInputNs: perRequest('computeInput'),
    computeInferNs: perRequest('computeInfer'),
    computeOutputNs: perRequest('computeOutput'),
    meanBatch: total(counted.map(({ inferenceCount }) => inferenceCount)) / executions,
    executionCount: executions,
    cacheHitCount: total(counted.map(({ cacheHitCount }) => cacheHitCount)),
  };
}

function errorsOf(slices: readonly MeasuredSlice[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { measurement } of slices) {
    for (const [kind, count] of Object.entries(measurement.errors)) counts.set(kind, (counts.get(kind) ?? 0) + count);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The geometric mean over blocks with its own interval. */
function interval(values: readonly number[]): EstimateResult {
  const found = estimate(values.map(Math.log), confidence);
  return found === null ? empty(confidence) : exponentiate(found);
}

/** From a difference of logs to a ratio minus 1. */
export function ratio(difference: Estimate): EstimateResult {
  const { point, lower, upper, confidence: held } = exponentiate(difference);
  return { point: point - 1, lower: lower - 1, upper: upper - 1, confidence: held };
}

function empty(held: number): EstimateResult {
  return { point: null, lower: null, upper: null, confidence: held };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.ceil((sorted.length - 1) / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
