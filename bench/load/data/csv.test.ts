import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ModelMetadata } from '../../kserve/client.ts';
import { csvData, parseCsv } from './csv.ts';
import { model, plain, usage } from './data.fixture.ts';
import { makeWorkload, plainOptions } from './workload.ts';

const rowsOf = (text: string) => parseCsv(text, 'data.csv').rows;

describe('a CSV file gives its rows', () => {
  const texts: [string, string][] = [
    ['with a header', 'a,b\n1,2\n3,4\n'],
    ['without a header', '1,2\n3,4\n'],
    ['without an end of its last line', 'a,b\n1,2\n3,4'],
    ['with Windows line ends', 'a,b\r\n1,2\r\n3,4\r\n'],
    ['with blank lines and blanks around its cells', '\n a , b\n\n 1 ,2\t\n  \n3, 4\n\n'],
    ['in other ways to write numbers', '+1,2e0\n.3e1,4.\n'],
    ['with a header of which one cell is empty', ',b\n1,2\n3,4'],
  ];
  for (const [what, text] of texts) {
    it(what, () =>
      assert.deepEqual(rowsOf(text), [
        [1, 2],
        [3, 4],
      ]),
    );
  }

  it('with negative, tiny and large numbers', () => {
    assert.deepEqual(rowsOf('-1.5,1e-300\n-0,1e300'), [
      [-1.5, 1e-300],
      [-0, 1e300],
    ]);
  });
});

describe('a CSV file is refused', () => {
  const texts: [string, string, RegExp][] = [
    ['when it is empty', '', /holds no rows/],
    ['with nothing but a header', 'a,b\n', /holds no rows/],
    ['with a row that is shorter', '1,2\n3\n', /data\.csv:2: 1 columns where the first line has 2/],
    ['with a row that is longer than its header', 'a,b\n1,2,3\n', /data\.csv:2: 3 columns/],
    ['with text among its numbers', '1,2\n\n3,x\n', /data\.csv:3: column 2 is no number/],
    ['with a second header', 'a,b\nc,d\n', /data\.csv:2: column 1 is no number/],
    ['with a first line of both', 'id,1\n2,3\n', /data\.csv:1: column 1 is no number/],
    ['with an empty cell', 'a,b\n1,\n', /data\.csv:2: column 2 is no number/],
    ['with numbers of another base', '1,0x10\n', /column 2 is no number/],
    ['with words for numbers', '1,Infinity\n', /column 2 is no number/],
    ['with NaN', '1,NaN\n', /column 2 is no number/],
    ['with a number beyond all floats', 'a,b\n1,-1e400\n', /data\.csv:2: column 2 is too large a number/],
    ['with semicolons', 'a;b\n1;2\n', /column 1 is no number/],
  ];
  for (const [what, text, message] of texts) {
    it(what, () => assert.throws(() => rowsOf(text), usage(message)));
  }
});

describe('a row of a CSV file', () => {
  const data = csvData(parseCsv('1,2,3,4\n', 'data.csv'));
  const first = (metadata: ModelMetadata, shapes = new Map<string, number[]>()) =>
    makeWorkload(data, metadata, 1, { ...plainOptions, shapes }).inputs[0]?.map(plain);

  it('has the shape of the model, one dimension of any size worked out', () => {
    assert.deepEqual(first(model(['x FP32 -1,2,2'])), [['x', [1, 2, 2], [1, 2, 3, 4]]]);
    assert.deepEqual(first(model(['x FP32 -1,-1'])), [['x', [1, 4], [1, 2, 3, 4]]]);
    assert.deepEqual(first(model(['x FP32 -1,2,-1'])), [['x', [1, 2, 2], [1, 2, 3, 4]]]);
    assert.deepEqual(first(model(['x FP32 4'])), [['x', [4], [1, 2, 3, 4]]]);
    assert.deepEqual(first(model(['x FP32 2,-1'])), [['x', [2, 2], [1, 2, 3, 4]]]);
  });

  it('has the shape that was asked for', () => {
    assert.deepEqual(first(model(['x FP32 -1,-1,-1']), new Map([['x', [4, 1]]])), [['x', [1, 4, 1], [1, 2, 3, 4]]]);
  });

  it('is written as the model reads it', () => {
    for (const datatype of ['INT8', 'UINT16', 'FP64', 'FP16', 'BF16']) {
      assert.deepEqual(first(model([`x ${datatype} -1,4`])), [['x', [1, 4], [1, 2, 3, 4]]]);
    }
    for (const datatype of ['INT64', 'UINT64']) {
      assert.deepEqual(first(model([`x ${datatype} -1,4`])), [['x', [1, 4], [1n, 2n, 3n, 4n]]]);
    }
  });
});

describe('rows that do not fit the model are refused', () => {
  const wrong: [string, ModelMetadata, string, RegExp][] = [
    ['with another width', model(['x FP32 -1,5']), '1,2,3,4', /data\.csv has 4 columns, but input x takes \[-1, 5\]/],
    ['with a width that the fixed dimensions do not divide', model(['x FP32 -1,3,-1']), '1,2,3,4', /has 4 columns/],
    ['with two variable dimensions', model(['x FP32 -1,-1,-1']), '1,2,3,4', /has 4 columns/],
    ['with a dimension of nothing', model(['x FP32 -1,0,-1']), '1,2,3,4', /has 4 columns/],
    ['for two inputs', model(['x FP32 -1,4', 'y FP32 -1,4']), '1,2,3,4', /has 2 inputs/],
    ['for no input', model([]), '1,2,3,4', /has 0 inputs/],
    ['for text', model(['x BYTES -1,4']), '1,2,3,4', /is BYTES/],
    [
      'with a fraction for an integer',
      model(['x INT32 -1,1']),
      '1\n1.5',
      /data\.csv: row 2: input x is INT32, .*: 1\.5$/,
    ],
    ['with a number too large for its type', model(['x INT8 -1,1']), '127\n128', /row 2: input x is INT8/],
    ['with a negative one for a type without sign', model(['x UINT64 -1,1']), '-1', /row 1: input x is UINT64/],
    ['with an integer that it cannot hold exactly', model(['x INT64 -1,1']), '9007199254740993', /row 1: .* INT64/],
    ['with a number too large for FP32', model(['x FP32 -1,1']), '1e39', /row 1: .* FP32/],
    ['with a number too large for FP16', model(['x FP16 -1,2']), '65519,65520', /element 2: 65520$/],
    ['with a number too large for BF16', model(['x BF16 -1,1']), '3.4e38', /row 1: .* BF16/],
    ['with a number that is neither true nor false', model(['x BOOL -1,1']), '0\n1\n2', /row 3: input x is BOOL/],
  ];
  for (const [what, metadata, text, message] of wrong) {
    it(what, () => assert.throws(() => makeWorkload(csvData(parseCsv(text, 'data.csv')), metadata, 1), usage(message)));
  }
});
