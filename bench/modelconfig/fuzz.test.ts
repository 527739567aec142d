import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { isLong } from '../testing/long.ts';
import { canonical } from './compare.ts';
import { parseConfig, printConfig, toPlain } from './config.ts';
import { editConfig } from './edit.ts';
import { parsePath } from './path.ts';
import { type Draw, pick } from './random-document.test-suite.ts';

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));
const corpus = readdirSync(folder)
  .filter((name) => name.endsWith('.pbtxt'))
  .map((name) => readFileSync(`${folder}${name}`, 'utf8'));
const pieces = [
  '{',
  '}',
  '<',
  '>',
  '[',
  ']',
  ':',
  ',',
  ';',
  '"',
  "'",
  '\\',
  '#',
  '\n',
  '\r',
  '-',
  '0',
  '9',
  '.',
  'x',
  '\0',
  '\ufeff',
  '\ud800',
  '😀',
  'name',
  'dims',
  'key',
  'value',
  '__proto__',
  '\\x',
  '\\u00',
  '1e',
  'inf',
];
const settings = [
  { 'instance_group[0].count': 3 },
  { 'instance_group[+]': {} },
  { dynamic_batching: null },
  { 'dynamic_batching.preferred_batch_size': [1, 2] },
  { 'parameters.k': 1 },
  { 'input[0].dims': [] },
  { name: 'x' },
];
const numRuns = isLong ? 100_000 : 3000;
const limit = { timeout: 600_000 };

test('a damaged config is read or refused with its place, and edits of it likewise', limit, () => {
  let read = 0;
  fc.assert(
    fc.property(fc.gen(), (draw: Draw) => {
      const text = damaged(draw, pick(draw, corpus));
      const document = attempt(() => parseConfig(text, 'c'), /^c:\d+:\d+: [^\n]+$/);
      if (document === undefined) return;
      read += 1;
      assert.equal(printConfig(document), text);
      assert.equal(typeof canonical(toPlain(document)), 'string');
      const edited = attempt(
        () => editConfig(text, 'c', pick(draw, settings)),
        /^(setting|with the settings in force)[^\n]+$/,
      );
      if (edited !== undefined) parseConfig(edited, 'c');
    }),
    { seed: 20240626, numRuns },
  );
  assert.ok(read > numRuns / 50, `only ${read} of ${numRuns} damaged texts were still configs`);
});

test('any path is read or refused', limit, () => {
  const marks = ['.', '[', ']', '"', "'", '\\', '+', '0', '12', 'parameters', 'input', 'dims', 'name', ' ', '', '\n'];
  fc.assert(
    fc.property(fc.gen(), (draw: Draw) => {
      const path = Array.from({ length: draw(fc.nat, { max: 9 }) }, () => pick(draw, marks)).join('');
      attempt(() => parsePath(path), /^setting "/);
    }),
    { seed: 20240627, numRuns },
  );
});

const half = 500_000;
const hostile: Record<string, string> = {
  'half a million opening brackets': '{'.repeat(half),
  'half a million nested messages': 'a{'.repeat(half / 2),
  'half a million nested lists': 'a:['.repeat(half / 4),
  'lists in lists': `a:${'['.repeat(half / 2)}`,
  'one string of backslashes': `name: "${'\\'.repeat(half - 20)}`,
  'one open string': `name: "${'x'.repeat(half - 20)}`,
  'one long number': `max_batch_size: ${'9'.repeat(half - 20)}`,
  'one long hex number': `max_batch_size: 0x${'f'.repeat(half - 20)}`,
  'one long name': 'n'.repeat(half),
  'one long enum': `instance_group { kind: ${'K'.repeat(half - 40)} }`,
  'half a million signs': `max_batch_size: ${'-'.repeat(half - 20)}`,
  'half a million blanks and then nothing': `name: ${' '.repeat(half - 20)}`,
  'a number of many dots': `max_batch_size: ${'1.'.repeat(half / 4)}`,
  'too long a text': '#'.repeat(half + 50_000),
};

for (const [what, text] of Object.entries(hostile)) {
  test(`${what}: refused with a place and a message of one short line`, limit, () => {
    assert.throws(
      () => parseConfig(text, 'c'),
      (error) => error instanceof Failure && /^c:\d+:\d+: [^\n]{1,300}$/.test(error.message),
    );
  });
}

const large: Record<string, string> = {
  'repeated fields': `input { ${'dims: 1 '.repeat(60_000)} }`,
  'a long list': `input { dims: [ 1${', 1'.repeat(150_000)} ] }`,
  'many blocks': 'input { } '.repeat(45_000),
  'many entries': 'metric_tags { key: "k" } '.repeat(20_000),
  'a long comment': `#${'x'.repeat(half)}`,
  'many comments': '#\n'.repeat(200_000),
  'a string of escapes': `name: "${'\\x41'.repeat(120_000)}"`,
  'many literals': `name: ${'"a" '.repeat(120_000)}`,
};

for (const [what, text] of Object.entries(large)) {
  test(`${what}: read, and edited at its end`, limit, () => {
    assert.equal(printConfig(parseConfig(text, 'c')), text);
    assert.equal(toPlain(parseConfig(editConfig(text, 'c', { max_batch_size: 4 }), 'c')).max_batch_size, 4);
  });
}

test('thousands of map entries go in one edit', limit, () => {
  const text = Array.from({ length: 15_000 }, (_, index) => `metric_tags { key: "${index}" }\n`).join('');
  assert.equal(editConfig(text, 'c', { metric_tags: {} }), '');
  assert.equal(editConfig(text, 'c', { metric_tags: { 7: '' } }), 'metric_tags { key: "7" value: "" }\n');
});

test('a nesting of 100 levels is the deepest that is read', () => {
  const nested = (levels: number) => 'a{'.repeat(levels) + '}'.repeat(levels);
  assert.throws(() => parseConfig(nested(99), 'c'), /has no field "a"/);
  assert.throws(() => parseConfig(nested(100), 'c'), /nested deeper than 100 levels/);
});

function damaged(draw: Draw, text: string): string {
  let result = text;
  for (let count = draw(fc.integer, { min: 1, max: 3 }); count > 0; count--) {
    const at = draw(fc.nat, { max: result.length });
    const removed = draw(fc.nat, { max: 4 });
    const other = pick(draw, corpus);
    const start = draw(fc.nat, { max: other.length });
    const added = pick(draw, ['', pick(draw, pieces), pick(draw, pieces), other.slice(start, start + 40)]);
    result = result.slice(0, at) + added + result.slice(at + removed);
  }
  return result;
}

/** What a call gives, or undefined where it ends in a usage failure whose message is as expected. */
function attempt<T>(call: () => T, message: RegExp): T | undefined {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.match(error.message, message);
    assert.equal(error.exitCode, 2);
    return undefined;
  }
}
