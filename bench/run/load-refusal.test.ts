import assert from 'node:assert/strict';
import test from 'node:test';
import type { Load } from '../plan/plan.ts';
import type { InForce } from './deployment.ts';
import { loadRefusal } from './load-refusal.ts';

/** The parts of a server that are looked at. */
function inForce(maxBatchSize: number | undefined, grpcPort?: number): InForce {
  const grpcAddress = grpcPort === undefined ? undefined : { host: '127.0.0.1', port: grpcPort };
  const server = { identity: { kind: 'remote' }, grpcAddress };
  return { server, served: maxBatchSize === undefined ? {} : { max_batch_size: maxBatchSize } } as unknown as InForce;
}

const load = (batchSize: number, transport: Load['transport'] = 'http'): Load => ({
  pacing: { kind: 'closed', concurrency: 8 },
  batchSize,
  transport,
});
const known = new Map([[4, { inputs: [], answers: [] }]]);

test('a batch above what the variant in force takes is refused, one of just that size is not', () => {
  assert.equal(
    loadRefusal('v', load(9), inForce(8), known),
    'it takes batches of at most 8 (max_batch_size), not of 9',
  );
  assert.equal(loadRefusal('v', load(4), inForce(4), known), null);
  // A model that takes no batches may take several rows as the first of its own dimensions.
  assert.equal(loadRefusal('v', load(4), inForce(0), known), null);
  assert.equal(loadRefusal('v', load(4), inForce(undefined), known), null);
});

test('gRPC is refused where the server has no address for it', () => {
  for (const transport of ['grpc', 'grpc-js'] as const) {
    assert.equal(
      loadRefusal('v', load(4, transport), inForce(8), known),
      `the remote engine has no gRPC address for ${transport}`,
    );
    assert.equal(loadRefusal('v', load(4, transport), inForce(8, 8001), known), null);
  }
});

test('a batch of which there are no right answers is refused with why', () => {
  const workloads = new Map([[2, { refused: 'why not' }]]);
  assert.equal(loadRefusal('v', load(2), inForce(8), workloads), 'why not');
});

test('the baseline is never refused here: what ends a run is told elsewhere', () => {
  assert.equal(loadRefusal('baseline', load(9, 'grpc'), inForce(8), known), null);
});
