import assert from 'node:assert/strict';
import test from 'node:test';
import { loadKey, loadOf, loadOfId } from './load-of.ts';
import { syntheticRun } from './run.fixture.ts';
import { timingOf } from './timing.ts';

const { plan: basic } = syntheticRun({ arms: [{ id: 'baseline', ratio: 1 }], blocks: 1, sd: 0 }).record;
const wide = { id: 'wide', settings: {}, load: { concurrency: 32, batchSize: 2 } };
const grpc = { id: 'grpc', settings: {}, load: { protocol: 'grpc' } } as const;
const plan = { ...basic, variants: [wide, grpc, { id: 'plain', settings: { max_batch_size: 4 } }] };

test('a load is the plan’s, but for what the variant has of its own', () => {
  const own = { pacing: { kind: 'closed', concurrency: 8 }, batchSize: 1, transport: 'http' };
  assert.deepEqual(loadOfId(plan, 'baseline'), own);
  assert.deepEqual(loadOfId(plan, 'plain'), own);
  assert.deepEqual(loadOf(plan, wide), { ...own, pacing: { kind: 'closed', concurrency: 32 }, batchSize: 2 });
  assert.deepEqual(loadOfId(plan, 'grpc'), { ...own, transport: 'grpc' });
  assert.deepEqual(loadOfId(plan, 'constructor'), own);
  const keys = ['baseline', 'plain', 'wide', 'grpc'].map((id) => loadKey(loadOfId(plan, id)));
  assert.deepEqual([keys[0] === keys[1], new Set(keys).size], [true, 3]);
});

test('a variant settles in as many cycles of its own load as its instances need', () => {
  const look = (variantId: string) =>
    ({
      variantId,
      outcome: 'accepted',
      proof: [],
      loadMs: 1,
      latencyMs: 32,
      requestsPerSecond: 1,
      meanBatch: 2,
    }) as const;
  // 20 executions of 2 rows, 8 or 64 rows at a time, 32 ms a cycle: 160 ms, or 20 ms, where 100 ms are the least.
  assert.equal(timingOf(plan, [look('baseline')], {}).warmupMs, 160);
  assert.equal(timingOf(plan, [look('wide')], {}).warmupMs, 100);
});
