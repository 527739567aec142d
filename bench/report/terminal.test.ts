import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostileResults } from './hostile.fixture.ts';
import { baselineOnly, manyVariants, nothingMeasured, resultsOf } from './report.fixture.ts';
import type { Results } from './results.ts';
import { terminalSummary } from './terminal.ts';
import { columnsOf, fitted, wrapped } from './terminal-text.ts';

const lines = (results: Results, width: number): string[] =>
  terminalSummary(results, { color: false, width }).split('\n');

test('the verdict comes first, then a row per variant', () => {
  const text = lines(resultsOf('WINNER'), 120).map((line) => line.replaceAll('\u00a0', ' ').replaceAll('\u2212', '-'));
  assert.equal(text[0], 'Winner: iris: sklearn-onnx');
  assert.match(text[2] ?? '', /^Deploy count-2: the best among those measured/);
  assert.ok(text.some((line) => /^count-2 +34 085\/s +\+9\.2 % +\+6\.1 % to \+12\.3 % +better .*│ +─+●─+$/.test(line)));
  assert.ok(text.some((line) => /^delay-500 .*◂ +│$/.test(line)));
  assert.ok(text.some((line) => line.startsWith('gpu: refused, the server refused it')));
});

test('no line is wider than the terminal, and a narrow one goes without the picture', () => {
  for (const width of [60, 80, 100, 160]) {
    for (const line of lines(resultsOf('TIED_SET'), width)) assert.ok(columnsOf(line) <= width, `${width}: ${line}`);
  }
  assert.doesNotMatch(lines(resultsOf('TIED_SET'), 60).join(), /●/);
});

test('without colour there is no escape sequence, with colour there is', () => {
  const start = String.fromCharCode(27);
  assert.ok(!terminalSummary(hostileResults(), { color: false, width: 100 }).includes(start));
  assert.ok(terminalSummary(resultsOf('WINNER'), { color: true, width: 100 }).includes(start));
});

test('hostile names bring no control character', () => {
  assert.doesNotMatch(lines(hostileResults(), 100).join(''), /\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
});

test('a long list is cut, and says so', () => {
  const text = lines(manyVariants(500), 100);
  assert.ok(text.length < 60);
  assert.ok(text.includes('and 461 more, see the report'));
});

test('a long list is not cut before those that the verdict is about', () => {
  const results = manyVariants(60);
  const last = results.variants.length - 1;
  const variants = results.variants.map((each, index) =>
    each.baseline || index === last ? each : { ...each, status: 'screened out' as const, comparison: null },
  );
  const text = lines({ ...results, variants }, 100);
  assert.ok(
    text.some((line) => line.startsWith(`${variants[last]?.id} `) && line.includes('●')),
    text.join('\n'),
  );
  assert.ok(text.includes(`and ${variants.length - 40} more, see the report`));
});

test('a run with nothing in it has its words, and no hole shows through', () => {
  for (const results of [baselineOnly(), nothingMeasured()]) {
    assert.doesNotMatch(lines(results, 100).join('\n'), /NaN|undefined|null|\[object/);
  }
});

test('wide and combining characters are counted as a terminal shows them', () => {
  assert.deepEqual(['abc', '模型', 'e\u0301', '😀'].map(columnsOf), [3, 4, 1, 2]);
  assert.equal(fitted('模型模型', 5), '模型…');
  assert.equal(fitted('模型模型', 6), '模型… ');
  assert.equal(fitted('ab', 4, 'right'), '  ab');
  assert.deepEqual(wrapped('one two three', 7), ['one two', 'three']);
});
