import assert from 'node:assert/strict';
import test from 'node:test';
import { differences, isComplete } from './compare.ts';
import { parseConfig, toPlain } from './config.ts';
import type { PlainConfig } from './plain.ts';

const committed = `
  name: "iris" platform: "onnxruntime_onnx" max_batch_size: 8
  input [ { name: "input" data_type: TYPE_FP32 dims: [ 4 ] } ]
  output [ { name: "label" data_type: TYPE_INT64 dims: [ 1 ] reshape { shape: [ ] } } ]
  instance_group [ { count: 2 } ]
  dynamic_batching { max_queue_delay_microseconds: 0 }
  parameters { key: "intra_op_thread_count" value { string_value: "1" } }`;

/** What Triton answers to that file: defaults filled in, some 64-bit integers as text. */
const served: PlainConfig = {
  name: 'iris',
  platform: 'onnxruntime_onnx',
  backend: 'onnxruntime',
  runtime: '',
  version_policy: { latest: { num_versions: 1 } },
  max_batch_size: 8,
  input: [{ name: 'input', data_type: 'TYPE_FP32', format: 'FORMAT_NONE', dims: ['4'], optional: false }],
  output: [{ name: 'label', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] }, label_filename: '' }],
  instance_group: [{ name: 'iris_0', kind: 'KIND_CPU', count: 2, gpus: [], profile: [] }],
  optimization: { priority: 'PRIORITY_DEFAULT', input_pinned_memory: { enable: true } },
  dynamic_batching: { preferred_batch_size: [8], max_queue_delay_microseconds: '0', preserve_ordering: false },
  parameters: { intra_op_thread_count: { string_value: '1' } },
  field_of_a_newer_server: 1,
};

const plain = (text: string) => toPlain(parseConfig(text, 'c'));

test('a server that runs what was asked shows no difference, whatever it filled in', () => {
  assert.deepEqual(differences(plain(committed), served), []);
});

test('every leaf served with another value is a difference with its path', () => {
  const other: PlainConfig = {
    ...served,
    max_batch_size: 4,
    instance_group: [{ name: 'iris_0', kind: 'KIND_CPU', count: 1 }],
    dynamic_batching: { preferred_batch_size: [4], max_queue_delay_microseconds: '500' },
    parameters: { intra_op_thread_count: { string_value: '2' } },
  };
  assert.deepEqual(differences(plain(committed), other), [
    { path: 'max_batch_size', asked: 8, served: 4 },
    { path: 'dynamic_batching.max_queue_delay_microseconds', asked: 0, served: 500 },
    { path: 'instance_group[0].count', asked: 2, served: 1 },
    { path: 'parameters.intra_op_thread_count.string_value', asked: '1', served: '2' },
  ]);
});

test('a field that the server lacks equals its default, and only that', () => {
  const asked = plain(
    'dynamic_batching { preserve_ordering: false priority_levels: 2 } response_cache { enable: false }',
  );
  assert.deepEqual(differences(asked, { dynamic_batching: {} }), [
    { path: 'dynamic_batching.priority_levels', asked: 2, served: undefined },
  ]);
});

test('batching that is on though it was not asked for is a difference, as when auto-completion switches it on', () => {
  assert.deepEqual(differences(plain('max_batch_size: 4'), { max_batch_size: 4, dynamic_batching: {} }), [
    { path: 'dynamic_batching', asked: undefined, served: {} },
  ]);
});

test('batching that is off though it was asked for is a difference', () => {
  assert.deepEqual(differences(plain('dynamic_batching { }'), {}), [
    { path: 'dynamic_batching', asked: {}, served: undefined },
  ]);
});

test('an empty preferred_batch_size is served as the greatest batch, and as nothing else', () => {
  const asked = plain('max_batch_size: 8 dynamic_batching { preferred_batch_size: [ ] }');
  const answer = (size: number) => ({ max_batch_size: 8, dynamic_batching: { preferred_batch_size: [size] } });
  assert.deepEqual(differences(asked, answer(8)), []);
  assert.deepEqual(differences(asked, answer(4)), [
    { path: 'dynamic_batching.preferred_batch_size', asked: [], served: [4] },
  ]);
});

test("the kind and count of an instance group are the server's choice where they are left at their default", () => {
  const asked = plain('instance_group { kind: KIND_AUTO count: 0 }');
  assert.deepEqual(differences(asked, { instance_group: [{ kind: 'KIND_GPU', count: 1, gpus: [0] }] }), []);
  const negative = plain('instance_group { count: -1 }');
  assert.deepEqual(differences(negative, { instance_group: [{ count: 1 }] }), [
    { path: 'instance_group[0].count', asked: -1, served: 1 },
  ]);
});

test('a group more or fewer is a difference of its own', () => {
  const one = plain('instance_group { count: 1 }');
  const two = plain('instance_group { count: 1 } instance_group { count: 2 }');
  assert.deepEqual(differences(one, two), [{ path: 'instance_group[1]', asked: undefined, served: { count: 2 } }]);
  assert.deepEqual(differences(two, one), [{ path: 'instance_group[1]', asked: { count: 2 }, served: undefined }]);
});

test('what a setting removed may not be served: an override that outlived its variant shows', () => {
  const asked = plain('parameters { key: "a" value { string_value: "1" } }');
  const answer = { parameters: { a: { string_value: '1' }, 'b.c': { string_value: '2' } }, default_model_filename: '' };
  const paths = ['parameters["b.c"]', 'parameters.a', 'default_model_filename', 'instance_group[0].count'];
  assert.deepEqual(differences(asked, answer), []);
  assert.deepEqual(differences(asked, answer, paths), [
    { path: 'parameters["b.c"]', asked: undefined, served: { string_value: '2' } },
  ]);
});

test('enums by number, integers as text and floats of 32 bits compare by value', () => {
  const asked = plain(
    'instance_group { kind: KIND_CPU } sequence_batching { direct { minimum_slot_utilization: 0.1 } max_sequence_idle_microseconds: 18446744073709551615 }',
  );
  const answer = {
    instance_group: [{ kind: 2 }],
    sequence_batching: {
      direct: { minimum_slot_utilization: 0.10000000149011612 },
      max_sequence_idle_microseconds: '18446744073709551615',
    },
  };
  assert.deepEqual(differences(asked, answer), []);
});

test('an answer that is no ModelConfig differs and does not break the comparison', () => {
  const answers = [
    { input: 'x', max_batch_size: null },
    { input: [null, 3], parameters: [1] },
    {},
  ] as unknown as PlainConfig[];
  for (const answer of answers) assert.ok(differences(plain(committed), answer).length >= 4);
  assert.deepEqual(differences(JSON.parse('{"__proto__":{"max_batch_size":9}}'), {}), []);
});

test('a config with backend or platform and whole inputs and outputs is complete', () => {
  assert.equal(isComplete(plain(committed)), true);
  assert.equal(isComplete(served), true);
  assert.equal(isComplete(plain(committed.replace('name: "iris"', ''))), true);
  const lacking = {
    'platform: "onnxruntime_onnx"': '',
    'data_type: TYPE_INT64': '',
    'dims: [ 4 ]': 'dims: [ ]',
    'name: "input"': '',
    'output [': 'batch_output [',
  };
  for (const [part, instead] of Object.entries(lacking)) {
    const text = committed.replace(part, instead);
    assert.notEqual(text, committed);
    const config = part === 'output [' ? { ...plain(committed), output: [] } : plain(text);
    assert.equal(isComplete(config), false, part);
  }
});
