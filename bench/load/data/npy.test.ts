import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../kserve/client.ts';
import { encodeElements } from '../../kserve/tensors.ts';
import { model, plain, usage } from './data.fixture.ts';
import { npyFile, npyHeader } from './npy.fixture.ts';
import { parseNpy } from './npy.ts';
import { npyData, withExpected } from './npy-data.ts';
import { makeWorkload } from './workload.ts';

const int16 = (...values: number[]): Uint8Array => encodeElements('INT16', values);
const array = (descr: string, shape: number[], data: Uint8Array, fortran = false) =>
  parseNpy(npyFile(npyHeader(descr, shape, fortran), data), 'a.npy');

function requestsOf(bytes: ReturnType<typeof parseNpy>, metadata: ModelMetadata) {
  return makeWorkload(npyData(new Map([[null, bytes]])), metadata, 1).inputs.map((tensors) => tensors.map(plain)[0]);
}

describe('a .npy file', () => {
  it('gives its rows along the first axis', () => {
    assert.deepEqual(requestsOf(array('<i2', [2, 3], int16(1, 2, 3, -4, -5, -6)), model(['x INT16 -1,3'])), [
      ['x', [1, 3], [1, 2, 3]],
      ['x', [1, 3], [-4, -5, -6]],
    ]);
  });

  it('is read in all three formats, whatever the order of its keys', () => {
    const header = '{"shape":(2 ,1,),"fortran_order":False,"descr":"<i2"}';
    for (const version of [1, 2, 3] as const) {
      const bytes = parseNpy(npyFile(header, int16(7, 8), version), 'a.npy');
      assert.deepEqual(requestsOf(bytes, model(['x INT16 -1,1'])), [
        ['x', [1, 1], [7]],
        ['x', [1, 1], [8]],
      ]);
    }
  });

  it('may be big-endian', () => {
    for (const [descr, datatype, hex] of [
      ['>i2', 'INT16', '0102'],
      ['>i4', 'INT32', '00000102'],
      ['>f4', 'FP32', '43810000'],
      ['>f8', 'FP64', '4070200000000000'],
      ['>f2', 'FP16', '5c08'],
    ] as const) {
      const [tensor] = requestsOf(array(descr, [1, 1], Buffer.from(hex, 'hex')), model([`x ${datatype} -1,1`]));
      assert.equal(tensor?.[2][0], 258, descr);
    }
    const [long] = requestsOf(array('>u8', [1, 1], Buffer.from('ff00000000000001', 'hex')), model(['x UINT64 -1,1']));
    assert.deepEqual(long?.[2], [0xff00000000000001n]);
  });

  it('may lie with its first axis running fastest', () => {
    // numpy.arange(12).reshape(2, 3, 2), written in that order.
    const data = int16(0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11);
    assert.deepEqual(requestsOf(array('<i2', [2, 3, 2], data, true), model(['x INT16 -1,3,2'])), [
      ['x', [1, 3, 2], [0, 1, 2, 3, 4, 5]],
      ['x', [1, 3, 2], [6, 7, 8, 9, 10, 11]],
    ]);
    assert.deepEqual(requestsOf(array('<i2', [2], int16(5, 6), true), model(['x INT16 -1,1']))[1]?.[2], [6]);
  });

  it('holds numbers that are converted where each fits', () => {
    const doubles = encodeElements('FP64', [1, 0, 1]);
    for (const datatype of ['FP32', 'FP16', 'BF16', 'INT8', 'UINT32', 'BOOL']) {
      assert.deepEqual(requestsOf(array('<f8', [1, 3], doubles), model([`x ${datatype} -1,3`]))[0]?.[2], [1, 0, 1]);
    }
    const longs = array('<i8', [1, 1], encodeElements('INT64', [2n ** 63n - 1n]));
    assert.deepEqual(requestsOf(longs, model(['x UINT64 -1,1']))[0]?.[2], [2n ** 63n - 1n]);
    assert.deepEqual(requestsOf(array('|b1', [1, 2], Buffer.of(1, 0)), model(['x FP32 -1,2']))[0]?.[2], [1, 0]);
    const nan = array('<f4', [1, 1], encodeElements('FP32', [Number.NaN]));
    assert.deepEqual(requestsOf(nan, model(['x FP16 -1,1']))[0]?.[2], [Number.NaN]);
    assert.throws(() => requestsOf(nan, model(['x INT32 -1,1'])), usage(/row 1: input x is INT32, .*: NaN/));
    const half = array('<f8', [1, 3], encodeElements('FP64', [1, 2, 2.5]));
    assert.throws(() => requestsOf(half, model(['x INT8 -1,3'])), usage(/a\.npy: row 1: .* element 3: 2\.5/));
    assert.throws(() => requestsOf(array('|b1', [1, 1], Buffer.of(7)), model(['x BOOL -1,1'])), usage(/element 1: 7/));
  });

  it('holds bfloat16 as bytes without a meaning', () => {
    const bytes = array('|V2', [1, 1], encodeElements('BF16', [1.5]));
    assert.deepEqual(requestsOf(bytes, model(['x BF16 -1,1']))[0]?.[2], [1.5]);
    assert.throws(() => requestsOf(bytes, model(['x FP16 -1,1'])), usage(/holds no numbers/));
  });

  it('holds texts for BYTES', () => {
    const utf32 = (...points: number[]): Uint8Array => encodeElements('UINT32', points);
    const bytes = model(['t BYTES -1,1']);
    const texts = (...file: Parameters<typeof array>) =>
      requestsOf(array(...file), bytes).map((tensor) => tensor?.[2][0]);
    assert.deepEqual(texts('|S3', [2, 1], Buffer.from('ab\0\0c\0')), ['ab', '\0c']);
    assert.deepEqual(texts('<U2', [2, 1], utf32(0xfc, 0x1f600, 0x61, 0)), ['ü😀', 'a']);
    assert.deepEqual(texts('>U1', [1, 1], Buffer.from('0001f600', 'hex')), ['😀']);
    assert.throws(() => texts('<U1', [1, 1], utf32(0x110000)), usage(/row 1 holds a text with a code point/));
    assert.throws(() => texts('<i4', [1, 1], utf32(1)), usage(/holds no texts, but input t is BYTES/));
    assert.throws(
      () => requestsOf(array('|S1', [1, 1], Buffer.of(65)), model(['x INT8 -1,1'])),
      usage(/holds no numbers/),
    );
  });

  it('may have axes of length 1 more or less than the model, and no other', () => {
    assert.deepEqual(requestsOf(array('<i2', [2], int16(1, 2)), model(['x INT16 -1,1']))[0]?.[1], [1, 1]);
    assert.deepEqual(requestsOf(array('<i2', [1, 1, 2], int16(1, 2)), model(['x INT16 -1,2']))[0]?.[1], [1, 2]);
    assert.throws(
      () => requestsOf(array('<i2', [1, 4], int16(1, 2, 3, 4)), model(['x INT16 -1,2,2'])),
      usage(/a\.npy holds \[1, 4\], whose rows are \[4\], but input x takes \[2, 2\] for one example/),
    );
  });
});

describe('several .npy files', () => {
  const rows = (count: number, file: string) =>
    parseNpy(npyFile(npyHeader('<i2', [count, 1]), int16(...Array.from({ length: count }, (_, row) => row))), file);
  const two = model(['a INT16 -1,1', 'b FP32 -1,1'], ['y INT16 -1,1']);

  it('feed one input each', () => {
    const data = npyData(
      new Map([
        ['b', rows(2, 'b.npy')],
        ['a', rows(2, 'a.npy')],
      ]),
    );
    assert.deepEqual(makeWorkload(data, two, 2).inputs[1]?.map(plain), [
      ['a', [2, 1], [1, 0]],
      ['b', [2, 1], [1, 0]],
    ]);
  });

  it('hold expected outputs too', () => {
    const data = npyData(
      new Map([
        ['a', rows(2, 'a.npy')],
        ['b', rows(2, 'b.npy')],
      ]),
    );
    const { expected } = makeWorkload(withExpected(data, new Map([[null, rows(2, 'y.npy')]])), two, 1);
    assert.deepEqual(
      expected?.map((tensors) => tensors.map(plain)),
      [[['y', [1, 1], [0]]], [['y', [1, 1], [1]]]],
    );
    assert.throws(() => withExpected(data, new Map([['y', rows(3, 'y.npy')]])), usage(/y\.npy has 3 rows .* number 2/));
  });

  it('are refused where they do not fit together or the model', () => {
    const a = rows(2, 'a.npy');
    assert.throws(
      () =>
        npyData(
          new Map([
            ['a', a],
            ['b', rows(3, 'b.npy')],
          ]),
        ),
      usage(/b\.npy has 3 rows where a\.npy has 2/),
    );
    assert.throws(
      () => makeWorkload(npyData(new Map([['a', a]])), two, 1),
      usage(/no file for input b/, /b=FILE\.npy/),
    );
    assert.throws(
      () =>
        makeWorkload(
          npyData(
            new Map([
              ['a', a],
              ['c', a],
            ]),
          ),
          two,
          1,
        ),
      usage(/no input c/, /a, b/),
    );
    assert.throws(() => makeWorkload(npyData(new Map([[null, a]])), two, 1), usage(/has 2 inputs/, /NAME=FILE/));
  });
});

describe('a .npy file is refused', () => {
  const good = npyHeader('<i2', [2]);
  const wrong: [string, Buffer, RegExp][] = [
    ['when it is empty', Buffer.alloc(0), /does not begin as one/],
    ['when it is another file', Buffer.from('PK\x03\x04'), /does not begin as one/],
    ['of a format to come', Buffer.from('\x93NUMPY\x04\0\0\0\0\0', 'latin1'), /format 4 is not known/],
    ['cut off in its length', npyFile(good, int16(1, 2)).subarray(0, 9), /ends in its header/],
    ['cut off in its header', npyFile(good, int16(1, 2)).subarray(0, 40), /ends in its header/],
    ['cut off in its data', npyFile(good, int16(1)), /speaks of 4 bytes, but 2 follow/],
    ['with more data than its header says', npyFile(good, int16(1, 2, 3)), /speaks of 4 bytes, but 6 follow/],
    [
      'with a header without end',
      Buffer.from('\x93NUMPY\x02\0\xff\xff\xff\x7f', 'latin1'),
      /header is longer than 10000/,
    ],
    ['with a shape beyond all files', npyFile(npyHeader('<i2', [1e14, 1e14]), int16(1)), /speaks of 20{28} bytes/],
    [
      'with a shape that is a product of its data to a double',
      npyFile(npyHeader('|u1', [2 ** 49, 2 ** 49]), int16(1)),
      /speaks of/,
    ],
    ['with rows of nothing without number', npyFile(npyHeader('<i2', [1e14, 0]), new Uint8Array()), /holds no values/],
    ['with no rows', npyFile(npyHeader('<i2', [0, 4]), new Uint8Array()), /holds no values/],
    ['with a single value', npyFile(npyHeader('<i2', []), int16(1)), /holds a single value/],
    ['with a negative dimension', npyFile(good.replace('(2,)', '(-2,)'), int16(1)), /header is not one/],
    [
      'with a dimension beyond numbers',
      npyFile(good.replace('(2,)', `(${'9'.repeat(400)},)`), int16(1)),
      /header is not one/,
    ],
    ['with code for a header', npyFile('__import__("os").system("id")', int16(1)), /header is not one/],
    ['with something behind its header', npyFile(`${good} 1`, int16(1, 2)), /something follows it/],
    ['with a key twice', npyFile(good.replace('}', "'shape': (1,)}"), int16(1, 2)), /there twice/],
    ['with a key of prototypes', npyFile("{'__proto__': (2,)}", int16(1, 2)), /lacks fortran_order or shape/],
    ['without a shape', npyFile("{'descr': '<i2', 'fortran_order': False}", int16(1)), /lacks fortran_order or shape/],
    ['without an element', npyFile(good.replace("'descr': '<i2', ", ''), int16(1, 2)), /elements of no known kind/],
    ['of elements in two lines', npyFile(npyHeader('<\n2', [2]), int16(1, 2)), /elements of "<\\n2"/],
    ['of objects', npyFile(npyHeader('|O', [2]), int16(1, 2)), /elements of "\|O"/],
    ['of complex numbers', npyFile(npyHeader('<c8', [2]), Buffer.alloc(16)), /elements of "<c8"/],
    ['of dates', npyFile(npyHeader('<M8[ns]', [2]), Buffer.alloc(16)), /elements of "<M8\[ns\]"/],
    ['of long doubles', npyFile(npyHeader('<f16', [2]), Buffer.alloc(32)), /elements of "<f16"/],
    [
      'of structures',
      npyFile(good.replace("'<i2'", "[('a', '<i2'), ('b', [('c', '<f4')])]"), int16(1, 2)),
      /elements of "structures"/,
    ],
    ['of a structure without end', npyFile(good.replace("'<i2'", '[[[['), int16(1, 2)), /a list has no end/],
  ];
  for (const [what, bytes, message] of wrong) {
    it(what, () => assert.throws(() => parseNpy(bytes, 'a.npy'), usage(message)));
  }
});
