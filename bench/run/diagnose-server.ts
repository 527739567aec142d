import { throttleReasons } from '../engines/usage/nvidia-smi.ts';
import type { VariantResult } from '../report/results.ts';
import type { Finding } from './finding.ts';
import type { History, MeasuredSlice } from './history.ts';
import type { RunRecord } from './record.ts';
import { cacheHitsOf, noEndpoint } from './server-usage.ts';

/** What the server's own pages and the GPUs say about the slices of a run. */
export function diagnoseServer(
  { plan }: RunRecord,
  { blocks }: History,
  variants: readonly VariantResult[],
): Finding[] {
  const lines = blocks.flatMap(({ slices }) => slices.filter((line) => line.status === 'measured'));
  const byVariant = [...Map.groupBy(lines, ({ slice }) => slice.variantId)];
  return [
    ...silentMetrics(lines),
    ...(plan.allowResponseCache ? byVariant.flatMap(([id, own]) => keptAnswers(id, own)) : []),
    ...variants.flatMap(throttled),
  ];
}

function silentMetrics(slices: readonly MeasuredSlice[]): Finding[] {
  const reasons = slices.flatMap(({ measurement: { usage } }) =>
    usage !== undefined && 'unknown' in usage.metrics ? [usage.metrics.unknown] : [],
  );
  const told = reasons.filter((reason) => reason !== noEndpoint);
  const [first] = told;
  if (first === undefined) return [];
  return [
    {
      kind: 'metrics',
      variantId: null,
      what: "the server's metrics page did not answer, so that what it would have said is unknown",
      value: `${told.length} of ${slices.length} slices, ${first}`,
      advice:
        'Nothing of the verdict depends on it; leave --allow-metrics as it is for processors, failures and the cache.',
    },
  ];
}

function keptAnswers(variantId: string, slices: readonly MeasuredSlice[]): Finding[] {
  const hits = slices.reduce((sum, { measurement }) => sum + cacheHitsOf(measurement), 0);
  if (hits === 0) return [];
  return [
    {
      kind: 'response cache',
      variantId,
      what: 'answers came from the response cache, as the plan allows',
      value: String(hits),
      advice:
        'The load repeats its inputs: clients that do so less will see less of this. Without allowResponseCache the model alone is compared.',
    },
  ];
}

/** A limit that was set is none that the GPU ran into. */
const asSet: readonly string[] = ['application clocks', 'display clocks', 'sync boost'];

function throttled({ id, resources }: VariantResult): Finding[] {
  const reasons = new Set((resources?.gpus ?? []).flatMap(({ throttledBy }) => throttledBy));
  const found = throttleReasons.filter((reason) => reasons.has(reason) && !asSet.includes(reason));
  if (found.length === 0) return [];
  return [
    {
      kind: 'GPU throttling',
      variantId: id,
      what: 'a GPU lowered its clocks just before or after slices',
      value: found.join(' and '),
      advice:
        'Comparisons are inside blocks and stand; for absolute numbers cool it, raise its power limit, or lock its clocks (nvidia-smi --lock-gpu-clocks).',
    },
  ];
}
