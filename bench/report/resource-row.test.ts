import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultsHtml } from './html.ts';
import { summaryMarkdown } from './markdown.ts';
import { resultsOf } from './report.fixture.ts';
import { reportModel } from './report-model.ts';
import { type ReportTable, reportTables } from './report-tables.ts';
import type { ResourcesResult, Results } from './results.ts';
import { terminalSummary } from './terminal.ts';

const unseen: ResourcesResult = {
  ...{ cpuSource: null, cpuCores: null, residentBytes: null, hostCpuRatio: null, hostMemoryUsedBytes: null },
  ...{ pendingRequestCount: null, failures: null, cacheHitCount: null, cacheMissCount: null, gpus: [] },
};
const gpu: ResourcesResult['gpus'][number] = {
  ...{ uuid: 'GPU-1', name: 'NVIDIA H100', utilisationRatio: 0.97, powerW: 312.5, temperatureC: null },
  ...{ smClockMhz: 1_980, memoryClockMhz: 2_619, memoryUsedBytes: 10 * 2 ** 30, throttledBy: ['power cap'] },
};

function withResources(given: ResourcesResult | null, cost: number | null = null): Results {
  const results = resultsOf('WINNER');
  const interval = { point: cost, lower: cost, upper: cost, confidence: 0.95 };
  const variants = results.variants.map((each) => ({ ...each, resources: given, cpuSecondsPer1000: interval }));
  return { ...results, variants };
}

function tableIn(results: Results, id: string): ReportTable | undefined {
  return reportTables(reportModel(results)).find((table) => table.id === id);
}

const firstRow = (results: Results, id: string): string[] =>
  (tableIn(results, id)?.rows[0] ?? []).map(({ text }) => text.replaceAll('\u00a0', ' '));
const columnsOf = (results: Results, id: string): string[] =>
  (tableIn(results, id)?.columns ?? []).map(({ name }) => name);

test('what the server took is a row of each variant, with the columns of which something is known', () => {
  const some = {
    ...unseen,
    cpuSource: 'cgroup' as const,
    cpuCores: 1.6249,
    residentBytes: 2 ** 30,
    failures: [{ reason: 'OTHER', count: 1_200 }],
  };
  assert.deepEqual(columnsOf(withResources(some), 'resources'), [
    'Variant',
    'CPUs',
    'CPU time from',
    'Memory',
    'Failures',
  ]);
  assert.deepEqual(firstRow(withResources(some), 'resources'), [
    'baseline',
    '1.62',
    'its container',
    '1 GiB',
    '1 200 OTHER',
  ]);
  const none = { ...unseen, failures: [] };
  assert.deepEqual(firstRow(withResources(none), 'resources'), ['baseline', '0']);
});

test('nothing is shown of what was not looked at, or told nothing', () => {
  for (const results of [withResources(null), withResources(unseen)]) {
    assert.deepEqual([tableIn(results, 'resources'), tableIn(results, 'gpus')], [undefined, undefined]);
    assert.equal(columnsOf(results, 'variants').includes('CPU per 1000'), false);
    assert.doesNotMatch(terminalSummary(results, { color: false, width: 120 }), /CPU\/1000/);
  }
});

test('each GPU is a row of each variant', () => {
  const other = { ...gpu, uuid: 'GPU-2', name: '', throttledBy: [] };
  const results = withResources({ ...unseen, gpus: [gpu, other] });
  assert.deepEqual(firstRow(results, 'gpus'), [
    ...['baseline', 'NVIDIA H100', '97 %', '313 W', 'unknown', '1 980 MHz', '2 619 MHz', '10 GiB', 'power cap'],
  ]);
  const second = tableIn(results, 'gpus')?.rows[1]?.map(({ text }) => text);
  assert.deepEqual([second?.[1], second?.[8]], ['GPU-2', 'nothing seen']);
});

test('the cost has a column of its own, but in the terminal where the gains are in cost', () => {
  const results = withResources(unseen, 0.18249);
  const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
  assert.match(plain(summaryMarkdown(results)), /CPU per 1000 .*\n.*\n\| .*0\.182 s/);
  assert.match(plain(terminalSummary(results, { color: false, width: 120 })), /CPU\/1000[\s\S]*baseline .* 0\.182 s/);
  const about = { ...results, verdict: { ...results.verdict, objective: 'minimize cost' } };
  const [, table = ''] = plain(terminalSummary(about, { color: false, width: 120 })).split(/(?=variant +cost)/);
  assert.match(table, /baseline +0\.182 s/);
  assert.doesNotMatch(table, /CPU\/1000/);
});

test('a limit on the cost is shown with its unit', () => {
  const results = withResources(unseen, 0.2);
  const limit = {
    metric: 'cost',
    atMostNs: null,
    atLeast: null,
    atMostCpuSeconds: 0.25,
    outcome: 'holds' as const,
    value: 0.2,
  };
  const variants = results.variants.map((each) => ({ ...each, constraints: [limit] }));
  const plan = { ...results.plan, constraints: ['cost at most 0.25 CPU s per 1000'] };
  const cells = tableIn({ ...results, plan, variants }, 'variants')?.rows[0]?.map(({ text }) =>
    text.replaceAll('\u00a0', ' '),
  );
  assert.ok(cells?.includes('cost at most 0.250 s per 1000: holds'), cells?.join('|'));
});

test('names that a driver or a server made up stay text', () => {
  const hostile = '</td><script>alert(1)</script>\u001b[31m\u202e| x `y` {{7*7}}';
  const results = withResources({
    ...unseen,
    failures: [{ reason: hostile, count: 1 }],
    gpus: [{ ...gpu, name: hostile, throttledBy: [hostile] }],
  });
  for (const text of [resultsHtml(results), summaryMarkdown(results)]) {
    assert.doesNotMatch(text, /<script>/);
    assert.doesNotMatch(text, /(?!\n)\p{Cc}|[\u202a-\u202e]/u);
  }
});
