import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readTopology } from '../engines/placement/topology.ts';
import { assertMessage, measuring, readLines, untilGone, Workplace } from './workplace.fixture.ts';

const embedded = { engine: 'embedded' };

describe('a sweep on a host that is being measured', () => {
  it('is refused with the name of the other run, unless it shares, and then nothing can be claimed', async () => {
    using place = new Workplace();
    const plan = place.plan({ ...embedded, blocks: 100 });
    const first = place.start('sweep', plan, '--out', 'first');
    await first.said(/block 1/);
    const second = await place.start('sweep', plan, '--out', 'second').ended;
    assert.deepEqual([second.code, second.stdout], [2, '']);
    assertMessage(
      second.stderr,
      new RegExp(`^tritune: this host is being measured by process ${first.pid} \\(tritune sweep \\S+ --out first\\)`),
      /wait for it to end\n.*--share-host/,
    );
    assert.equal(existsSync(join(place.folder, 'second')), false);
    const noise = await place.start('noise', plan).ended;
    assert.equal(noise.code, 2);
    const shared = await place.start('sweep', plan, '--share-host', '--blocks', '1', '--out', 'shared').ended;
    assert.equal(shared.code, 4, shared.stderr);
    assert.match(shared.stderr, /the host is shared with other runs: nothing can be claimed/);
    const { verdict, run } = place.results(join(place.folder, 'shared'));
    assert.deepEqual([verdict.kind, verdict.better], ['INVALID', []]);
    assert.match(verdict.reason ?? '', /--share-host/);
    assert.doesNotMatch(run.command, /share-host/);
    const { sharedHost } = JSON.parse(readFileSync(join(place.folder, 'shared', 'run.json'), 'utf8'));
    assert.equal(sharedHost.others.length, 1);
    await first.said(/block 3/);
    const beside = readLines(join(place.folder, 'first')).filter(({ kind }) => kind === 'beside');
    assert(beside.length >= 1, 'the first run saw the one that came beside it');
    // A kill leaves the claim behind, and nobody minds.
    await first.end('SIGKILL');
    await untilGone(first.pid);
    const again = await place.start('sweep', plan, '--blocks', '1', '--out', 'again').ended;
    assert.notEqual(again.code, 2, again.stderr);
  });
});

describe('a sweep with CPUs for server and client', {
  skip: readTopology().allowed.length < 2 && 'it needs two',
}, () => {
  const [server = 0, client = 1] = readTopology().allowed;

  it('binds both and says so in its report', async () => {
    await measuring(async (place) => {
      const plan = place.plan({ ...embedded, placement: { server: String(server), client: String(client) } });
      const { code, stderr } = await place.run('sweep', plan, '--blocks', '1', '--out', 'run');
      assert.equal(code, 0, stderr);
      const folder = join(place.folder, 'run');
      const { placement } = place.results(folder).run;
      assert.deepEqual([placement.divided, placement.server, placement.client], [true, String(server), String(client)]);
      const html = readFileSync(join(folder, 'index.html'), 'utf8');
      assert.match(html, /the verdict holds for this set of CPUs/);
      assert(readLines(folder).some((line) => line.kind === 'server'));
    });
  });

  it('is refused for CPUs that this host has not, before anything is started', async () => {
    using place = new Workplace();
    const { code, stderr } = await place.run('sweep', place.plan(embedded), '--placement', '0:16000');
    assert.equal(code, 2);
    assertMessage(stderr, /^tritune: placement names CPUs that may not be used: 16000$/, /may be used here: /);
    assert.equal(existsSync(place.reports), false);
    const wrong = await place.run('sweep', place.plan(embedded), '--placement', '0-3');
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--placement.*SERVER:CLIENT/);
  });
});
