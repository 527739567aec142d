import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { tritune } from './host.fixture.ts';

test('tritune noise measures the committed configuration against itself and keeps what it saw', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tritune-noise-'));
  try {
    const args = ['configs/iris.yaml', '--engine', 'embedded', '--blocks', '2', '--slices', '1', '--json', '--quiet'];
    const env = { ...process.env, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: join(folder, 'state') };
    const out = join(folder, 'run');
    const { code, stdout, stderr } = await tritune(['noise', ...args, '--out', out], { env });
    if (code === 4) {
      // On a busy host the data may not be trusted; nothing is kept then.
      assert.match(stderr, /the noise of this host could not be measured/);
      return;
    }
    assert.equal(code, 0, stderr);
    const floor = JSON.parse(stdout);
    assert.deepEqual([floor.blocks, floor.slicesPerBlock, floor.model], [2, 1, 'sklearn-onnx']);
    const [file = ''] = readdirSync(join(folder, 'state', 'tritune'));
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'state', 'tritune', file), 'utf8')), floor);
    const { plan, variants } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
    assert.deepEqual([plan.expectEqual, variants.length], [true, 4]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
