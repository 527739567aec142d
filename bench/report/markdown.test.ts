import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostileResults, hostileTexts } from './hostile.fixture.ts';
import { summaryMarkdown } from './markdown.ts';
import { markdownCode, markdownFence, markdownText } from './markdown-text.ts';
import { checkNumbers, type TableRead } from './read-back.fixture.ts';
import { baselineOnly, manyVariants, nothingMeasured, resultsOf } from './report.fixture.ts';

const decoded = (text: string): string =>
  text.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code))).replaceAll('\u2060', '');

function tablesIn(markdown: string): TableRead[] {
  return markdown.split(/^## /m).flatMap((part) => {
    const lines = part.split('\n').filter((line) => line.startsWith('|'));
    const [head, , ...rows] = lines.map((line) => line.slice(2, -2).split(' | ').map(decoded));
    return head === undefined ? [] : [{ title: part.split('\n', 1)[0] ?? '', head, rows }];
  });
}

test('every number in the tables is that of results.json', () => {
  for (const results of [resultsOf('WINNER'), resultsOf('INVALID'), manyVariants(10)]) {
    checkNumbers(results, tablesIn(summaryMarkdown(results)));
  }
});

test('it opens with the verdict', () => {
  const [title, , headline] = summaryMarkdown(resultsOf('TIED_SET')).split('\n');
  assert.equal(title, '# Tied set: iris: sklearn-onnx');
  assert.match(headline ?? '', /^\*\*Deploy count-2: better than the baseline, .*\*\*$/);
});

test('the command to type next is a block of its own', () => {
  assert.match(
    summaryMarkdown(resultsOf('INCONCLUSIVE')),
    /would probably decide:\n\n```sh\nnpx tritune sweep configs\/iris\.yaml --seed 1\n```\n/,
  );
});

test('hostile names break no table and bring no markup', () => {
  const markdown = summaryMarkdown(hostileResults());
  for (const { head, rows } of tablesIn(markdown)) {
    for (const row of rows) assert.equal(row.length, head.length);
  }
  const outside = markdown.replace(/^```diff\n.*?^```$/ms, '').replace(/`[^`\n]*`/g, '');
  assert.deepEqual([...new Set(outside.match(/<[^>]*>/g))].toSorted(), ['</code>', '<code>']);
  assert.doesNotMatch(outside, /\]\(|https:\/\/|www\.|@someone|\*\*bold/);
  assert.doesNotMatch(markdown, /[\u2028\u2029\u202a-\u202e\u2066-\u2069]|(?!\n)\p{Cc}/u);
});

test('five hundred variants, or endless names, stay under 60 kB and the cut is told', () => {
  const many = manyVariants(500);
  const endless = {
    ...many,
    variants: many.variants.map((each) => ({ ...each, id: `${each.id}${'|'.repeat(5000)}` })),
    verdict: { ...many.verdict, reason: '<'.repeat(100_000) },
  };
  for (const results of [many, endless]) {
    const markdown = summaryMarkdown(results);
    assert.ok(Buffer.byteLength(markdown) < 60_000);
    assert.match(markdown, /\d+ of 501 rows are shown; results\.json has all\./);
    assert.match(markdown, /## Host/);
  }
});

test('edge runs show no hole', () => {
  for (const results of [baselineOnly(), nothingMeasured()]) {
    assert.doesNotMatch(summaryMarkdown(results), /NaN|undefined|null|\[object/);
  }
});

test('text comes back whole, but none of it is markup', () => {
  const text = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(text, fc.constantFrom(...hostileTexts)), (original) => {
      const escaped = markdownText(original);
      assert.equal(decoded(escaped), original);
      assert.doesNotMatch(escaped, /[<>|\\`*~[\]^$]/);
      assert.doesNotMatch(markdownCode(original).slice(1, -1), /[|\\]/);
    }),
    { seed: 20261123, numRuns: 2000 },
  );
});

test('a fence is longer than any run of backticks in it', () => {
  assert.equal(markdownFence('diff', 'a\n````\n'), '`````diff\na\n````\n`````');
});

test('simple code is a span, other code is escaped', () => {
  assert.equal(markdownCode('instance_group.count = [1,2]'), '`instance_group.count = [1,2]`');
  assert.equal(markdownCode('a|b`c'), '<code>a&#124;b&#96;c</code>');
});
