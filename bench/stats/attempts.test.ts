import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { isLong } from '../testing/long.ts';
import { alphaOfNext } from './attempts.ts';
import { procedureRules } from './procedure.ts';
import { usualNoise } from './simulate.ts';
import { simulateSweep } from './simulate-sweep.ts';

/** 300 of them, in which a wrong figure shows if it is far off; thousands in the long run. */
const families = isLong ? 4_000 : 300;
const three = 0.05 + 0.025 + 0.0125;

describe('attempts that go on with one another', () => {
  it('each have half the error of the one before, all together less than twice that of the first', () => {
    const errors = Array.from({ length: 50 }).reduce<number[]>((all) => [...all, alphaOfNext(all.at(-1) ?? 0)], [0.05]);
    assert.deepEqual(errors.slice(0, 4), [0.05, 0.025, 0.0125, 0.00625]);
    assert(errors.reduce((sum, each) => sum + each, 0) <= 0.1);
  });

  it('of eleven equal variants, three at the most, claim one in at most 8.75 % of cases: 5, 2.5 and 1.25 %', () => {
    const ends = Array.from({ length: families }, (_, index) => goOn(equal, 0.05, 700_000 + index));
    const shares = [1, 2, 3].map((attempt) => ends.filter((end) => end <= attempt).length / families);
    const [first = 1, second = 1, third = 1] = shares;
    assert(first > 0 && first <= 0.05 + slack(0.05), `${shares}`);
    assert(second <= 0.075 + slack(0.075), `${shares}`);
    assert(third <= three + slack(three), `${shares}`);
  });

  it('begun at 2.5 % stay below 5 % however often one goes on', () => {
    const ends = Array.from({ length: families }, (_, index) => goOn(equal, 0.025, 900_000 + index));
    const share = ends.filter((end) => end <= 3).length / families;
    assert(share <= 0.05 + slack(0.05), `${share}`);
  });

  it('find a single gain that one attempt finds in less than half of cases in most', () => {
    const ends = Array.from({ length: families }, (_, index) => goOn(one, 0.05, 800_000 + index));
    const [first = 0, second = 0] = [1, 2].map((attempt) => ends.filter((end) => end <= attempt).length / families);
    assert(first >= 0.4 - slack(0.4) && second >= 0.6 - slack(0.6), `${first}, ${second}`);
  });
});

const equal = Array<number>(11).fill(0);
const one = [...Array<number>(10).fill(0), Math.log(1.03)];

/** The attempt that claimed something, or Infinity: each goes on with the finalists of the one before, on a host of its own. */
function goOn(effects: readonly number[], firstAlpha: number, seed: number): number {
  let own = effects;
  let alpha = firstAlpha;
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const random = seededRandom(seed * 10 + attempt);
    const arms = { effects: own };
    const { verdict, finalists } = simulateSweep(
      arms,
      { noise: usualNoise, rules: { ...procedureRules, alpha } },
      random,
    );
    if (verdict.better.length > 0) return attempt;
    own = [own[0] ?? 0, ...finalists.map((id) => own[Number(id)] ?? 0)];
    alpha = alphaOfNext(alpha);
  }
  return Number.POSITIVE_INFINITY;
}

/** Three standard errors of a share. */
function slack(share: number): number {
  return 3 * Math.sqrt((share * (1 - share)) / families);
}
