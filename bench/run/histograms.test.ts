import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { writeRun } from './run.fixture.ts';
import { syntheticStagedRun } from './staged-run.fixture.ts';
import { reportRun } from './sweep.ts';

describe('the histograms of a run', () => {
  it('hold the requests of results.json, of each variant from the stage that its numbers come from', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritune-histograms-'));
    try {
      const ids = ['baseline', 'a', 'b', 'c', 'd', 'e'];
      const { record, lines, steps } = syntheticStagedRun({
        arms: ids.map((id, index) => ({ id, ratio: 1 + 0.1 * index })),
        sd: 0.01,
      });
      assert(steps.some((step) => step.startsWith('screen')));
      writeRun(folder, record, lines);
      const { variants } = await reportRun(folder);
      const left = variants.filter(({ status }) => status === 'screened out').map(({ id }) => id);
      assert.deepEqual([left.length, variants.length], [3, 6]);
      assert.deepEqual(readdirSync(join(folder, 'histograms')).toSorted(), ids.map((id) => `${id}.hgrm`).toSorted());
      for (const { id, requestCount, latencyNs } of variants) {
        const text = readFileSync(join(folder, 'histograms', `${id}.hgrm`), 'utf8');
        assert.equal(Number(/Total count\s*=\s*(\d+)/.exec(text)?.[1]), requestCount, id);
        const [p50] = /^\s*\S+\s+0\.500000000000/m.exec(text) ?? [''];
        // Three digits of a histogram, as three decimals of a ms.
        assert(Math.abs(Number(p50.trim().split(/\s+/)[0]) * 1e6 - (latencyNs.pooledP50 ?? 0)) < 2_000, id);
      }
      // Of the baseline all blocks of the screen are left out.
      const { requestCount } = variants[0] ?? {};
      const all = lines.filter((line) => line.kind === 'slice' && line.slice.variantId === 'baseline').length;
      assert.equal(requestCount, 20 * 8);
      assert(all > 8);
      assert(existsSync(join(folder, 'results.json')));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
