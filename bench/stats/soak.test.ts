import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { assertClose } from './known-answers.ts';
import { normalQuantile } from './normal.ts';
import { simultaneous } from './simultaneous.ts';
import { judgeSoak } from './soak.ts';

const confirmed = { point: 0.05, lower: 0.02, upper: 0.08, confidence: 0.9 };

describe('a soak', () => {
  it('has an interval whose sides each hold with 95 %', () => {
    const { outcome, gain } = judgeSoak([0.03, 0.05, 0.04, 0.06], confirmed);
    assert.equal(outcome, 'holds');
    assert(gain !== null);
    // sd = 0.0129099445, t(0.95; 3) = 2.35336343.
    assertClose([gain.point, gain.lower, gain.upper], [0.045, 0.0298091043, 0.0601908957], 1e-6);
    assert.equal(gain.confidence, 0.9);
  });

  it('denies a gain only where even its upper bound is below the confirmed interval', () => {
    // Half-width 0.015191 each.
    const around = (centre: number) => [-0.015, 0.005, -0.005, 0.015].map((each) => centre + each);
    assert.equal(judgeSoak(around(0.0047), confirmed).outcome, 'below');
    assert.equal(judgeSoak(around(0.0049), confirmed).outcome, 'undecided');
    assert.equal(judgeSoak(around(0.0951), confirmed).outcome, 'holds');
    assert.equal(judgeSoak(around(0.0953), confirmed).outcome, 'above');
  });

  it('that shows a gain, and misses no more than the practical margin, does not deny it', () => {
    const around = (centre: number) => [-0.015, 0.005, -0.005, 0.015].map((each) => centre + each);
    const large = { point: 0.08, lower: 0.06, upper: 0.1, confidence: 0.9 };
    // Upper ends 0.0398 and 0.0402, lower ends 0.0094 and 0.0098.
    assert.equal(judgeSoak(around(0.0246), large, 0.02).outcome, 'below');
    assert.equal(judgeSoak(around(0.025), large, 0.02).outcome, 'less');
    assert.equal(judgeSoak(around(0.025), large).outcome, 'below');
    // No gain by itself: from -0.0002 to 0.0302.
    assert.equal(judgeSoak(around(0.015), { ...large, lower: 0.04 }, 0.02).outcome, 'below');
  });

  it('supports a gain only where it is not below the confirmed interval itself', () => {
    const around = (centre: number) => [-0.15, 0.05, -0.05, 0.15].map((each) => centre + each);
    assert.equal(judgeSoak(around(0.019), confirmed).outcome, 'undecided');
    assert.equal(judgeSoak(around(0.021), confirmed).outcome, 'holds');
  });

  it('that is not whole may deny a gain, but does not support one', () => {
    assert.equal(judgeSoak([-0.1, -0.1, -0.1], confirmed).outcome, 'below');
    assert.equal(judgeSoak([0.05, 0.05, 0.05], confirmed).outcome, 'undecided');
    assert.deepEqual(judgeSoak([0.05], confirmed), { outcome: 'undecided', gain: null });
    assert.equal(judgeSoak([0.05, 0.05], null).outcome, 'undecided');
  });

  it('without any noise is judged by its value, rounding apart', () => {
    const exact = { point: 0.1, lower: 0.1, upper: 0.1, confidence: 0.9 };
    const almost = 0.1 + 0.2 - 0.2;
    assert.equal(judgeSoak([almost, 0.1, 0.1, almost], exact).outcome, 'holds');
    assert.equal(judgeSoak([0.09, 0.09, 0.09, 0.09], exact).outcome, 'below');
  });

  it('rarely denies a true gain, and mostly finds that of 5 % turned into a loss of as much', () => {
    const random = seededRandom(5);
    const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
    const sd = Math.SQRT2 * 0.02;
    const denied = (truth: number): number => {
      const outcomes = Array.from({ length: 4_000 }, () => {
        const soak = Array.from({ length: 4 }, () => truth + sd * normal());
        const shift = 0.013 * normal();
        const seen = { ...confirmed, point: 0.05 + shift, lower: 0.02 + shift, upper: 0.08 + shift };
        return judgeSoak(soak, seen).outcome;
      });
      return outcomes.filter((outcome) => outcome === 'below').length / outcomes.length;
    };
    assert.equal(denied(0.05), 0.00325);
    assert.equal(denied(-0.05), 0.95575);
  });
});

describe('simultaneous intervals', () => {
  it('share the error among their groups', () => {
    const values = [0.03, 0.05, 0.04, 0.06];
    const [alone] = simultaneous([values], 0.05);
    const [first, short] = simultaneous([values, [1]], 0.05);
    assert(alone != null && first != null);
    assertClose([alone.upper - alone.point], [2.35336343 * 0.00645497224], 1e-6);
    // t(0.975; 3) = 3.18244631.
    assertClose([first.upper - first.point], [3.18244631 * 0.00645497224], 1e-6);
    assert.equal(short, null);
  });
});
