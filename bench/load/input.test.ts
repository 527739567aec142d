import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import type { ModelMetadata } from '../kserve/client.ts';
import { decodeElements } from '../kserve/tensors.ts';
import { batchInputs, type InputRows, readCsv, wholeInputs } from './input.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-input-'));
});
after(() => rmSync(folder, { recursive: true }));

async function rowsOf(text: string | Uint8Array): Promise<InputRows['rows']> {
  const file = join(folder, 'data.csv');
  writeFileSync(file, text);
  return (await readCsv(file)).rows;
}

const usage = (message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitCode === 2 && message.test(error.message) && !error.message.includes('\n');

describe('a CSV file gives its rows', () => {
  const texts: [string, string][] = [
    ['with a header', 'a,b\n1,2\n3,4\n'],
    ['without a header', '1,2\n3,4\n'],
    ['without an end of its last line', 'a,b\n1,2\n3,4'],
    ['with a byte order mark and Windows line ends', '\uFEFFa,b\r\n1,2\r\n3,4\r\n'],
    ['with a byte order mark and no header', '\uFEFF1,2\n3,4'],
    ['with blank lines and blanks around its cells', '\n a , b\n\n 1 ,2\t\n  \n3, 4\n\n'],
    ['in other ways to write numbers', '+1,2e0\n.3e1,4.\n'],
    ['with a header of which one cell is empty', ',b\n1,2\n3,4'],
  ];
  for (const [what, text] of texts) {
    it(what, async () =>
      assert.deepEqual(await rowsOf(text), [
        [1, 2],
        [3, 4],
      ]),
    );
  }

  it('with negative, tiny and large numbers', async () => {
    assert.deepEqual(await rowsOf('-1.5,1e-300\n-0,1e300'), [
      [-1.5, 1e-300],
      [-0, 1e300],
    ]);
  });
});

describe('a CSV file is refused', () => {
  const texts: [string, string | Uint8Array, RegExp][] = [
    ['when it is empty', '', /holds no rows/],
    ['with nothing but a header', 'a,b\n', /holds no rows/],
    ['with a row that is shorter', '1,2\n3\n', /data\.csv:2: 1 columns where the first line has 2/],
    ['with a row that is longer than its header', 'a,b\n1,2,3\n', /data\.csv:2: 3 columns/],
    ['with text among its numbers', '1,2\n3,x\n', /data\.csv:2: column 2 is no number/],
    ['with a second header', 'a,b\nc,d\n', /data\.csv:2: column 1 is no number/],
    ['with a first line of both', 'id,1\n2,3\n', /data\.csv:1: column 1 is no number/],
    ['with an empty cell', 'a,b\n1,\n', /data\.csv:2: column 2 is no number/],
    ['with numbers of another base', '1,0x10\n', /column 2 is no number/],
    ['with words for numbers', '1,Infinity\n', /column 2 is no number/],
    ['with a number beyond all floats', 'a,b\n1,-1e400\n', /data\.csv:2: column 2 is too large a number/],
    ['with semicolons', 'a;b\n1;2\n', /column 1 is no number/],
    ['when it is no text', Uint8Array.of(0, 255, 254, 10, 49, 44, 0), /column 2 is no number|columns/],
  ];
  for (const [what, text, message] of texts) {
    it(what, () => assert.rejects(rowsOf(text), usage(message)));
  }

  it('when it is not there, or a folder, or has no end', async () => {
    await assert.rejects(readCsv(join(folder, 'absent.csv')), usage(/^there is no .*absent\.csv$/));
    await assert.rejects(readCsv(folder), usage(/is not a file/));
    await assert.rejects(readCsv('/dev/zero'), usage(/is not a file/));
  });
});

function model(shape: number[], datatype = 'FP32', inputCount = 1): ModelMetadata {
  const inputs = Array.from({ length: inputCount }, (_, index) => ({ name: `x${index}`, datatype, shape }));
  return { name: 'm', versions: ['1'], platform: 'p', inputs, outputs: [] };
}

const input: InputRows = {
  file: 'data.csv',
  rows: [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10, 11, 12],
  ],
};

describe('the inputs of requests', () => {
  it('hold consecutive rows from each row on, so that no two are the same', () => {
    const batches = batchInputs(model([-1, 4]), input, 2).map(([tensor]) => tensor);
    assert.deepEqual(
      batches.map((tensor) => tensor?.shape),
      [
        [2, 4],
        [2, 4],
        [2, 4],
      ],
    );
    const firsts = batches.map((tensor) => decodeElements('FP32', tensor?.data ?? new Uint8Array()));
    assert.deepEqual(
      firsts.map((values) => [values[0], values[4]]),
      [
        [1, 5],
        [5, 9],
        [9, 1],
      ],
    );
  });

  it('repeat the rows where a batch is larger than the file', () => {
    const [[tensor] = []] = batchInputs(model([-1, 4]), input, 7);
    assert.deepEqual(tensor?.shape, [7, 4]);
    assert.equal(decodeElements('FP32', tensor?.data ?? new Uint8Array())[24], 1);
  });

  it('take each row once where all are wanted', () => {
    const shapes = wholeInputs(model([-1, 4]), input, 2).map(([tensor]) => tensor?.shape);
    assert.deepEqual(shapes, [
      [2, 4],
      [1, 4],
    ]);
  });

  it('have the shape of the model', () => {
    const shapeFor = (shape: number[]): readonly number[] | undefined =>
      batchInputs(model(shape), input, 1)[0]?.[0]?.shape;
    assert.deepEqual(shapeFor([-1, 2, 2]), [1, 2, 2]);
    assert.deepEqual(shapeFor([-1, -1]), [1, 4]);
    assert.deepEqual(shapeFor([-1, 2, -1]), [1, 2, 2]);
    const single = { file: 'data.csv', rows: [[1], [2]] };
    assert.deepEqual(batchInputs(model([-1]), single, 2)[0]?.[0]?.shape, [2]);
  });

  it('have no batch dimension where the model has none, and then hold one example', () => {
    assert.deepEqual(batchInputs(model([4]), input, 1)[0]?.[0]?.shape, [4]);
    assert.deepEqual(batchInputs(model([2, -1]), input, 1)[0]?.[0]?.shape, [2, 2]);
    assert.throws(() => batchInputs(model([4]), input, 2), usage(/takes no batches: load\.batchSize must be 1/));
  });

  it('are written as the model reads them', () => {
    for (const datatype of ['INT8', 'UINT64', 'FP64', 'INT64'] as const) {
      const [[tensor] = []] = batchInputs(model([-1, 4], datatype), input, 1);
      assert.deepEqual(decodeElements(datatype, tensor?.data ?? new Uint8Array()).map(Number), [1, 2, 3, 4]);
    }
  });
});

describe('rows that do not fit the model are refused', () => {
  const wrong: [string, ModelMetadata, number[][], RegExp][] = [
    ['with another width', model([-1, 5]), [[1, 2, 3, 4]], /has 4 columns, but input x0 takes \[-1, 5\]/],
    ['with a width that the fixed dimensions do not divide', model([-1, 3, -1]), [[1, 2, 3, 4]], /has 4 columns/],
    ['with two variable dimensions', model([-1, -1, -1]), [[1, 2, 3, 4]], /has 4 columns/],
    ['for two inputs', model([-1, 4], 'FP32', 2), [[1, 2, 3, 4]], /has 2 inputs/],
    ['for no input', model([-1, 4], 'FP32', 0), [[1, 2, 3, 4]], /has 0 inputs/],
    ['for text', model([-1, 4], 'BYTES'), [[1, 2, 3, 4]], /is BYTES/],
    ['for a type that there is not', model([-1, 4], '__proto__'), [[1, 2, 3, 4]], /is __proto__/],
    ['with a fraction for an integer', model([-1, 1], 'INT32'), [[1], [1.5]], /INT32, .* row 2 of data\.csv/],
    ['with a number too large for its type', model([-1, 1], 'INT8'), [[127], [128]], /INT8, .* row 2/],
    ['with a negative one for a type without sign', model([-1, 1], 'UINT64'), [[-1]], /UINT64, .* row 1/],
    ['with an integer that a CSV number cannot hold', model([-1, 1], 'INT64'), [[2 ** 60]], /INT64, .* row 1/],
    ['with a number too large for FP32', model([-1, 1], 'FP32'), [[1e39]], /FP32, .* row 1/],
    ['with a number that is neither true nor false', model([-1, 1], 'BOOL'), [[0], [1], [2]], /BOOL, .* row 3/],
  ];
  for (const [what, metadata, rows, message] of wrong) {
    it(what, () => assert.throws(() => batchInputs(metadata, { file: 'data.csv', rows }, 1), usage(message)));
  }
});
