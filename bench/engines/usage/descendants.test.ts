import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { descendantsOf } from './descendants.ts';
import { FakeHost } from './host.fixture.ts';

function family(host: FakeHost): void {
  host.process(10, { parent: 1 });
  host.process(11, { parent: 10, group: 10 });
  host.process(12, { parent: 11, group: 10 });
  host.process(13, { parent: 10, group: 13 });
  host.process(14, { parent: 13, group: 10 });
  host.process(15, { parent: 10, group: 10, state: 'Z' });
  host.process(20, { parent: 1, group: 10 });
}

describe('what a process has started', () => {
  it('is found from parent to child, itself first; what has ended is not', () => {
    using host = new FakeHost();
    family(host);
    assert.deepEqual(descendantsOf(10, undefined, host.root), [10, 11, 13, 12, 14]);
    assert.deepEqual(descendantsOf(12, undefined, host.root), [12]);
    assert.deepEqual(descendantsOf(99, undefined, host.root), []);
  });

  it('is found by the lists of the threads where the kernel keeps them', () => {
    using host = new FakeHost();
    family(host);
    for (const [pid, children] of [
      [10, '11 15 '],
      [11, '12 '],
      [12, ''],
      [13, ''],
    ] as const)
      host.write(`proc/${pid}/task/${pid}/children`, children);
    host.write('proc/10/task/99/children', '13 99 x -1 ');
    assert.deepEqual(descendantsOf(10, undefined, host.root).toSorted(), [10, 11, 12, 13]);
  });

  it('is found behind a program that only starts the server, whichever of its threads started it', () => {
    using host = new FakeHost();
    host.process(10, {});
    host.process(11, { parent: 10, threads: { 11: 1, 12: 1 } });
    host.process(13, { parent: 11 });
    host.process(14, { parent: 13 });
    for (const [file, children] of [
      ['10/task/10', '11 '],
      ['11/task/11', ''],
      ['11/task/12', '13 '],
      ['13/task/13', '14 '],
    ])
      host.write(`proc/${file}/children`, children ?? '');
    assert.deepEqual(descendantsOf(10, undefined, host.root), [10, 11, 13, 14]);
  });

  it('leaves out what is not wanted, and what that started', () => {
    using host = new FakeHost();
    family(host);
    assert.deepEqual(
      descendantsOf(10, ({ group }) => group === 10, host.root),
      [10, 11, 12],
    );
  });

  it('ends where the kernel says that a process started itself', () => {
    using host = new FakeHost();
    host.process(10, { parent: 11 });
    host.process(11, { parent: 10 });
    assert.deepEqual(descendantsOf(10, undefined, host.root), [10, 11]);
  });

  it('is there on this host', { skip: !existsSync('/proc/self/stat') }, async () => {
    const shell = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!; wait'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    try {
      const [told] = await once(shell.stdout, 'data');
      assert.deepEqual(descendantsOf(shell.pid ?? 0), [shell.pid, Number(told)]);
    } finally {
      process.kill(-(shell.pid ?? 0), 'SIGKILL');
    }
  });
});
