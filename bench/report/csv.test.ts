import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultsCsv } from './csv.ts';
import { hostileResults, hostileTexts } from './hostile.fixture.ts';
import { nothingMeasured, resultsOf } from './report.fixture.ts';

/** Reads RFC 4180. */
function read(csv: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, bare, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}

test('every variant is a row, and every number has all its digits', () => {
  const results = resultsOf('WINNER');
  const [head = [], ...rows] = read(resultsCsv(results));
  assert.equal(rows.length, results.variants.length);
  for (const [index, variant] of results.variants.entries()) {
    const cell = (name: string): string => rows[index]?.[head.indexOf(name)] ?? 'no such cell';
    const number = (name: string): number | null => (cell(name) === '' ? null : Number(cell(name)));
    assert.equal(cell('id'), variant.id);
    assert.equal(cell('settings'), JSON.stringify(variant.settings));
    assert.equal(number('throughput_per_second'), variant.throughput.point);
    assert.equal(number('throughput_per_second_upper'), variant.throughput.upper);
    assert.equal(number('latency_p99_ns'), variant.latencyNs.p99.point);
    assert.equal(number('latency_p999_ns'), variant.latencyNs.p999);
    assert.equal(number('cpu_seconds_per_1000'), variant.cpuSecondsPer1000.point);
    assert.equal(number('cpu_seconds_per_1000_upper'), variant.cpuSecondsPer1000.upper);
    assert.equal(number('server_cpu_cores'), variant.resources?.cpuCores ?? null);
    assert.equal(number('gain_ratio'), variant.comparison?.gain.point ?? null);
    assert.equal(number('gain_ratio_lower'), variant.comparison?.gain.lower ?? null);
    assert.equal(number('load_ms'), variant.loadMs);
    assert.equal(number('server_queue_ns'), variant.server?.queueNs ?? null);
  }
});

test('no text starts a formula, breaks a row, or carries a control character', () => {
  const csv = resultsCsv(hostileResults());
  const rows = read(csv);
  const width = rows[0]?.length;
  assert.equal(rows.length, 1 + hostileResults().variants.length);
  for (const row of rows) {
    assert.equal(row.length, width);
    for (const cell of row) assert.ok(!/^\s*[=+\-@]/.test(cell) || Number.isFinite(Number(cell)), cell);
  }
  assert.doesNotMatch(csv.replaceAll('\r\n', ''), /\p{Cc}|[\u2028\u2029\u202e]/u);
  assert.ok(rows.some(([id]) => id === `'${hostileTexts[7]}`));
});

test('what is not known is an empty cell', () => {
  assert.doesNotMatch(resultsCsv(nothingMeasured()), /NaN|undefined|(?<!:)null|\[object/);
});
