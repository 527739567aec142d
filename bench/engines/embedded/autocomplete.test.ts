import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { complete, needsCompletion } from './autocomplete.ts';

const iris = {
  inputs: [{ name: 'input', onnxNumber: 1, shape: [-1, 4] }],
  outputs: [
    { name: 'label', onnxNumber: 7, shape: [-1] },
    { name: 'probabilities', onnxNumber: 1, shape: [-1, 3] },
  ],
};
const input = [{ name: 'input', data_type: 'TYPE_FP32', dims: [4] }];
const output = [
  { name: 'label', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
  { name: 'probabilities', data_type: 'TYPE_FP32', dims: [3] },
];

describe('completion', () => {
  it('takes everything from a model that can batch', () => {
    assert.deepEqual(complete({}, iris, 'm'), { max_batch_size: 4, dynamic_batching: {}, input, output });
  });

  it('leaves what a config says', () => {
    const group = [{ count: 3 }];
    const own = [{ name: 'input', data_type: 'TYPE_FP32', dims: [-1] }];
    assert.deepEqual(complete({ max_batch_size: 16, instance_group: group, input: own }, iris, 'm'), {
      max_batch_size: 16,
      instance_group: group,
      dynamic_batching: {},
      input: own,
      output,
    });
  });

  it('adds no batching for batches of one', () => {
    assert.deepEqual(complete({ max_batch_size: 1 }, iris, 'm'), { max_batch_size: 1, input, output });
  });

  it('gives a model that cannot batch its whole shapes', () => {
    const total = {
      inputs: [{ name: 'x', onnxNumber: 1, shape: [-1] }],
      outputs: [{ name: 'y', onnxNumber: 1, shape: [] }],
    };
    assert.deepEqual(complete({}, total, 'm'), {
      max_batch_size: 0,
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1] }],
      output: [{ name: 'y', data_type: 'TYPE_FP32', dims: [1] }],
    });
  });

  it('refuses types that cannot be served', () => {
    const odd = { ...iris, inputs: [{ name: 'input', onnxNumber: 17, shape: [-1, 4] }] };
    assert.throws(() => complete({}, odd, 'm'), /unsupported datatype number 17 for 'input' for model 'm'/);
  });

  it('is needed where inputs or outputs are left out', () => {
    assert.deepEqual([{}, { input }, { output }, { input, output }].map(needsCompletion), [true, true, true, false]);
  });
});
