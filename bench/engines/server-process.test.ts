import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { commandOfProcess, memoryOfGroup } from './server-process.ts';

const mebibyte = 2 ** 20;

it('the memory of a group is that of its leader and of its helpers', async () => {
  const holding = 'const held = Buffer.alloc(64 * 2 ** 20, 1); console.log("ready"); setTimeout(() => held, 60_000);';
  const leader = spawn(
    process.execPath,
    [
      '-e',
      `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(holding)}], { stdio: 'inherit' }); setTimeout(() => 0, 60_000)`,
    ],
    { detached: true, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const pid = leader.pid ?? 0;
  try {
    await once(leader.stdout, 'data');
    const bytes = memoryOfGroup(pid) ?? 0;
    assert(bytes > 64 * mebibyte && bytes < 1_024 * mebibyte, String(bytes));
    assert.deepEqual(commandOfProcess(pid)?.slice(0, 2), [process.execPath, '-e']);
  } finally {
    process.kill(-pid, 'SIGKILL');
  }
  await once(leader, 'exit');
  assert.deepEqual([memoryOfGroup(pid), commandOfProcess(pid)], [null, null]);
});
