import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa, execaSync } from 'execa';
import { watchClientCost } from './client-cost.ts';

const pinned = ['-c', '0', process.execPath];
const canPin =
  existsSync('/proc/thread-self/schedstat') && !execaSync('taskset', [...pinned, '-e', ''], { reject: false }).failed;

/** Keeps its processor busy for 0.5 s under watch, and prints the cost. */
const busy = `
  import { watchClientCost } from ${JSON.stringify(fileURLToPath(new URL('./client-cost.ts', import.meta.url)))};
  const cost = watchClientCost();
  for (const endMs = performance.now() + 500; performance.now() < endMs; );
  setTimeout(() => console.log(JSON.stringify(cost())), 1);
`;

describe('the cost of the client', () => {
  it('holds the processor time and the share of the event loop that were used', async () => {
    const cost = watchClientCost();
    for (const endMs = performance.now() + 50; performance.now() < endMs; );
    await new Promise((resolve) => setTimeout(resolve, 1));
    const { cpuNs, eventLoopUtilization, runQueueWaitRatio } = cost();
    assert(cpuNs > 0);
    assert(eventLoopUtilization > 0 && eventLoopUtilization <= 1);
    assert(runQueueWaitRatio === null || (runQueueWaitRatio >= 0 && runQueueWaitRatio <= 1));
  });

  it('shows that another process had the processor', { skip: !canPin && 'no taskset, or no schedstat' }, async () => {
    const spinning = execa('taskset', [...pinned, '-e', 'for (;;);'], { reject: false, timeout: 20_000 });
    try {
      const { stdout } = await execa('taskset', [...pinned, '--input-type=module', '-e', busy]);
      const { runQueueWaitRatio } = JSON.parse(stdout) as { runQueueWaitRatio: number };
      assert(runQueueWaitRatio > 0.2 && runQueueWaitRatio < 1, `${runQueueWaitRatio}`);
    } finally {
      spinning.kill('SIGKILL');
      await spinning;
    }
  });
});
