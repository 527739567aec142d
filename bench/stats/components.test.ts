import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  deviations,
  type Evidence,
  evidenceOf,
  exactNoise,
  type Noise,
  noiseFrom,
  residualNoise,
} from './components.ts';

describe('the evidence of a pilot', () => {
  it('is what slices differ by inside a process, and what is left of the means of processes', () => {
    const cells = [
      [
        [1, 3],
        [5, 5],
      ],
      [
        [2, 2],
        [10, 12],
      ],
    ];
    // Means 2, 5 and 2, 11: the interaction is (2 - 5 - 2 + 11) / 2 = 3 with one degree of freedom, 9 its square by 1 / 4 x 4.
    assert.deepEqual(evidenceOf(cells), [
      { squares: 4, freedom: 4, block: 0, slice: 1 },
      { squares: 9, freedom: 1, block: 1, slice: 0.5 },
    ]);
  });

  it('says nothing of blocks with one process, or where a variant is missing in all but one', () => {
    assert.deepEqual(evidenceOf([[[1, 3]], [[2, 2, 5]]]), [{ squares: 8, freedom: 3, block: 0, slice: 1 }]);
    assert.deepEqual(
      evidenceOf([
        [[1, 3], [7]],
        [[2], []],
      ]),
      [{ squares: 2, freedom: 1, block: 0, slice: 1 }],
    );
  });

  it('is none where no two slices share a variant and a process', () => {
    for (const cells of [[], [[], []], [[[1]], [[2]]]]) assert.deepEqual(evidenceOf(cells), []);
    assert.equal(noiseFrom([]), null);
  });

  it('counts cells of unequal size by their own', () => {
    const [, between] = evidenceOf([
      [[0], [0, 0]],
      [
        [0, 0, 0, 0],
        [4, 4],
      ],
    ]);
    assert.deepEqual(between, { squares: 4, freedom: 1, block: 1, slice: (1 + 1 / 2 + 1 / 4 + 1 / 2) / 4 });
  });
});

describe('the noise that evidence shows', () => {
  it('is that of the slices by their root where it is known to lie there', () => {
    assert.deepEqual(residualNoise(exactNoise(0.1), 4), { residualSd: 0.05, freedom: Number.POSITIVE_INFINITY });
    assert.deepEqual(deviations(exactNoise(0.1)), { sliceSd: 0.1, blockSd: 0 });
  });

  it('is the root of both variances where much is known', () => {
    // Slices of 4 %, blocks of 2 %: a variance ratio of 1 / 4.
    const sure: Evidence[] = [
      { squares: 10_000 * 0.04 ** 2, freedom: 10_000, block: 0, slice: 1 },
      { squares: 10_000 * (0.02 ** 2 + 0.04 ** 2 / 2), freedom: 10_000, block: 1, slice: 0.5 },
    ];
    const noise = noiseOf(sure);
    assertNear(deviations(noise).sliceSd, 0.04);
    assertNear(deviations(noise).blockSd, 0.02);
    for (const slices of [1, 4, 12]) {
      assertNear(residualNoise(noise, slices).residualSd, Math.sqrt(0.04 ** 2 / slices + 0.02 ** 2));
    }
    assert(residualNoise(noise, 4).freedom > 10_000);
  });

  it('is thought to lie mostly in the slices where one process tells nothing of blocks', () => {
    const noise = noiseOf([{ squares: 4 * 0.1 ** 2, freedom: 4, block: 0, slice: 1 }]);
    const { residualSd, freedom } = residualNoise(noise, 4);
    // The slices alone would leave 5 %, known with four degrees of freedom; what is not known of the blocks takes one away.
    assert.equal(Math.round(1e5 * residualSd), 5_512);
    assert.equal(Math.round(100 * freedom), 295);
  });

  it('takes blocks for what they are once they show it', () => {
    const inside = { squares: 6 * 0.01 ** 2, freedom: 6, block: 0, slice: 1 } as const;
    const blocks = (sd: number) => noiseOf([inside, { squares: 2 * sd ** 2, freedom: 2, block: 1, slice: 0.5 }]);
    assert(deviations(blocks(0.007)).blockSd < 0.005);
    assert(deviations(blocks(0.05)).blockSd > 0.015);
  });

  it('is nothing where nothing varies', () => {
    const noise = noiseOf([{ squares: 0, freedom: 3, block: 0, slice: 1 }]);
    assert.deepEqual(residualNoise(noise, 3), { residualSd: 0, freedom: Number.POSITIVE_INFINITY });
    assert.deepEqual(deviations(noise), { sliceSd: 0, blockSd: 0 });
  });
});

function noiseOf(evidence: readonly Evidence[]): Noise {
  const noise = noiseFrom(evidence);
  assert(noise !== null);
  return noise;
}

function assertNear(value: number, expected: number): void {
  assert(Math.abs(value / expected - 1) < 0.01, `${value} is not about ${expected}`);
}
