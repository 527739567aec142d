import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeByteStrings, encodeElements, type Tensor } from '../kserve/tensors.ts';
import { compareAnswers, type Expected, holdsValues } from './answers.ts';

function floats(values: readonly number[], datatype: 'FP32' | 'FP64' = 'FP32', name = 'y'): Tensor {
  return { name, datatype, shape: [values.length, 1], data: encodeElements(datatype, values) };
}

function words(datatype: 'FP16' | 'BF16' | 'INT16', values: readonly number[]): Tensor {
  return { name: 'y', datatype, shape: [values.length], data: encodeElements('UINT16', values) };
}

function texts(...values: string[]): Tensor {
  return { name: 't', datatype: 'BYTES', shape: [values.length], data: encodeByteStrings(values) };
}

const label: Tensor = { name: 'label', datatype: 'INT64', shape: [1], data: encodeElements('INT64', [2n]) };

describe('an answer is the expected one', () => {
  const same: [string, Tensor[], Tensor[]][] = [
    ['with the same bytes', [floats([1, 2]), label], [floats([1, 2]), label]],
    ['with its outputs in another order', [label, floats([1, 2])], [floats([1, 2]), label]],
    ['with no outputs where none are expected', [], []],
    ['within the tolerance, relative to large values', [floats([1_000_000])], [floats([1_000_009])]],
    ['within the tolerance, absolute for small ones', [floats([0.000_009])], [floats([0])]],
    [
      'with NaN and infinities where they belong',
      [floats([Number.NaN, 1 / 0, -1 / 0, -0])],
      [floats([Number.NaN, 1 / 0, -1 / 0, 0])],
    ],
    ['within two units in the last place of FP16', [words('FP16', [0x3c02])], [words('FP16', [0x3c00])]],
    ['within two units in the last place of BF16', [words('BF16', [0x3f82])], [words('BF16', [0x3f80])]],
    ['in texts', [texts('a', '')], [texts('a', '')]],
    ['in double precision', [floats([1.000_001], 'FP64')], [floats([1], 'FP64')]],
  ];
  for (const [what, have, want] of same) {
    it(what, () => assert.equal(compareAnswers(have, want), undefined));
  }
});

describe('an answer has wrong values', () => {
  const wrong: [string, Tensor, Tensor][] = [
    ['just beyond the tolerance', floats([1.000_02]), floats([1])],
    ['where the last of many differs', floats([...Array(99).fill(0), 1]), floats(Array(100).fill(0))],
    ['where a number is not one', floats([Number.NaN]), floats([1])],
    ['where not a number is one', floats([1]), floats([Number.NaN])],
    ['where infinity is expected and any number comes', floats([5]), floats([1 / 0])],
    ['where infinity comes', floats([1 / 0]), floats([3e38])],
    ['of the other sign of infinity', floats([1 / 0]), floats([-1 / 0])],
    ['one off in an integer', { ...label, data: encodeElements('INT64', [3n]) }, label],
    ['one off in a short integer', words('INT16', [0x3c01]), words('INT16', [0x3c00])],
    ['in a text of the same length', texts('a'), texts('b')],
    ['in a text of another length', texts('ab'), texts('a')],
    ['in FP16, beyond its rounding', words('FP16', [0x3c04]), words('FP16', [0x3c00])],
    ['in BF16, beyond its rounding', words('BF16', [0x3f84]), words('BF16', [0x3f80])],
  ];
  for (const [what, have, want] of wrong) {
    it(what, () => assert.equal(compareAnswers([have], [want]), 'wrong-values'));
  }
});

describe('a tolerance of its own', () => {
  const within = (have: Tensor, want: Expected): boolean => {
    const whole = compareAnswers([have], [want]) === undefined;
    assert.equal(holdsValues(have.data, [want]), whole);
    return whole;
  };
  const tolerant = (want: Tensor, absolute: number, relative: number): Expected => ({
    ...want,
    tolerance: { absolute, relative },
  });

  it('of nothing asks for the very number, whatever its sign where it is 0', () => {
    for (const [datatype, one, next] of [
      ['FP16', 0x3c00, 0x3c01],
      ['BF16', 0x3f80, 0x3f81],
    ] as const) {
      assert.equal(within(words(datatype, [one]), tolerant(words(datatype, [one]), 0, 0)), true);
      assert.equal(within(words(datatype, [next]), tolerant(words(datatype, [one]), 0, 0)), false);
    }
    assert.equal(within(floats([1 + 2 ** -23]), tolerant(floats([1]), 0, 0)), false);
    assert.equal(within(floats([-0, Number.NaN]), tolerant(floats([0, Number.NaN]), 0, 0)), true);
  });

  it('counts absolute or relative to the expected value, whichever is more', () => {
    assert.equal(within(floats([0.5]), tolerant(floats([0]), 0.5, 0)), true);
    assert.equal(within(floats([0.75]), tolerant(floats([0]), 0.5, 10)), false);
    assert.equal(within(floats([150]), tolerant(floats([100]), 0, 0.5)), true);
    assert.equal(within(floats([151]), tolerant(floats([100]), 1, 0.5)), false);
    assert.equal(within(floats([-150]), tolerant(floats([-100]), 0, 0.5)), true);
    assert.equal(within(words('FP16', [0x3e00]), tolerant(words('FP16', [0x3c00]), 0.5, 0)), true);
    assert.equal(within(words('BF16', [0x3fc0]), tolerant(words('BF16', [0x3f80]), 0.25, 0)), false);
  });

  it('never covers infinity, integers or texts', () => {
    assert.equal(within(floats([1 / 0]), tolerant(floats([3e38]), 1e308, 1)), false);
    assert.equal(within({ ...label, data: encodeElements('INT64', [3n]) }, tolerant(label, 5, 1)), false);
    assert.equal(within(texts('b'), tolerant(texts('a'), 5, 1)), false);
  });

  it('belongs to one output', () => {
    const expected = [tolerant(floats([1, 2]), 1, 0), floats([3], 'FP32', 'z')];
    const answer = (y: number, z: number): Tensor[] => [floats([y, 2]), floats([z], 'FP32', 'z')];
    assert.equal(compareAnswers(answer(1.5, 3), expected), undefined);
    assert.equal(compareAnswers(answer(1, 3.5), expected), 'wrong-values');
  });
});

describe('an answer has the wrong shape', () => {
  const wrong: [string, Tensor[], Tensor[]][] = [
    ['with an output missing', [], [label]],
    ['with an output more', [label, floats([1])], [label]],
    ['with another name', [{ ...label, name: 'lable' }], [label]],
    ['with one output twice', [label, label], [label, floats([1])]],
    ['with another datatype', [{ ...label, datatype: 'UINT64' }], [label]],
    ['with other dimensions', [{ ...label, shape: [1, 1] }], [label]],
    ['with dimensions that look the same', [{ ...label, shape: [] }], [{ ...label, shape: [0] }]],
    ['with fewer bytes', [{ ...label, data: label.data.subarray(1) }], [label]],
    ['even where another output has wrong values', [floats([9]), { ...label, shape: [2] }], [floats([1]), label]],
  ];
  for (const [what, have, want] of wrong) {
    it(what, () => assert.equal(compareAnswers(have, want), 'wrong-shape'));
  }
});

describe('bytes hold the expected values', () => {
  const expected = [floats([1, 2]), label];
  it('one tensor after the other, also where they lie unaligned', () => {
    const bytes = Buffer.concat([Buffer.of(0), floats([1.000_001, 2]).data, label.data]).subarray(1);
    assert.equal(holdsValues(bytes, expected), true);
  });

  it('or not', () => {
    assert.equal(holdsValues(Buffer.concat([floats([1, 3]).data, label.data]), expected), false);
    assert.equal(holdsValues(Buffer.concat([floats([1, 2]).data, Buffer.alloc(8)]), expected), false);
    assert.equal(holdsValues(Buffer.concat([label.data, floats([1, 2]).data]), expected), false);
  });
});
