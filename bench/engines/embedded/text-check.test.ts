import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { textFault } from './text-check.ts';
import { readTexts, textOffsets, writeTexts } from './texts.ts';

it('finds what is wrong with texts in the words of Triton', () => {
  const fault = (bytes: readonly number[], count: number) =>
    textFault(Uint8Array.from(bytes), count, "'x'", "'m'")?.message;
  const one = [1, 0, 0, 0, 65];
  assert.equal(fault(one, 1), undefined);
  assert.equal(fault([], 0), undefined);
  assert.equal(fault(one, 2), "expected 2 string elements for inference input 'x' for model 'm', got 1");
  assert.equal(
    fault([...one, ...one], 1),
    "unexpected number of string elements 2 for inference input 'x' for model 'm', expecting 1",
  );
  assert.match(fault([9, 0, 0, 0, 1], 1) ?? '', /expecting string of length 9 but only 1 bytes available/);
  assert.match(fault([1, 0], 1) ?? '', /incomplete string length indicator .* only 2 bytes available/);
  assert.match(fault([...one, 7], 1) ?? '', /incomplete string length indicator .* only 1 bytes available/);
});

it('leaves the model out where Triton does, and says that the request is not named either', () => {
  assert.deepEqual(textFault(Uint8Array.from([9, 0, 0, 0, 1]), 1, "'x'", "'m'"), {
    message: "incomplete string data for inference input 'x', expecting string of length 9 but only 1 bytes available",
    isUnnamed: true,
  });
  assert.equal(textFault(Uint8Array.from([1, 0]), 1, "'x'", "'m'")?.isUnnamed, false);
});

it('reads the texts that it wrote, and knows where each begins', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
      const data = writeTexts(texts);
      assert.deepEqual(readTexts(data), texts);
      assert.equal(textFault(data, texts.length, "'x'", "'m'"), undefined);
      const offsets = textOffsets(data) ?? [];
      assert.equal(offsets.length, texts.length + 1);
      assert.deepEqual(readTexts(data.subarray(offsets[0], offsets.at(-1))), texts);
    }),
    { seed: 5, numRuns: 200 },
  );
});

it('refuses torn bytes without reading past them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (data) => {
      const isWhole = textOffsets(data) !== undefined;
      if (isWhole) readTexts(data);
      else assert.throws(() => readTexts(data), RangeError);
    }),
    { seed: 6, numRuns: 500 },
  );
});
