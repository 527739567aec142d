import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Datatype,
  decodeByteStrings,
  decodeElements,
  elementBytes,
  elementCount,
  encodeByteStrings,
  encodeElements,
  isDatatype,
} from './tensors.ts';

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

  it('of BYTES are no numbers', () => {
    assert.throws(() => encodeElements('BYTES', [1]), RangeError);
    assert.throws(() => decodeElements('BYTES', Buffer.alloc(4)), RangeError);
  });
});

const { POSITIVE_INFINITY: infinity, NEGATIVE_INFINITY: minusInfinity, NaN: none } = Number;

describe('half precision', () => {
  /** Bits as IEEE 754 has them for binary16, and for its cousin with the exponent of binary32. */
  const known: Record<'FP16' | 'BF16', [number, number][]> = {
    FP16: [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -14 - 2 ** -24, 0x03ff],
      [2 ** -24, 0x0001],
      [-(2 ** -24), 0x8001],
      [infinity, 0x7c00],
      [minusInfinity, 0xfc00],
    ],
    BF16: [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3f80],
      [-2, 0xc000],
      [3.140625, 0x4049],
      [(2 - 2 ** -7) * 2 ** 127, 0x7f7f],
      [2 ** -126, 0x0080],
      [2 ** -126 - 2 ** -133, 0x007f],
      [2 ** -133, 0x0001],
      [-(2 ** -133), 0x8001],
      [infinity, 0x7f80],
      [minusInfinity, 0xff80],
    ],
  };
  for (const [datatype, pairs] of Object.entries(known) as ['FP16' | 'BF16', [number, number][]][]) {
    it(`of ${datatype} has these bits for these values, subnormal and infinite ones too`, () => {
      const bits = encodeElements(
        'UINT16',
        pairs.map(([, word]) => word),
      );
      const values = pairs.map(([value]) => value);
      assert.deepEqual(encodeElements(datatype, values), bits);
      assert.deepEqual(decodeElements(datatype, bits), values);
    });

    it(`of ${datatype} comes back the same for each of its 65 536 values`, () => {
      const bits = encodeElements(
        'UINT16',
        Array.from({ length: 65_536 }, (_, word) => word),
      );
      const values = decodeElements(datatype, bits);
      const again = encodeElements(datatype, values);
      const words = decodeElements('UINT16', again);
      const wrong = words.findIndex((word, index) => word !== index && !Number.isNaN(values[index]));
      assert.equal(wrong, -1);
      assert.deepEqual(decodeElements(datatype, again).map(Number.isNaN), values.map(Number.isNaN));
    });
  }

  const rounded: Record<'FP16' | 'BF16', [number, number][]> = {
    FP16: [
      [1 + 2 ** -11, 1],
      [1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -10],
      [1 + 3 * 2 ** -11, 1 + 2 ** -9],
      [65519.999, 65504],
      [65520, infinity],
      [2 ** -25, 0],
      [2 ** -25 + 2 ** -60, 2 ** -24],
      [-1e-300, -0],
      [1e300, infinity],
    ],
    BF16: [
      [1 + 2 ** -8, 1],
      [1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -7],
      [1 + 3 * 2 ** -8 - 2 ** -40, 1 + 2 ** -7],
      [1 + 3 * 2 ** -8, 1 + 2 ** -6],
      [(2 - 2 ** -8) * 2 ** 127 - 2 ** 90, (2 - 2 ** -7) * 2 ** 127],
      [(2 - 2 ** -8) * 2 ** 127, infinity],
      [-1e300, minusInfinity],
      [2 ** -134, 0],
      [2 ** -134 + 2 ** -170, 2 ** -133],
      [-1e-300, -0],
    ],
  };
  for (const [datatype, pairs] of Object.entries(rounded) as ['FP16' | 'BF16', [number, number][]][]) {
    it(`of ${datatype} rounds once, to the nearest, ties to even`, () => {
      for (const [value, nearest] of pairs) {
        assert.deepEqual(decodeElements(datatype, encodeElements(datatype, [value])), [nearest], String(value));
      }
      assert.deepEqual(decodeElements(datatype, encodeElements(datatype, [none])), [none]);
    });

    it(`of ${datatype} is never farther from any number than its two neighbours`, () => {
      const check = (value: number): void => {
        const bits = encodeElements(datatype, [value]);
        const [nearest = none] = decodeElements(datatype, bits).map(Number);
        if (!Number.isFinite(nearest)) return;
        const [word = 0] = decodeElements('UINT16', bits).map(Number);
        const neighbours = decodeElements(datatype, encodeElements('UINT16', [word - 1, word + 1])).map(Number);
        for (const other of neighbours.filter(Number.isFinite)) {
          assert.ok(Math.abs(value - nearest) <= Math.abs(value - other), `${value} became ${nearest}, not ${other}`);
        }
      };
      fc.assert(fc.property(fc.double({ noNaN: true }), check), seed);
      fc.assert(fc.property(fc.double({ min: -4, max: 4, noNaN: true }), check), seed);
    });
  }
});

describe('the elements of BYTES', () => {
  it('carry their lengths, little-endian, and text is UTF-8', () => {
    assert.equal(
      Buffer.from(encodeByteStrings(['ü', '', Uint8Array.of(0, 255)])).toString('hex'),
      '02000000c3bc000000000200000000ff',
    );
  });

  it('come back as they were', () => {
    const check = (values: Uint8Array[]): void => {
      const data = Buffer.concat([Buffer.of(9), encodeByteStrings(values)]).subarray(1);
      assert.deepEqual(
        decodeByteStrings(data)?.map((element) => Uint8Array.from(element)),
        values,
      );
    };
    fc.assert(fc.property(fc.array(fc.uint8Array()), check), seed);
  });

  it('are none where lengths and data do not agree', () => {
    for (const hex of ['01', '000000', '0100000061ff', '02000000c3', 'ffffffff61']) {
      assert.equal(decodeByteStrings(Buffer.from(hex, 'hex')), null, hex);
    }
    assert.deepEqual(decodeByteStrings(new Uint8Array()), []);
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
