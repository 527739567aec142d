import assert from 'node:assert/strict';
import { it } from 'node:test';
import { differencesText, exactDifferences } from './exact-difference.ts';

it('configurations differ where any value does, and never by the order of their keys', () => {
  const before = { a: 1, b: { c: [1, { d: 'x' }], e: null }, f: [] };
  assert.deepEqual(exactDifferences(before, { f: [], b: { e: null, c: [1, { d: 'x' }] }, a: 1 }), []);
  assert.deepEqual(exactDifferences(before, { a: '1', b: { c: [1, { d: 'y' }] }, f: [2], g: false }), [
    { path: 'a', before: 1, now: '1' },
    { path: 'b.c[1].d', before: 'x', now: 'y' },
    { path: 'b.e', before: null, now: undefined },
    { path: 'f', before: [], now: [2] },
    { path: 'g', before: undefined, now: false },
  ]);
  assert.deepEqual(exactDifferences({}, undefined), [{ path: '', before: {}, now: undefined }]);
});

it('differences are told in words, long ones and many of them in part', () => {
  assert.equal(
    differencesText(exactDifferences({ a: 1, b: 2 }, { a: 3, c: 'x'.repeat(200) })),
    `a was 1 and is 3; b was 2 and is not set; c was not set and is "${'x'.repeat(119)}...`,
  );
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`k${index}`, index]));
  assert.match(differencesText(exactDifferences(many, {})), /; and 4 more$/);
});
