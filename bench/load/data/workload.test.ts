import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import type { ModelMetadata } from '../../kserve/client.ts';
import { csvData } from './csv.ts';
import { model, plain, usage } from './data.fixture.ts';
import { parseJsonData } from './json.ts';
import { randomData } from './made-up.ts';
import { everyExample, makeWorkload, plainOptions } from './workload.ts';

const three = csvData({ file: 'data.csv', rows: [[1], [2], [3]] });
const x = model(['x INT32 -1,1']);

function valuesOf(requests: Iterable<readonly Parameters<typeof plain>[0][]>): unknown[] {
  return Array.from(requests, (tensors) => tensors.map((tensor) => plain(tensor)[2]));
}

describe('the requests of a load', () => {
  it('hold consecutive examples from each example on, so that no two are the same', () => {
    const { inputs, expected, description } = makeWorkload(three, x, 2);
    assert.deepEqual(valuesOf(inputs), [[[1, 2]], [[2, 3]], [[3, 1]]]);
    assert.deepEqual(inputs[0]?.[0]?.shape, [2, 1]);
    assert.equal(expected, null);
    assert.equal(description, '3 rows in data.csv, in 3 distinct requests');
  });

  it('repeat the examples where a batch is larger than the file', () => {
    assert.deepEqual(valuesOf(makeWorkload(three, x, 7).inputs)[1], [[2, 3, 1, 2, 3, 1, 2]]);
  });

  it('are at most 1 024 of a file, spread evenly over it', () => {
    const many = csvData({ file: 'data.csv', rows: Array.from({ length: 10_000 }, (_, row) => [row]) });
    const starts = valuesOf(makeWorkload(many, x, 1).inputs).flat(2);
    assert.equal(starts.length, 1024);
    assert.deepEqual(starts.slice(0, 4), [0, 9, 19, 29]);
    assert.equal(starts.at(-1), 9990);
    const four = makeWorkload(many, x, 2, { ...plainOptions, distinctRequestCount: 4 }).inputs;
    assert.deepEqual(valuesOf(four), [[[0, 1]], [[2500, 2501]], [[5000, 5001]], [[7500, 7501]]]);
  });

  it('encode no more examples than they hold', () => {
    let encoded = 0;
    const counted = {
      ...three,
      exampleCount: 1_000_000,
      examplesFor: () => ({
        expected: null,
        inputs: () => {
          encoded += 1;
          return [{ name: 'x', datatype: 'INT32' as const, shape: [1], data: new Uint8Array(4) }];
        },
      }),
    };
    makeWorkload(counted, x, 3, { ...plainOptions, distinctRequestCount: 5 });
    assert.equal(encoded, 15);
  });

  it('are fewer where a model has so many tensors that these alone take memory', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `x${index}`);
    const wide = model(names.map((name) => `${name} UINT8 1`));
    const tensors = names.map((name) => ({ name, datatype: 'UINT8' as const, shape: [1], data: new Uint8Array(1) }));
    const data = { ...three, exampleCount: 5_000, examplesFor: () => ({ expected: null, inputs: () => tensors }) };
    const options = { ...plainOptions, distinctRequestCount: 5_000 };
    assert.equal(makeWorkload(data, wide, 1, options).inputs.length, Math.floor(2 ** 28 / (1_025 * 1_000)));
  });

  it('are none of a model with more than 1 000 inputs or outputs', () => {
    const many = Array.from({ length: 1_001 }, (_, index) => ({ name: `x${index}`, datatype: 'INT32', shape: [1] }));
    const data = randomData(1, new Map());
    const refused = (metadata: ModelMetadata, message: RegExp): void =>
      assert.throws(
        () => makeWorkload(data, metadata, 1),
        (error) => error instanceof Failure && error.exitCode === 3 && message.test(error.message),
      );
    refused({ ...x, inputs: many }, /it has 1001 inputs, more than 1000/);
    refused({ ...x, outputs: many }, /it has 1001 outputs, more than 1000/);
    assert.equal(makeWorkload(data, { ...x, inputs: many.slice(1) }, 1).inputs[0]?.length, 1_000);
  });

  it('take no more than 256 MiB together, whatever their number', () => {
    const large = model([`x UINT8 ${3 * 2 ** 20}`]);
    const { inputs } = makeWorkload(randomData(1, new Map()), large, 1, { ...plainOptions, distinctRequestCount: 100 });
    assert.equal(inputs.length, 85);
  });

  it('have no batch dimension where the model has none', () => {
    const fixed = model(['x INT32 1']);
    assert.deepEqual(makeWorkload(three, fixed, 1).inputs[0]?.[0]?.shape, [1]);
    assert.throws(() => makeWorkload(three, fixed, 2), usage(/takes no batches: load\.batchSize must be 1/));
  });

  it('follow max_batch_size where it is known', () => {
    const dynamic = model(['x INT32 -1']);
    const shapeFor = (maxBatchSize: number, metadata: ModelMetadata) =>
      makeWorkload(three, metadata, 1, { ...plainOptions, maxBatchSize }).inputs[0]?.[0]?.shape;
    assert.deepEqual(shapeFor(0, dynamic), [1]);
    assert.deepEqual(shapeFor(4, x), [1, 1]);
    assert.throws(
      () => makeWorkload(three, x, 5, { ...plainOptions, maxBatchSize: 4 }),
      usage(/takes batches of at most 4, not 5/),
    );
  });

  it('cannot put examples of different shapes into one batch', () => {
    const text = '{"data":[{"x":[1,2]},{"x":[3,4]},{"x":[5]}]}';
    const varied = parseJsonData(text, 'd.json');
    const any = model(['x INT32 -1,-1']);
    assert.deepEqual(
      makeWorkload(varied, any, 1).inputs.map((tensors) => tensors[0]?.shape),
      [
        [1, 2],
        [1, 2],
        [1, 1],
      ],
    );
    assert.throws(
      () => makeWorkload(varied, any, 2),
      usage(/examples 2 and 3 cannot be in one batch: x has the shapes \[2\] and \[1\]/, /batches of 1/),
    );
  });

  it('are refused before memory is taken for them', () => {
    const large = model([`x FP32 -1,${2 ** 20}`]);
    assert.throws(() => makeWorkload(randomData(1, new Map()), large, 65_536), usage(/one request would take/));
  });

  it('carry the expected outputs in the order of the model, with the tolerance asked for', () => {
    const text = JSON.stringify({
      data: [{ x: [1] }, { x: [2] }],
      validation_data: [
        { label: [10], y: [0.5] },
        { label: [20], y: [1.5] },
      ],
    });
    const metadata = model(['x INT32 -1,1'], ['y FP32 -1,1', 'label INT64 -1,1']);
    const tolerance = { absolute: 0.25, relative: 0 };
    const { expected } = makeWorkload(parseJsonData(text, 'd.json'), metadata, 2, { ...plainOptions, tolerance });
    assert.deepEqual(expected?.[1]?.map(plain), [
      ['y', [2, 1], [1.5, 0.5]],
      ['label', [2, 1], [20n, 10n]],
    ]);
    assert.deepEqual(
      expected?.[1]?.map((tensor) => tensor.tolerance),
      [tolerance, tolerance],
    );
  });
});

describe('each example once', () => {
  it('goes out in order, in as few requests as the batch allows', () => {
    assert.deepEqual(valuesOf(everyExample(three, x, 2)), [[[1, 2]], [[3]]]);
    assert.deepEqual(valuesOf(everyExample(three, model(['x INT32 1']), 8)), [[[1]], [[2]], [[3]]]);
  });

  it('is nothing that random values have', () => {
    assert.throws(() => [...everyExample(randomData(1, new Map()), x, 1)], usage(/have no end/));
  });
});

describe('a server that describes its model wrongly', () => {
  const wrong: [string, unknown[]][] = [
    ['without a name', [{ datatype: 'FP32', shape: [1] }]],
    ['without a shape', [{ name: 'x', datatype: 'FP32' }]],
    ['with a shape of texts', [{ name: 'x', datatype: 'FP32', shape: ['1'] }]],
    ['with a dimension below -1', [{ name: 'x', datatype: 'FP32', shape: [-2] }]],
    ['with a datatype that there is not', [{ name: 'x', datatype: '__proto__', shape: [1] }]],
    ['with no datatype', [{ name: 'x', shape: [1] }]],
    ['with nothing', [null]],
  ];
  for (const [what, inputs] of wrong) {
    it(`is told: an input ${what}`, () => {
      const metadata = { ...x, inputs } as unknown as ModelMetadata;
      assert.throws(
        () => makeWorkload(three, metadata, 1),
        (error) => error instanceof Failure && error.exitCode === 3 && /describes model m/.test(error.message),
      );
    });
  }
});
