import assert from 'node:assert/strict';
import { it } from 'node:test';
import { StatisticsRecorder } from './statistics.ts';

it('counts an execution once and its phases for each request in it', () => {
  const recorder = new StatisticsRecorder();
  const execution = { startNs: 100, inputEndNs: 110, outputStartNs: 150, endNs: 155 };
  recorder.execution(3, execution);
  recorder.success(1, { receivedNs: 40, queuedNs: 50, answeredNs: 155 }, execution);
  recorder.success(2, { receivedNs: 70, queuedNs: 70, answeredNs: 155 }, execution);
  recorder.failure(9);
  const before = Date.now();
  const { last_inference: last, ...counted } = recorder.read('m', '1');
  assert(last <= before && last > before - 60_000);
  assert.deepEqual(counted, {
    name: 'm',
    version: '1',
    inference_count: 3,
    execution_count: 1,
    inference_stats: {
      success: { count: 2, ns: 200 },
      fail: { count: 1, ns: 9 },
      queue: { count: 2, ns: 80 },
      compute_input: { count: 2, ns: 20 },
      compute_infer: { count: 2, ns: 80 },
      compute_output: { count: 2, ns: 10 },
      cache_hit: { count: 0, ns: 0 },
      cache_miss: { count: 0, ns: 0 },
    },
    response_stats: {},
    batch_stats: [
      {
        batch_size: 3,
        compute_input: { count: 1, ns: 10 },
        compute_infer: { count: 1, ns: 40 },
        compute_output: { count: 1, ns: 5 },
      },
    ],
    memory_usage: [],
  });
});

it('keeps what it gave, and sorts batches by their size', () => {
  const recorder = new StatisticsRecorder();
  const execution = { startNs: 0, inputEndNs: 1, outputStartNs: 2, endNs: 3 };
  for (const size of [10, 2, 10]) recorder.execution(size, execution);
  const early = recorder.read('m', '1');
  recorder.execution(2, execution);
  assert.equal(early.execution_count, 3);
  assert.deepEqual(
    early.batch_stats.map(({ batch_size: size, compute_infer: infer }) => [size, infer.count]),
    [
      [2, 1],
      [10, 2],
    ],
  );
});
