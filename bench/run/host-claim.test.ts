import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Failure } from '../failure.ts';
import { claimHost, measuringHere, measuringInWords } from './host-claim.ts';
import { hostClaimFolder } from './host-claim-folder.ts';
import { processNamespace, startOf } from './process-identity.ts';

const holder = fileURLToPath(new URL('fixtures/hold-claim.ts', import.meta.url));

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'tritune-claim-'));
  folder = join(parent, 'tritune');
});
afterEach(() => rmSync(parent, { recursive: true }));

const claim = (share = false) => claimHost({ folder, command: 'tritune sweep', share });

describe('the claim of a host', () => {
  it('keeps others out while it is held, and says who holds it since when, and what to do', async () => {
    {
      using held = await claim();
      assert.deepEqual(held.others, []);
      await assert.rejects(claim(), (error) => {
        assert(error instanceof Failure);
        assert.equal(error.exitCode, 2);
        const since = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d UTC';
        assert.match(
          error.message,
          new RegExp(`^this host is being measured by process ${process.pid} \\(tritune sweep\\) since ${since}$`),
        );
        assert.match(error.hint ?? '', /wait for it to end\n.*--share-host/);
        return true;
      });
    }
    assert.deepEqual(readdirSync(folder), []);
    using again = await claim();
    assert(again);
  });

  it('is held beside another only by who shares, who then keeps others out too', async () => {
    using first = await claim();
    {
      using second = await claim(true);
      assert.deepEqual(
        second.others.map(({ pid, command }) => [pid, command]),
        [[process.pid, 'tritune sweep']],
      );
      first[Symbol.dispose]();
      await assert.rejects(claim(), /is being measured by process/);
    }
    using third = await claim();
    assert(third);
  });

  it('counts for nothing once its process was killed', async () => {
    const child = start('60000');
    await once(child.stdout ?? child, 'data');
    await assert.rejects(claim(), new RegExp(`is being measured by process ${child.pid} \\(a holder\\)`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    using held = await claim();
    assert(held);
    assert.equal(readdirSync(folder).length, 1);
  });

  it('counts for nothing where the id of its process is another one now', async () => {
    using _first = await claim();
    const [own = ''] = readdirSync(folder);
    const other = own.replace(startOf(process.pid) ?? '', '1');
    rmSync(join(folder, own));
    writeFileSync(join(folder, other), '{}');
    using second = await claim();
    assert.deepEqual(second.others, []);
  });

  it('is never held by two of many processes that want it at once', async () => {
    const ran = await Promise.all(
      Array.from({ length: 8 }, () => execa(process.execPath, [holder, folder, '150'], { reject: false })),
    );
    const spans = ran.flatMap(({ stdout }) => {
      const [from, to] = [...stdout.matchAll(/\d+\.?\d*/g)].map(Number);
      return from === undefined || to === undefined ? [] : [{ from, to }];
    });
    assert(spans.length >= 1);
    assert(ran.every(({ exitCode, stdout }) => (stdout === 'refused' ? exitCode === 2 : exitCode === 0)));
    spans.sort((a, b) => a.from - b.from);
    for (const [index, { from }] of spans.entries()) assert(from >= (spans[index - 1]?.to ?? 0));
    assert.deepEqual(readdirSync(folder), []);
  });

  it('tells of a process whose file cannot be read, and leaves alone what is no claim or of another container', async () => {
    const started = startOf(process.pid);
    const name = `${processNamespace()}-${process.pid}-${started}-999.json`;
    using held = await claim();
    assert(held);
    for (const [file, text] of Object.entries({
      [name]: '{"command": {"__proto__": 1}',
      'notes.txt': '',
      '1-1-1-1.json': '',
    }))
      writeFileSync(join(folder, file), text);
    const others = measuringHere(folder).filter(({ command }) => command === null);
    assert.deepEqual(others, [{ pid: process.pid, command: null, since: null }]);
    assert.equal(measuringInWords({ pid: 7, command: null, since: null }), 'process 7');
    assert(readdirSync(folder).includes('1-1-1-1.json') && readdirSync(folder).includes('notes.txt'));
  });

  it('is refused in a folder that is not for this user alone', async () => {
    {
      using _made = await claim();
    }
    chmodSync(folder, 0o777);
    await assert.rejects(claim(), /cannot see each other in \S+: others may write there/);
    rmSync(folder, { recursive: true });
    symlinkSync(parent, folder);
    chmodSync(parent, 0o700);
    await assert.rejects(claim(), /cannot see each other/);
    rmSync(folder);
    writeFileSync(folder, '');
    await assert.rejects(claim(), /cannot see each other/);
  });

  it('lies in the runtime folder where there is one, else in the temporary folder', () => {
    assert.equal(hostClaimFolder({ XDG_RUNTIME_DIR: parent }), folder);
    const without = hostClaimFolder({});
    for (const wrong of ['/no/such/folder', 'relative', '/etc/passwd', ''])
      assert.equal(hostClaimFolder({ XDG_RUNTIME_DIR: wrong }), without);
    assert.match(without, /tritune/);
  });
});

describe('when a process was started', () => {
  it('is the same each time, and unknown of one that is gone or a mere remainder', async () => {
    assert.equal(startOf(process.pid), startOf(process.pid));
    assert.match(startOf(process.pid) ?? '', /^\w+$/);
    assert.equal(startOf(2 ** 22 + 1), undefined);
    const { stdout } = await execa('sh', ['-c', 'true & echo $!; exec sleep 0.2']);
    assert.equal(startOf(Number(stdout)), undefined);
  });
});

function start(holdMs: string): ChildProcess {
  return spawn(process.execPath, [holder, folder, holdMs], { stdio: ['ignore', 'pipe', 'inherit'] });
}
