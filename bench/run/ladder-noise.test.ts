import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SliceResult } from './journal.ts';
import { ladderNoise } from './ladder-noise.ts';
import { sliceLine } from './run.fixture.ts';

/** A slice of the ladder whose ln(throughput) is `y`. */
function rung(pass: number, variantId: string, y: number, invalid: readonly string[] = []): SliceResult {
  const at = `2026-01-01T00:00:${String(pass).padStart(2, '0')}.000Z`;
  const place = { block: pass, order: 0, variantId, at, stage: 'screen', round: 0 } as const;
  return sliceLine({ ...place, rate: Math.exp(y), latenciesNs: [1e6, 1e6], invalid });
}

describe('the noise of a ladder', () => {
  it('is that of slices of one variant at one level under one server process', () => {
    // Passes 1 to 3 ran on one process, 4 and 5 on the next; two degrees of freedom inside, one between.
    const found = ladderNoise(
      [rung(1, 'b', 5), rung(2, 'b', 5.2), rung(4, 'b', 6), rung(3, 'a', 7), rung(4, 'a', 8), rung(5, 'a', 8.2)],
      150,
    );
    assert(found !== null);
    const { sliceSd, blockSd, ...pilot } = found.pilot;
    assert.equal(sliceSd.toFixed(9), Math.sqrt(0.04 / 2).toFixed(9));
    assert(blockSd > 0);
    assert.deepEqual(pilot, {
      samplingRatio: 0,
      sliceCount: 6,
      processCount: 2,
      warmup: { ms: 150, why: 'unseen', settledMs: {} },
      elapsedMs: 4_000,
    });
    assert.deepEqual(
      found.evidence.map(({ freedom, block }) => ({ freedom, block })),
      [
        { freedom: 2, block: 0 },
        { freedom: 1, block: 1 },
      ],
    );
  });

  it('is not known where no two slices of a process can be used', () => {
    assert.equal(ladderNoise([], 100), null);
    assert.equal(ladderNoise([rung(1, 'b', 5), rung(2, 'b', 6, ['only 90 % of the requests'])], 100), null);
    assert.equal(ladderNoise([rung(3, 'b', 5), rung(4, 'b', 6)], 100), null);
  });
});
