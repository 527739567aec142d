import assert from 'node:assert/strict';
import test from 'node:test';
import { distanceBetween, nearest } from './nearest.ts';

test('the nearest of several names is the one with the fewest letters changed', () => {
  const fields = ['count', 'kind', 'gpus', 'instance_group', 'dynamic_batching', 'max_batch_size'];
  assert.equal(nearest('cuont', fields), 'count');
  assert.equal(nearest('instance_groups', fields), 'instance_group');
  assert.equal(nearest('maxBatchSize', fields), 'max_batch_size');
  assert.equal(nearest('Dynamic-Batching', fields), 'dynamic_batching');
});

test('a name far from all has none', () => {
  assert.equal(nearest('zebra', ['count', 'kind']), undefined);
  assert.equal(nearest('', ['count']), undefined);
  assert.equal(nearest('count', []), undefined);
});

test('a tie goes to the name that comes first', () => {
  assert.equal(nearest('kinx', ['kind', 'kink']), 'kind');
});

test('an endless word is compared by its first hundred letters', () => {
  assert.equal(nearest('x'.repeat(1_000_000), ['count']), undefined);
});

test('distances count letters inserted, left out, changed or swapped', () => {
  assert.equal(distanceBetween('', 'abc'), 3);
  assert.equal(distanceBetween('kitten', 'sitting'), 3);
  assert.equal(distanceBetween('ab', 'ba'), 1);
  assert.equal(distanceBetween('count', 'count'), 0);
});
