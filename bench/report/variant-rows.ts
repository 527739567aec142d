import { requestsNeeded } from '../stats/requests.ts';
import { change, count, cpuSeconds, duration, interval, latency, noValue, plainNumber, rate } from './format.ts';
import { limitText } from './limit-text.ts';
import { loadText } from './loads.ts';
import { clipped, plainText } from './plain-text.ts';
import { type ResourceRow, resourceRow } from './resource-row.ts';
import type { EstimateResult, Results, VariantResult } from './results.ts';

/** A point and its interval as text: `n/a` where there is none, the interval '' where there is no point either. */
export type EstimateText = { readonly point: string; readonly interval: string };

/** One variant as every renderer shows it: each number through the one formatter, each name safe to print, nothing escaped yet. */
export type VariantRow = {
  readonly id: string;
  readonly baseline: boolean;
  readonly pick: boolean;
  readonly settings: string;
  /** What its slices were sent. */
  readonly sent: string;
  readonly status: VariantResult['status'];
  readonly reason: string;
  readonly throughput: EstimateText;
  readonly mean: EstimateText;
  readonly p50: EstimateText;
  readonly p99: EstimateText;
  /** True where too few requests were seen in a block to claim a p99. */
  readonly p99Unclaimed: boolean;
  /** CPU seconds of the server per 1 000 inferences. */
  readonly cost: EstimateText;
  readonly gain: EstimateText;
  readonly claim: string;
  readonly bestSet: string;
  readonly errors: string;
  readonly invalidSlices: string;
  readonly proof: string;
  readonly load: string;
  readonly firstRequest: string;
  readonly requests: string;
  readonly constraints: string;
  /** Requests outstanding and how that was chosen; '' where all variants have the plan's load. */
  readonly level: string;
  readonly levelHolds: string;
  readonly ladder: string;
  readonly latencies: {
    readonly min: string;
    readonly pooledP50: string;
    readonly p90: string;
    readonly p95: string;
    readonly pooledP99: string;
    readonly p999: string;
    readonly max: string;
  };
  readonly server: ServerRow | null;
  readonly resources: ResourceRow | null;
};

/** Means per request, from the server's own statistics. */
export type ServerRow = {
  readonly queue: string;
  readonly input: string;
  readonly infer: string;
  readonly output: string;
  readonly batch: string;
  readonly executions: string;
  readonly cacheHits: string;
};

/** A p99 needs this many requests in every block: below, the share of requests above it rests on fewer than seven. */
const requestsForP99 = requestsNeeded(0.99);

export function variantRows(results: Results): VariantRow[] {
  const pick = results.verdict.kind === 'INVALID' ? null : results.verdict.pick;
  return results.variants.map((variant) => ({
    ...identity(variant),
    pick: variant.id === pick,
    throughput: estimateText(variant.throughput, rate),
    mean: estimateText(variant.latencyNs.mean, latency),
    p50: estimateText(variant.latencyNs.p50, latency),
    p99: estimateText(variant.latencyNs.p99, latency),
    cost: estimateText(variant.cpuSecondsPer1000, cpuSeconds),
    p99Unclaimed: variant.latencyNs.p99.point !== null && variant.latencyNs.requestsPerBlock < requestsForP99,
    ...comparisonText(variant),
    ...(pick === null && variant.comparison !== null ? { claim: 'no verdict', bestSet: 'no verdict' } : {}),
    errors: errorsText(variant),
    invalidSlices: count(variant.invalidSliceCount),
    proof: proofText(variant),
    load: duration(variant.loadMs),
    firstRequest: latency(variant.firstRequestNs),
    requests: count(variant.requestCount),
    constraints: constraintsText(variant),
    ...levelText(variant),
    latencies: latenciesText(variant.latencyNs),
    server: serverText(variant.server),
    resources: variant.resources === null ? null : resourceRow(variant.resources),
  }));
}

/** What stands for the settings of a variant without any. */
export const asCommitted = 'as committed';

/** "instance_group.count = 2; dynamic_batching removed"; "as committed" where there is none. */
export function settingsText(settings: VariantResult['settings']): string {
  const parts = Object.entries(settings).map(([path, value]) =>
    value === null ? `${path} removed` : `${path} = ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return parts.length === 0 ? asCommitted : clipped(plainText(parts.join('; ')), 300);
}

function identity(
  variant: VariantResult,
): Pick<VariantRow, 'id' | 'baseline' | 'settings' | 'sent' | 'status' | 'reason'> {
  return {
    id: clipped(plainText(variant.id), 120),
    baseline: variant.baseline,
    settings: settingsText(variant.settings),
    sent: loadText(variant.load),
    status: variant.status,
    reason: variant.reason === null ? 'no reason given' : clipped(plainText(variant.reason), 500),
  };
}

function estimateText(estimate: EstimateResult, format: (value: number | null) => string): EstimateText {
  return { point: format(estimate.point), interval: estimate.point === null ? '' : interval(estimate, format) };
}

function comparisonText({
  baseline,
  comparison,
  screen,
  status,
}: VariantResult): Pick<VariantRow, 'gain' | 'claim' | 'bestSet'> {
  if (comparison === null) {
    if (status === 'screened out' && screen !== null)
      return { gain: { point: `about ${change(screen.gain)}`, interval: '' }, claim: status, bestSet: noValue };
    const nothing = baseline ? '' : noValue;
    return { gain: { point: baseline ? 'baseline' : noValue, interval: '' }, claim: nothing, bestSet: nothing };
  }
  return {
    gain: estimateText(comparison.gain, change),
    claim: comparison.better ? 'better' : 'none',
    bestSet: comparison.inBestSet ? 'yes' : 'no',
  };
}

function errorsText({ errors }: VariantResult): string {
  const kinds = Object.entries(errors).filter(([, errorCount]) => errorCount > 0);
  if (kinds.length === 0) return '0';
  return clipped(plainText(kinds.map(([kind, errorCount]) => `${count(errorCount)} ${kind}`).join(', ')), 200);
}

/** One word where all settings were seen in the same way, else the paths behind each way. */
function proofText({ proof }: VariantResult): string {
  const ways = Map.groupBy(proof, ({ status }) => status);
  if (ways.size === 0) return noValue;
  const [only] = ways.keys();
  if (ways.size === 1 && only !== undefined) return only;
  const parts = [...ways].map(([status, entries]) => `${status}: ${entries.map(({ path }) => path).join(', ')}`);
  return clipped(plainText(parts.join('; ')), 300);
}

function constraintsText({ constraints }: VariantResult): string {
  const parts = constraints.map((constraint) => `${limitText(constraint)}: ${constraint.outcome}`);
  return parts.length === 0 ? noValue : clipped(plainText(parts.join('; ')), 300);
}

const holdsInWords = { shown: 'shown to keep the limits', likely: 'likely to', no: 'keeps them at no level' } as const;
const ladderMarks = { holds: ', holds', 'does not hold': ', does not hold', open: '' } as const;

function levelText({ capacity }: VariantResult): Pick<VariantRow, 'level' | 'levelHolds' | 'ladder'> {
  if (capacity === null) return { level: '', levelHolds: '', ladder: '' };
  const rungs = capacity.ladder.map(
    ({ outstanding, throughput, outcome }) => `${count(outstanding)}: ${rate(throughput)}${ladderMarks[outcome]}`,
  );
  return {
    level: count(capacity.level),
    levelHolds: holdsInWords[capacity.holds],
    ladder: rungs.length === 0 ? noValue : clipped(plainText(rungs.join('; ')), 1_000),
  };
}

function latenciesText(ns: VariantResult['latencyNs']): VariantRow['latencies'] {
  return {
    min: latency(ns.min),
    pooledP50: latency(ns.pooledP50),
    p90: latency(ns.p90),
    p95: latency(ns.p95),
    pooledP99: latency(ns.pooledP99),
    p999: latency(ns.p999),
    max: latency(ns.max),
  };
}

function serverText(server: VariantResult['server']): ServerRow | null {
  if (server === null) return null;
  return {
    queue: latency(server.queueNs),
    input: latency(server.computeInputNs),
    infer: latency(server.computeInferNs),
    output: latency(server.computeOutputNs),
    batch: plainNumber(server.meanBatch),
    executions: count(server.executionCount),
    cacheHits: count(server.cacheHitCount),
  };
}
