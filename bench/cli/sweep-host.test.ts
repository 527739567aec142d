import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readTopology } from '../engines/placement/topology.ts';
import { assertMessage, readLines, Workplace } from './workplace.fixture.ts';

const embedded = { engine: 'embedded' };

const holdClaim = fileURLToPath(new URL('../run/fixtures/hold-claim.ts', import.meta.url));

describe('a sweep on a host that is being measured', () => {
  it('is refused with the name of the other run, unless it shares, and then nothing can be claimed', async () => {
    using place = new Workplace().slowed();
    const plan = place.plan({ ...embedded, blocks: 1 });
    // The folder that a command of this place takes for its runtime folder.
    const holder = spawn(process.execPath, [holdClaim, join(place.folder, 'tritune'), '600000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(holder.stdout, 'data');
      for (const command of ['sweep', 'noise']) {
        const refused = await place.runHere(command, plan);
        assert.deepEqual([refused.code, refused.stdout], [2, '']);
        assertMessage(
          refused.stderr,
          new RegExp(`^tritune: this host is being measured by process ${holder.pid} \\(a holder\\) since .* UTC$`),
          /wait for it to end\n.*--share-host/,
        );
        assert.equal(existsSync(place.reports), false);
      }
      const shared = await place.runHere('sweep', plan, '--share-host', '--out', 'shared');
      assert.equal(shared.code, 4, shared.stderr);
      assert.match(shared.stderr, /the host is shared with other runs: nothing can be claimed/);
      const folder = join(place.folder, 'shared');
      const { verdict, run } = place.results(folder);
      assert.deepEqual([verdict.kind, verdict.better], ['INVALID', []]);
      assert.match(verdict.reason ?? '', /--share-host/);
      assert.doesNotMatch(run.command, /share-host/);
      const { sharedHost } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
      assert.match(String(sharedHost.others), new RegExp(`^process ${holder.pid} `));
      assert.equal(readLines(folder).filter(({ kind }) => kind === 'beside').length, 1);
    } finally {
      holder.kill('SIGKILL');
    }
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'exit');
    // A kill leaves the claim behind, and nobody minds; whether this host is quiet enough for a verdict is another matter.
    const again = await place.runHere('sweep', plan, '--out', 'again');
    assert([0, 4].includes(again.code ?? 1), again.stderr);
  });
});

describe('a sweep with CPUs for server and client', {
  skip: readTopology().allowed.length < 2 && 'it needs two',
}, () => {
  const [server = 0, client = 1] = readTopology().allowed;

  it('binds both and says so in its report', async () => {
    using place = new Workplace().slowed();
    const plan = place.plan({ ...embedded, placement: { server: String(server), client: String(client) } });
    const { code, stderr } = await place.run('sweep', plan, '--blocks', '1', '--out', 'run');
    assert([0, 4].includes(code ?? 1), stderr);
    const folder = join(place.folder, 'run');
    const { placement } = place.results(folder).run;
    assert.deepEqual([placement.divided, placement.server, placement.client], [true, String(server), String(client)]);
    const html = readFileSync(join(folder, 'index.html'), 'utf8');
    assert.match(html, /the verdict holds for this set of CPUs/);
    assert(readLines(folder).some((line) => line.kind === 'server'));
  });

  it('is refused for CPUs that this host has not, before anything is started', async () => {
    using place = new Workplace().slowed();
    const { code, stderr } = await place.runHere('sweep', place.plan(embedded), '--placement', '0:16000');
    assert.equal(code, 2);
    assertMessage(stderr, /^tritune: placement names CPUs that may not be used: 16000$/, /may be used here: /);
    assert.equal(existsSync(place.reports), false);
    const wrong = await place.runHere('sweep', place.plan(embedded), '--placement', '0-3');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--placement.*SERVER:CLIENT/);
  });
});
