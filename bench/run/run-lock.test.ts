import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { execaSync } from 'execa';
import { Failure } from '../failure.ts';
import { lockRun } from './run-lock.ts';

describe('the lock of a run folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tritune-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps a second run out while the first holds it, and names the holder', () => {
    {
      using _lock = lockRun(folder);
      assert.throws(
        () => lockRun(folder),
        (error) => error instanceof Failure && error.exitCode === 2 && error.message.endsWith(`process ${process.pid}`),
      );
    }
    assert.equal(existsSync(join(folder, 'run.lock')), false);
    using again = lockRun(folder);
    assert(again);
  });

  it('is taken over from a process that is gone, and from one that left no number', () => {
    const { stdout } = execaSync('sh', ['-c', 'echo $$']);
    for (const left of [stdout, 'x', '', '-1']) {
      writeFileSync(join(folder, 'run.lock'), left);
      using lock = lockRun(folder);
      assert(lock);
    }
  });

  it('is taken over where another process has the number of the one that held it, be it this one', () => {
    for (const left of [`${process.pid} 1\n`, `${process.ppid} 1\n`]) {
      writeFileSync(join(folder, 'run.lock'), left);
      using lock = lockRun(folder);
      assert(lock);
    }
  });

  it('takes away what was left by processes that were killed while they took it, and nothing else', () => {
    const { stdout: gone } = execaSync('sh', ['-c', 'echo $$']);
    for (const name of [`run.lock.${gone}`, `run.lock.${process.ppid}`, 'run.lock.mine'])
      writeFileSync(join(folder, name), '');
    {
      using _lock = lockRun(folder);
    }
    assert.deepEqual(readdirSync(folder).toSorted(), [`run.lock.${process.ppid}`, 'run.lock.mine']);
  });
});
