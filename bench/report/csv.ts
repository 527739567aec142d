import { plainText } from './plain-text.ts';
import type { Results, VariantResult } from './results.ts';

/**
 * One row per variant, RFC 4180 (CRLF), numbers with all their digits, empty where there is none. Text that a spreadsheet
 * would take for a formula gets a leading apostrophe.
 */
export function resultsCsv(results: Results): string {
  const rows = results.variants.map((variant) => columns.map(([, value]) => cell(value(variant))));
  return [columns.map(([name]) => name), ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

type Cell = string | number | boolean | null | undefined;
type Column = readonly [name: string, value: (variant: VariantResult) => Cell];

const columns: readonly Column[] = [
  ['id', ({ id }) => id],
  ['baseline', ({ baseline }) => baseline],
  ['status', ({ status }) => status],
  ['reason', ({ reason }) => reason],
  ['outstanding', ({ capacity }) => capacity?.level],
  ['settings', ({ settings }) => JSON.stringify(settings)],
  ['concurrency', ({ load }) => load.concurrency],
  ['batch_size', ({ load }) => load.batchSize],
  ['protocol', ({ load }) => load.protocol],
  ['differs_in', ({ differsIn }) => differsIn.join(' ')],
  ...estimateColumns('throughput_per_second', ({ throughput }) => throughput),
  ...estimateColumns('latency_mean_ns', ({ latencyNs }) => latencyNs.mean),
  ...estimateColumns('latency_p50_ns', ({ latencyNs }) => latencyNs.p50),
  ...estimateColumns('latency_p99_ns', ({ latencyNs }) => latencyNs.p99),
  ['latency_pooled_p50_ns', ({ latencyNs }) => latencyNs.pooledP50],
  ['latency_p90_ns', ({ latencyNs }) => latencyNs.p90],
  ['latency_p95_ns', ({ latencyNs }) => latencyNs.p95],
  ['latency_pooled_p99_ns', ({ latencyNs }) => latencyNs.pooledP99],
  ['latency_p999_ns', ({ latencyNs }) => latencyNs.p999],
  ['latency_min_ns', ({ latencyNs }) => latencyNs.min],
  ['latency_max_ns', ({ latencyNs }) => latencyNs.max],
  ...estimateColumns('cpu_seconds_per_1000', ({ cpuSecondsPer1000 }) => cpuSecondsPer1000),
  ...estimateColumns('gain_ratio', ({ comparison }) => comparison?.gain),
  ['p_holm', ({ comparison }) => comparison?.pHolm],
  ['better', ({ comparison }) => comparison?.better],
  ['in_best_set', ({ comparison }) => comparison?.inBestSet],
  ['request_count', ({ requestCount }) => requestCount],
  ['error_count', ({ errors }) => Object.values(errors).reduce((sum, errorCount) => sum + errorCount, 0)],
  ['invalid_slice_count', ({ invalidSliceCount }) => invalidSliceCount],
  ['load_ms', ({ loadMs }) => loadMs],
  ['first_request_ns', ({ firstRequestNs }) => firstRequestNs],
  ['slice_ms', ({ sliceMs }) => sliceMs],
  ['server_queue_ns', ({ server }) => server?.queueNs],
  ['server_compute_input_ns', ({ server }) => server?.computeInputNs],
  ['server_compute_infer_ns', ({ server }) => server?.computeInferNs],
  ['server_compute_output_ns', ({ server }) => server?.computeOutputNs],
  ['server_mean_batch', ({ server }) => server?.meanBatch],
  ['server_cpu_cores', ({ resources }) => resources?.cpuCores],
  ['server_resident_bytes', ({ resources }) => resources?.residentBytes],
  ['server_cache_hit_count', ({ server, resources }) => resources?.cacheHitCount ?? server?.cacheHitCount],
];

function estimateColumns(
  name: string,
  of: (variant: VariantResult) => VariantResult['throughput'] | undefined,
): Column[] {
  return [
    [name, (variant) => of(variant)?.point],
    [`${name}_lower`, (variant) => of(variant)?.lower],
    [`${name}_upper`, (variant) => of(variant)?.upper],
  ];
}

function cell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = guarded(value);
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Spreadsheets run cells that start so, some after blanks; a text that is a number is left alone. */
function guarded(value: string): string {
  const isFormula = /^\s*[=+\-@＝＋－＠]|^[\t\r]/.test(value) && !/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value);
  return isFormula ? `'${plainText(value)}` : plainText(value);
}
