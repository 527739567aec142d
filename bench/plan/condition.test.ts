import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCondition } from './condition.ts';

const names: Readonly<Record<string, number>> = { cores: 8, instances: 3, threads: 2, 'dynamic_batching.delay': 500 };
const holds = (text: string): boolean | undefined => parseCondition(text)?.holds((name) => names[name] ?? Number.NaN);

describe('a condition', () => {
  it('compares sums and products of numbers and names', () => {
    for (const [text, expected] of [
      ['instances * threads <= cores', true],
      ['instances * threads * 2 <= cores', false],
      ['instances + threads * 3 == 9', true],
      ['(instances + threads) * 3 == 15', true],
      ['cores / threads - 1 >= instances', true],
      ['8 - 3 - 2 == 3', true],
      ['dynamic_batching.delay>499.5', true],
      ['cores != 8', false],
      ['2<1', false],
    ] as const) {
      assert.equal(holds(text), expected, text);
    }
  });

  it('is not met where a name stands for nothing', () => {
    assert.deepEqual([holds('nothing <= 1'), holds('nothing > 1')], [false, false]);
  });

  it('is none where the text is something else', () => {
    for (const text of [
      '',
      'cores',
      '1 <',
      '< 1',
      '1 < 2 < 3',
      '(1 < 2)',
      '(1 + 2 < 3',
      '1 + < 3',
      '1 = 1',
      'a; b',
      'x'.repeat(201),
      'constructor.constructor("x")() < 1',
      'cores constructor 1',
      'cores valueOf 1',
      '__proto__ __proto__ __proto__',
    ]) {
      assert.equal(parseCondition(text), undefined, text);
    }
  });

  it('never throws, whatever the text', () => {
    const parts = fc.constantFrom('1', 'cores', ' valueOf ', '(', ')', '<=', '+', '*', '-', ' ', '.', '"');
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (text) => {
        parseCondition(text.join(''))?.holds(() => 1);
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });
});
