import assert from 'node:assert/strict';
import { it } from 'node:test';
import { InstancePool } from './instance-pool.ts';
import { Threads } from './threads.fixture.ts';

it('a pool keeps 16 threads, though more come back at the same time, and none once it is closed', async () => {
  await using threads = new Threads();
  const pool = new InstancePool();
  const taken = Array.from({ length: 20 }, () => pool.take());
  await Promise.all(taken.map((instance) => pool.giveBack(instance)));
  assert.equal(threads.runningCount, 16);
  const again = Array.from({ length: 16 }, () => pool.take());
  assert.equal(threads.startedCount, 20);
  await Promise.all([...again.map((instance) => pool.giveBack(instance)), pool.close()]);
  assert.equal(threads.runningCount, 0);
});
