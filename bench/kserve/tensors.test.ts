import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Datatype, decodeElements, elementBytes, elementCount, encodeElements, isDatatype } from './tensors.ts';

const seed = { seed: 20_261_123 };
const bounds: Partial<Record<Datatype, [bigint, bigint]>> = {
  UINT8: [0n, 2n ** 8n - 1n],
  UINT16: [0n, 2n ** 16n - 1n],
  UINT32: [0n, 2n ** 32n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
  INT8: [-(2n ** 7n), 2n ** 7n - 1n],
  INT16: [-(2n ** 15n), 2n ** 15n - 1n],
  INT32: [-(2n ** 31n), 2n ** 31n - 1n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
};

describe('tensor elements', () => {
  for (const [datatype, [min, max]] of Object.entries(bounds) as [Datatype, [bigint, bigint]][]) {
    it(`of ${datatype} come back as they were, the least and the greatest too`, () => {
      const isLong = elementBytes[datatype] === 8;
      const check = (values: bigint[]): void => {
        const elements = isLong ? values : values.map(Number);
        const data = encodeElements(datatype, elements);
        assert.equal(data.byteLength, values.length * (elementBytes[datatype] ?? 0));
        assert.deepEqual(decodeElements(datatype, data), elements);
      };
      check([min, max, 0n]);
      fc.assert(fc.property(fc.array(fc.bigInt({ min, max })), check), seed);
    });
  }

  it('of FP64 come back as they were', () => {
    const check = (values: number[]): void =>
      assert.deepEqual(decodeElements('FP64', encodeElements('FP64', values)), values);
    fc.assert(fc.property(fc.array(fc.double()), check), seed);
  });

  it('of FP32 come back rounded once', () => {
    const check = (values: number[]): void =>
      assert.deepEqual(decodeElements('FP32', encodeElements('FP32', values)), values.map(Math.fround));
    fc.assert(fc.property(fc.array(fc.double()), check), seed);
  });

  it('of BOOL are 0 and 1', () => {
    assert.deepEqual(decodeElements('BOOL', encodeElements('BOOL', [true, false, 7, 0])), [1, 0, 1, 0]);
  });

  it('are little-endian', () => {
    assert.deepEqual([...encodeElements('INT32', [0x01020304])], [4, 3, 2, 1]);
    assert.deepEqual([...encodeElements('FP32', [1])], [0, 0, 128, 63]);
    assert.deepEqual([...encodeElements('INT64', [-2n])], [254, 255, 255, 255, 255, 255, 255, 255]);
  });

  it('are read where they lie unaligned, a torn last one left out', () => {
    const bytes = Buffer.concat([Buffer.of(9), encodeElements('FP64', [1.5, -2]), Buffer.of(1, 2, 3)]);
    assert.deepEqual(decodeElements('FP64', bytes.subarray(1)), [1.5, -2]);
  });

  it('of BYTES, FP16 and BF16 are no numbers here', () => {
    for (const datatype of ['BYTES', 'FP16', 'BF16'] as const) {
      assert.throws(() => encodeElements(datatype, [1]), RangeError);
      assert.throws(() => decodeElements(datatype, Buffer.alloc(4)), RangeError);
    }
  });
});

describe('tensor shapes and datatypes', () => {
  it('count a scalar as one element and an empty dimension as none', () => {
    assert.deepEqual([[], [3], [2, 3, 4], [2, 0]].map(elementCount), [1, 3, 24, 0]);
  });

  it('know their own names only', () => {
    assert.deepEqual(['FP32', 'BYTES', 'fp32', 'TYPE_FP32', '__proto__', 'toString', ''].map(isDatatype), [
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
