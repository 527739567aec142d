import assert from 'node:assert/strict';
import type { Results, VariantResult } from './results.ts';

/** A table as a reader sees it: each cell `text (detail)`, or only the text. */
export type TableRead = {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly string[][];
};

/** Holds each number of the tables of variants and latencies against results.json, within half of the last digit shown. */
export function checkNumbers(results: Results, tables: readonly TableRead[]): void {
  const measured = results.variants.filter(({ status }) => status === 'measured');
  const table = (title: string): TableRead => {
    const found = tables.find((each) => each.title === title);
    assert.ok(found, `no table "${title}"`);
    assert.equal(found.rows.length, measured.length);
    return found;
  };
  const variants = table('Variants');
  const latencies = table('Latency in full');
  for (const [row, variant] of measured.entries()) {
    for (const [column, expected] of Object.entries(variantColumns(variant))) {
      checkCell(`${variant.id} ${column}`, cellOf(variants, row, column), expected);
    }
    for (const [column, expected] of Object.entries(latencyColumns(variant))) {
      checkCell(`${variant.id} ${column}`, cellOf(latencies, row, column), expected);
    }
  }
}

type Value = number | null;

function variantColumns({
  throughput,
  latencyNs,
  cpuSecondsPer1000,
  comparison,
  loadMs,
}: VariantResult): Record<string, Value[]> {
  const all = ({ point, lower, upper }: { point: Value; lower: Value; upper: Value }): Value[] => [point, lower, upper];
  return {
    Throughput: all(throughput),
    p50: all(latencyNs.p50),
    p99: all(latencyNs.p99),
    'CPU per 1000': all(cpuSecondsPer1000).map((seconds) => (seconds === null ? null : seconds * 1e9)),
    'Load time': [loadMs === null ? null : loadMs * 1e6],
    ...(comparison === null ? {} : { Gain: all(comparison.gain) }),
  };
}

function latencyColumns({ latencyNs, firstRequestNs, requestCount }: VariantResult): Record<string, Value[]> {
  const { mean, min, pooledP50, p90, pooledP99, p999, max } = latencyNs;
  return {
    Mean: [mean.point, mean.lower, mean.upper],
    Min: [min],
    p50: [pooledP50],
    p90: [p90],
    p99: [pooledP99],
    'p99.9': [p999],
    Max: [max],
    'First request': [firstRequestNs],
    Requests: [requestCount],
  };
}

function cellOf({ head, rows }: TableRead, row: number, column: string): string {
  const index = head.indexOf(column);
  assert.notEqual(index, -1, `no column "${column}"`);
  return rows[row]?.[index] ?? '';
}

function checkCell(what: string, cell: string, expected: readonly Value[]): void {
  const known = expected.filter((value) => value !== null);
  const read = numbersIn(cell);
  assert.equal(read.length, known.length, `${what}: ${cell}`);
  for (const [index, value] of known.entries()) {
    const number = read[index] ?? Number.NaN;
    const slack = cell.includes('%') ? Math.max(0.000501, Math.abs(value) * 0.00501) : Math.abs(value) * 0.00501;
    assert.ok(Math.abs(number - value) <= slack, `${what}: ${cell} shows ${number} for ${value}`);
  }
}

const factors: Record<string, number> = { '/s': 1, '%': 0.01, ns: 1, µs: 1e3, ms: 1e6, s: 1e9, '': 1 };

/** Rates in 1/s, latencies and durations in ns, changes as ratios, whatever the unit shown. */
function numbersIn(cell: string): number[] {
  const plain = cell.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-');
  return Array.from(plain.matchAll(/([+-]?\d+(?: \d{3})*(?:\.\d+)?) ?(\/s|%|ns|µs|ms|s|)(?=[ ;)]|$)/g), (match) => {
    const [, digits = '', unit = ''] = match;
    return Number(digits.replaceAll(' ', '')) * (factors[unit] ?? Number.NaN);
  });
}
