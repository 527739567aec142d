import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { procedureRules } from '../stats/procedure.ts';
import { decide } from '../stats/verdict.ts';
import { claimBesideInterval } from './claim-beside-interval.ts';
import { resultsOf } from './report.fixture.ts';
import type { Results } from './results.ts';

/** The tied set of the fixture, the lower end of one of its variants at `lower`. */
function withLower(lower: number, changes: Partial<Results['variants'][number]> = {}): Results {
  const results = resultsOf('TIED_SET');
  const variants = results.variants.map((variant) => {
    if (variant.baseline) return { ...variant, ...changes };
    if (variant.id !== 'count-4' || variant.comparison === null) return variant;
    const { comparison } = variant;
    return { ...variant, comparison: { ...comparison, better: true, gain: { ...comparison.gain, lower } } };
  });
  return { ...results, variants };
}

describe('a claim beside an interval that reaches down to no gain', () => {
  it('comes with the reason why', () => {
    for (const lower of [-0.003, 0]) {
      const [told, ...more] = claimBesideInterval(withLower(lower));
      assert.match(told ?? '', /^count-4 is claimed to be better although its interval reaches down to no gain: /);
      assert.deepEqual(more, []);
    }
    assert.deepEqual(claimBesideInterval(withLower(0.001)), []);
  });

  it('needs none where the baseline fails a constraint: that is why others count as better', () => {
    const limit = { metric: 'latency.p99', atMostNs: 1e6, atLeast: null, atMostCpuSeconds: null } as const;
    const failing = { ...limit, outcome: 'fails', value: 0.02 } as const;
    assert.deepEqual(claimBesideInterval(withLower(-0.003, { constraints: [failing] })), []);
  });

  it('is what the second step of Holm makes', () => {
    // The first is far ahead; p of the second lies between the level of this look and half of it.
    const noise = [0.02, -0.02, 0.015, -0.015, 0.01, -0.01, 0.005, -0.005];
    const arm = (id: string, gain: number, scale: number) => ({
      id,
      cost: [1],
      y: noise.map((each) => gain + scale * each),
    });
    const others = [arm('first', 0.2, 1.5), arm('second', 0.022, 2)];
    const verdict = decide(arm('baseline', 0, 0), others, { ...procedureRules, maxBlocks: 8, looks: [8] });
    const second = verdict.comparisons.find(({ variantId }) => variantId === 'second');
    assert.deepEqual([second?.claimed, verdict.better], [true, ['first', 'second']]);
    assert((second?.gain?.lower ?? 1) < 0, String(second?.gain?.lower));
  });
});
