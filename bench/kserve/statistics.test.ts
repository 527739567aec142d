import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countersBetween, readCounters } from './statistics.ts';

/** As Triton 2.51 answers, one version of a model. */
function version(scale: number): object {
  const phase = (factor: number): object => ({ count: 10 * scale * factor, ns: 1_000 * scale * factor });
  return {
    name: 'sklearn-onnx',
    version: String(scale),
    last_inference: 1_732_000_000_000,
    inference_count: 40 * scale,
    execution_count: 10 * scale,
    inference_stats: {
      success: phase(1),
      fail: phase(2),
      queue: phase(3),
      compute_input: phase(4),
      compute_infer: phase(5),
      compute_output: phase(6),
      cache_hit: phase(7),
      cache_miss: phase(8),
    },
    batch_stats: [],
  };
}

const once = {
  inferenceCount: 40,
  executionCount: 10,
  cacheHitCount: 70,
  success: { count: 10, ns: 1_000 },
  fail: { count: 20, ns: 2_000 },
  queue: { count: 30, ns: 3_000 },
  computeInput: { count: 40, ns: 4_000 },
  computeInfer: { count: 50, ns: 5_000 },
  computeOutput: { count: 60, ns: 6_000 },
};

describe("a server's counters", () => {
  it('are read as they are, and added over versions', () => {
    assert.deepEqual(readCounters({ model_stats: [version(1)] }), once);
    assert.deepEqual(
      readCounters({ model_stats: [version(1), version(2)] }),
      countersBetween(once, readCounters({ model_stats: [version(4)] })),
    );
  });

  it('may come as text', () => {
    const text = JSON.parse(JSON.stringify(version(1)), (_, value) =>
      typeof value === 'number' ? String(value) : value,
    );
    assert.deepEqual(readCounters({ model_stats: [text] }), once);
  });

  it('of a difference are what happened in between', () => {
    const before = readCounters({ model_stats: [version(3)] });
    assert.deepEqual(countersBetween(before, readCounters({ model_stats: [version(4)] })), once);
  });

  it('are 0 where a server leaves them out or answers something else', () => {
    const nothing = readCounters({ model_stats: [] });
    assert.deepEqual([nothing.inferenceCount, nothing.queue], [0, { count: 0, ns: 0 }]);
    const odd = { inference_count: 'many', execution_count: null, inference_stats: { queue: [], success: 7 } };
    for (const statistics of [undefined, null, 'x', 7, [], {}, { model_stats: {} }, { model_stats: [null, 3, odd] }]) {
      assert.deepEqual(readCounters(statistics), nothing);
    }
    assert.deepEqual(readCounters(JSON.parse('{"__proto__":{"model_stats":[{"inference_count":9}]}}')), nothing);
  });

  it('are 0 where they are no counts, or none that a number holds', () => {
    for (const count of [-1, 2 ** 53, 1e308, 'Infinity', 'NaN', '18446744073709551615', '-3', true, null, [7]]) {
      const model = { inference_count: count, execution_count: 3, inference_stats: { success: { count, ns: 5 } } };
      const { inferenceCount, executionCount, success } = readCounters({ model_stats: [model] });
      assert.deepEqual([inferenceCount, executionCount, success], [0, 3, { count: 0, ns: 5 }], String(count));
    }
    assert.equal(readCounters({ model_stats: [{ inference_count: 2.6 }] }).inferenceCount, 3);
    const model = { inference_count: Number.MAX_SAFE_INTEGER };
    assert.equal(readCounters({ model_stats: [model, model] }).inferenceCount, Number.MAX_SAFE_INTEGER);
  });
});
