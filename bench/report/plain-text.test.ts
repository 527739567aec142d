import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostileTexts } from './hostile.fixture.ts';
import { clipped, plainLines, plainText } from './plain-text.ts';

const unsafe = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/u;

test('control, bidirectional and separator characters become visible', () => {
  assert.equal(plainText('\u001b[31mred\u0007'), '\\u{1b}[31mred\\u{7}');
  assert.equal(plainText('a\u202eb\u2028c\u009bd'), 'a\\u{202e}b\\u{2028}c\\u{9b}d');
  assert.equal(plainText('one\r\ntwo\tthree'), 'one two three');
});

test('ordinary text of any language stays as it is', () => {
  for (const text of ['count-2', 'Größe µs', '模型', 'a\u00a0b', '😀']) assert.equal(plainText(text), text);
});

test('several lines stay several lines', () => {
  assert.equal(plainLines('a\r\nb\rc\n\td\u001b'), 'a\nb\nc\n  d\\u{1b}');
});

test('no string at all leaves a character that a terminal or a reader could be fooled by', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      assert.doesNotMatch(plainText(text), unsafe);
      assert.ok(plainText(text).isWellFormed());
      assert.equal(plainText(plainText(text)), plainText(text));
    }),
    { seed: 20261123, numRuns: 2000 },
  );
  for (const text of hostileTexts) assert.doesNotMatch(plainText(text), unsafe);
  assert.equal(plainText('\ud800'), '\\u{d800}');
});

test('a long text is cut at a whole character', () => {
  assert.equal(clipped('abcdef', 4), 'abc…');
  assert.equal(clipped('abcd', 4), 'abcd');
  assert.equal(clipped('😀😀😀', 2), '😀…');
});
