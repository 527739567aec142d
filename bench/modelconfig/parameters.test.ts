import assert from 'node:assert/strict';
import test from 'node:test';
import { checkParameter, knownParameters } from './parameters.ts';

test('a key that the backend reads is fine', () => {
  for (const backend of ['onnxruntime', 'python', 'openvino', 'pytorch', 'tensorrt']) {
    const known = knownParameters(backend) ?? [];
    assert.ok(known.length >= 2, backend);
    assert.equal(new Set(known).size, known.length);
    for (const key of known) assert.equal(checkParameter(backend, key), undefined, key);
  }
});

test('a misspelt key names the one that was meant', () => {
  assert.equal(checkParameter('onnxruntime', 'intra_op_threads'), 'intra_op_thread_count');
  assert.equal(checkParameter('onnxruntime', 'INTER_OP_THREAD_COUNT'), 'inter_op_thread_count');
  assert.equal(checkParameter('onnxruntime', 'enable_memory_pattern'), 'enable_mem_pattern');
  assert.equal(checkParameter('openvino', 'INFERENCE_THREADS'), 'INFERENCE_NUM_THREADS');
  assert.equal(checkParameter('pytorch', 'DISABLE_OPTIMISED_EXECUTION'), 'DISABLE_OPTIMIZED_EXECUTION');
  assert.equal(checkParameter('tensorrt', 'context_allocation_strategy'), 'execution_context_allocation_strategy');
});

test('a key far from all still names one, since the backend reads no other', () => {
  assert.notEqual(checkParameter('onnxruntime', 'x'), undefined);
  assert.notEqual(checkParameter('onnxruntime', 'k'.repeat(100_000)), undefined);
});

test('the optimization level of onnxruntime is a field, not a parameter', () => {
  assert.equal(checkParameter('onnxruntime', 'level'), 'optimization.graph.level');
});

test("a model of the python backend may have keys of its own, a slip in the backend's keys is one", () => {
  assert.equal(checkParameter('python', 'my_threshold'), undefined);
  assert.equal(checkParameter('python', 'EXECUTION_ENV_PAHT'), 'EXECUTION_ENV_PATH');
});

test('nothing is said of a backend that is not known', () => {
  for (const backend of ['vllm', '', '__proto__']) {
    assert.equal(knownParameters(backend), undefined);
    assert.equal(checkParameter(backend, 'anything'), undefined);
  }
});
