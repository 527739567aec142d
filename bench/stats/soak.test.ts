import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { assertClose } from './known-answers.ts';
import { normalQuantile } from './normal.ts';
import { simultaneous } from './simultaneous.ts';
import { furtherPairs, judgeSoak, soakPairs } from './soak.ts';

const confirmed = { point: 0.05, lower: 0.02, upper: 0.08, confidence: 0.9 };

describe('a soak', () => {
  it('has an interval whose sides each hold with 95 %', () => {
    const { outcome, gain } = judgeSoak([0.03, 0.05, 0.04, 0.06], confirmed);
    assert.equal(outcome, 'holds');
    assert(gain !== null);
    // sd = 0.0129099445, t(0.96; 3) = 2.60542682.
    assertClose([gain.point, gain.lower, gain.upper], [0.045, 0.0281820421, 0.0618179578], 1e-6);
    assert.equal(gain.confidence, 0.9);
    // More than four are a second look: sd = 0.0119522861, t(0.985; 7) = 2.71457301.
    const whole = judgeSoak([0.03, 0.05, 0.04, 0.06, 0.03, 0.05, 0.04, 0.06], confirmed).gain;
    assert(whole !== null);
    assertClose([whole.point, whole.lower, whole.upper], [0.045, 0.0335288353, 0.0564711646], 1e-6);
    assert.equal(whole.confidence, 0.9);
  });

  it('denies a gain only where even its upper bound is below the confirmed interval', () => {
    // Half-width 0.016818 each.
    const around = (centre: number) => [-0.015, 0.005, -0.005, 0.015].map((each) => centre + each);
    assert.equal(judgeSoak(around(0.0031), confirmed).outcome, 'below');
    assert.equal(judgeSoak(around(0.0033), confirmed).outcome, 'undecided');
    assert.equal(judgeSoak(around(0.0967), confirmed).outcome, 'holds');
    assert.equal(judgeSoak(around(0.0969), confirmed).outcome, 'above');
  });

  it('that shows a gain, and misses no more than the practical margin, does not deny it', () => {
    const around = (centre: number) => [-0.015, 0.005, -0.005, 0.015].map((each) => centre + each);
    const large = { point: 0.08, lower: 0.06, upper: 0.1, confidence: 0.9 };
    // Upper ends 0.0399 and 0.0401, lower ends 0.0063 and 0.0065.
    assert.equal(judgeSoak(around(0.0231), large, 0.02).outcome, 'below');
    assert.equal(judgeSoak(around(0.0233), large, 0.02).outcome, 'less');
    assert.equal(judgeSoak(around(0.0233), large).outcome, 'below');
    // No gain by itself: from -0.0001 to 0.0335.
    assert.equal(judgeSoak(around(0.0167), { ...large, lower: 0.04 }, 0.02).outcome, 'below');
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
        const pairs = (count: number): number[] => Array.from({ length: count }, () => truth + sd * normal());
        const first = pairs(soakPairs);
        const shift = 0.013 * normal();
        const seen = { ...confirmed, point: 0.05 + shift, lower: 0.02 + shift, upper: 0.08 + shift };
        const { outcome } = judgeSoak(first, seen);
        return outcome === 'undecided' ? judgeSoak([...first, ...pairs(furtherPairs)], seen).outcome : outcome;
      });
      return outcomes.filter((outcome) => outcome === 'below').length / outcomes.length;
    };
    assert.equal(denied(0.05), 0.003);
    assert.equal(denied(-0.05), 0.99225);
  });
});

describe('a soak with a second look', () => {
  it('keeps 5 % for each side, however large the gain is that it is about', () => {
    const random = seededRandom(11);
    const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
    const sweeps = 6_000;
    const wrong = [-0.01, 0, 0.01].map((beyond) => {
      const truth = confirmed.lower + beyond;
      const pairs = (count: number): number[] => Array.from({ length: count }, () => truth + 0.03 * normal());
      let [above, below, further] = [0, 0, 0];
      for (let sweep = 0; sweep < sweeps; sweep += 1) {
        const first = pairs(soakPairs);
        const seen = judgeSoak(first, confirmed);
        const isOpen = seen.outcome === 'undecided';
        const { gain } = isOpen ? judgeSoak([...first, ...pairs(furtherPairs)], confirmed) : seen;
        if (isOpen) further += 1;
        if ((gain?.upper ?? truth) < truth) above += 1;
        if ((gain?.lower ?? truth) > truth) below += 1;
      }
      return { above: above / sweeps, below: below / sweeps, further: further / sweeps };
    });
    assert(
      wrong.every(({ above, below }) => above <= 0.057 && below <= 0.057),
      JSON.stringify(wrong),
    );
    assert(wrong.some(({ further }) => further > 0.4));
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
