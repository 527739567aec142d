import assert from 'node:assert/strict';
import test from 'node:test';
import { canonical } from './compare.ts';
import { parseConfig, toPlain } from './config.ts';

const plain = (text: string) => toPlain(parseConfig(text, 'c'));

test('configs that Triton runs alike have one canonical form', () => {
  const alike = [
    'max_batch_size: 8 dynamic_batching { }',
    'dynamic_batching { preferred_batch_size: [ 8 ] max_queue_delay_microseconds: 0 } max_batch_size: 0x8',
    'max_batch_size: 8 dynamic_batching { preserve_ordering: false } optimization { } version_policy { latest { num_versions: 1 } }',
    'max_batch_size: 8 dynamic_batching { } optimization { input_pinned_memory { enable: true } graph { } } response_cache { enable: f }',
  ];
  assert.equal(new Set(alike.map((text) => canonical(plain(text)))).size, 1);
});

test('configs that Triton runs otherwise have canonical forms of their own', () => {
  const different = [
    'max_batch_size: 8',
    'max_batch_size: 8 dynamic_batching { }',
    'max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 4 ] }',
    'max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 4, 8 ] }',
    'max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 8, 4 ] }',
    'max_batch_size: 8 sequence_batching { }',
    'max_batch_size: 8 sequence_batching { direct { } }',
    'max_batch_size: 8 optimization { input_pinned_memory { } }',
    'max_batch_size: 8 version_policy { all { } }',
    'max_batch_size: 8 input { name: "a" dims: 1 }',
    'max_batch_size: 8 input { name: "a" dims: 1 reshape { } }',
    'max_batch_size: 8 model_warmup { inputs { key: "i" } }',
    'max_batch_size: 8 model_warmup { inputs { key: "i" value { zero_data: false } } }',
    'max_batch_size: 8 model_warmup { inputs { key: "i" value { random_data: false } } }',
    'max_batch_size: 8 parameters { key: "a" }',
    'max_batch_size: 8 parameters { key: "__proto__" }',
    'max_batch_size: 8 instance_group { }',
    'max_batch_size: 8 instance_group { } instance_group { }',
  ];
  assert.equal(new Set(different.map((text) => canonical(plain(text)))).size, different.length);
});

test('the canonical form is what Triton fills in and what is not default, in the order of names', () => {
  const filledIn =
    '["optimization",[["input_pinned_memory",[["enable",true]]],["output_pinned_memory",[["enable",true]]]]],' +
    '["version_policy",[["latest",[["num_versions",1]]]]]';
  assert.equal(canonical(plain('dynamic_batching { }')), `[["dynamic_batching",[]],${filledIn}]`);
  const oldest = '["oldest",[["preferred_batch_size",[2]]]]';
  assert.equal(
    canonical(plain('max_batch_size: 2 sequence_batching { oldest { } }')),
    `[["max_batch_size",2],${filledIn.replace(',["version', `,["sequence_batching",[["max_sequence_idle_microseconds",1000000],${oldest}]],["version`)}]`,
  );
});

test('the order of fields and keys does not count, the order of lists does', () => {
  const one = canonical(
    plain('metric_tags { key: "a" } metric_tags { key: "b" } name: "x" input { name: "i" } input { name: "j" }'),
  );
  const two = canonical(
    plain('name: "x" input { name: "i" } input { name: "j" } metric_tags { key: "b" } metric_tags { key: "a" }'),
  );
  const other = canonical(
    plain('name: "x" input { name: "j" } input { name: "i" } metric_tags { key: "b" } metric_tags { key: "a" }'),
  );
  assert.equal(one, two);
  assert.notEqual(one, other);
});
