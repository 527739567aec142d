import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeElements, type Tensor } from '../kserve/tensors.ts';
import { compareAnswers, holdsValues } from './answers.ts';

function floats(values: readonly number[], datatype: 'FP32' | 'FP64' = 'FP32', name = 'y'): Tensor {
  return { name, datatype, shape: [values.length, 1], data: encodeElements(datatype, values) };
}

function words(datatype: 'FP16' | 'BF16' | 'INT16', values: readonly number[]): Tensor {
  return { name: 'y', datatype, shape: [values.length], data: encodeElements('UINT16', values) };
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
    ['in FP16, beyond its rounding', words('FP16', [0x3c04]), words('FP16', [0x3c00])],
    ['in BF16, beyond its rounding', words('BF16', [0x3f84]), words('BF16', [0x3f80])],
  ];
  for (const [what, have, want] of wrong) {
    it(what, () => assert.equal(compareAnswers([have], [want]), 'wrong-values'));
  }
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
