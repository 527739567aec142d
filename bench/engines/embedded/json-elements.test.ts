import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Datatype, decodeElements, encodeElements } from '../../kserve/tensors.ts';
import { CoreError } from './failures.ts';
import { encodeJsonData, jsonData } from './json-elements.ts';
import { parseExactJson } from './json-exact.ts';

const never = (): unknown => assert.fail('exact numbers were asked for');
const encode = (datatype: Datatype, data: unknown, shape: number[], exact = never): Uint8Array =>
  encodeJsonData({ name: 'x', datatype, shape }, data, exact);

describe('JSON tensors', () => {
  it('become bytes, in whatever nesting they come', () => {
    assert.deepEqual(encode('INT16', [1, -2, 300, 4], [2, 2]), encodeElements('INT16', [1, -2, 300, 4]));
    assert.deepEqual(
      encode(
        'INT16',
        [
          [1, [-2]],
          [[[300]], 4],
        ],
        [2, 2],
      ),
      encodeElements('INT16', [1, -2, 300, 4]),
    );
    assert.deepEqual(encode('BOOL', [true, false], [2]), Uint8Array.of(1, 0));
    assert.deepEqual(Buffer.from(encode('BYTES', ['ü', ''], [2])).toString('hex'), '02000000c3bc00000000');
  });

  it('keep the digits of 64-bit integers both ways', () => {
    const text = '{"d":[9007199254740993,-9223372036854775808,1]}';
    const data = encode(
      'INT64',
      JSON.parse(text).d,
      [3],
      () => (parseExactJson(Buffer.from(text)) as { d: unknown }).d,
    );
    assert.deepEqual(decodeElements('INT64', data), [9007199254740993n, -9223372036854775808n, 1n]);
    assert.equal(jsonData('INT64', data), '[9007199254740993,-9223372036854775808,1]');
    assert.equal(jsonData('UINT64', encodeElements('UINT64', [2n ** 64n - 1n])), '[18446744073709551615]');
  });

  it('write floating point with a point, and what JSON has no word for as Triton does', () => {
    const values = [1, -0, 0.1, 1e-7, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const expected = '[1.0,-0.0,0.1,1e-7,1e+21,NaN,Infinity,-Infinity]';
    assert.equal(jsonData('FP64', encodeElements('FP64', values)), expected);
    assert.equal(jsonData('FP32', encodeElements('FP32', [0.1])), '[0.10000000149011612]');
  });

  it('survive the way there and back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
        fc.array(fc.string()),
        (numbers, texts) => {
          const doubles = encode('FP64', numbers, [numbers.length]);
          assert.deepEqual(
            decodeElements('FP64', encode('FP64', JSON.parse(jsonData('FP64', doubles)), [numbers.length])),
            numbers,
          );
          const bytes = encode('BYTES', texts, [texts.length]);
          assert.deepEqual(
            JSON.parse(jsonData('BYTES', bytes)),
            texts.map((text) => text.toWellFormed()),
          );
        },
      ),
      { seed: 20261123, numRuns: 300 },
    );
  });

  const refused: [string, Datatype, unknown, number[], RegExp][] = [
    [
      'a number in place of a list',
      'FP32',
      5,
      [1],
      /^Unable to parse 'data': attempt to access JSON non-array as array$/,
    ],
    ['an object', 'FP32', {}, [1], /non-array as array/],
    ['too few', 'FP32', [1], [2], /^Unable to parse 'data': Shape does not match true shape of 'data' field$/],
    ['more than a shape of any size', 'FP32', [1], [2 ** 53, 2 ** 53], /does not match/],
    ['text among numbers', 'FP32', ['1'], [1], /non-number as double/],
    ['null among numbers', 'FP32', [null], [1], /non-number as double/],
    ['a fraction for an integer', 'INT32', [1.5], [1], /non-signed-integer as signed-integer/],
    ['a negative for an unsigned integer', 'UINT8', [-1], [1], /non-unsigned-integer as unsigned-integer/],
    ['a number for a boolean', 'BOOL', [1], [1], /non-boolean as boolean/],
    [
      'a number for text',
      'BYTES',
      [1],
      [1],
      /^Unable to parse JSON bytes array: attempt to access JSON non-string as string$/,
    ],
    ['half precision', 'FP16', [1], [1], /^receiving FP16 data via JSON is not supported/],
    [
      'lists without end',
      'FP32',
      JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`),
      [1],
      /nested more than 64 deep/,
    ],
  ];
  for (const [what, datatype, data, shape, message] of refused) {
    it(`refuse ${what}`, () => {
      assert.throws(
        () => encode(datatype, data, shape),
        (error) => {
          assert(error instanceof CoreError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('refuse integers beyond 64 bits', () => {
    const exact = (text: string) => () => parseExactJson(Buffer.from(text));
    for (const [datatype, text] of [
      ['INT64', '[9223372036854775808]'],
      ['UINT64', '[18446744073709551616]'],
      ['INT64', '[99999999999999999999]'],
    ] as const) {
      assert.throws(() => encode(datatype, JSON.parse(text), [1], exact(text)), CoreError);
    }
  });

  it('are refused as an answer of half precision', () => {
    assert.throws(() => jsonData('BF16', new Uint8Array(2)), CoreError);
  });
});
