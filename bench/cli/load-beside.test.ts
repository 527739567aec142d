import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { claimHost } from '../run/host-claim.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { load, Scratch, shortly } from './load.fixture.ts';

it('a load beside a run that measures this host says so, and measures all the same', async () => {
  await using server = await startScriptedServer({ steps: [{ holdMs: 1 }] });
  using scratch = new Scratch();
  const env = { XDG_RUNTIME_DIR: scratch.folder };
  const args = ['-m', 'scripted', '-u', server.url, '--quiet', ...shortly];
  using claim = await claimHost({ folder: join(scratch.folder, 'tritune'), command: 'tritune sweep', share: false });
  const beside = await load(args, { env });
  assert.match(
    beside.stderr,
    new RegExp(`^this host is being measured by process ${process.pid} \\(tritune sweep\\) since`),
  );
  assert.match(beside.stdout, /throughput/);
  claim[Symbol.dispose]();
  const alone = await load(args, { env });
  assert.doesNotMatch(alone.stderr, /is being measured/);
});
