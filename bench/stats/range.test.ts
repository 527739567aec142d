import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeLevels, reachOf } from './range.ts';

const level = (concurrency: number, outcome: 'holds' | 'turns round' | 'undecided') => ({ concurrency, outcome });

describe('the range of a gain', () => {
  it('is judged level by level', () => {
    const better = [0.05, 0.06, 0.04, 0.05];
    const judged = judgeLevels([better, better.map((each) => -each), [0.05, -0.05, 0.04, -0.04], [0.05]], 0.05);
    assert.deepEqual(
      judged.map(({ outcome }) => outcome),
      ['holds', 'turns round', 'undecided', 'undecided'],
    );
    assert.equal(judged[3]?.gain, null);
  });

  it('reaches outward from the load of the verdict as long as each level holds', () => {
    assert.deepEqual(reachOf([level(4, 'holds'), level(16, 'holds'), level(32, 'holds')], 8), {
      from: 4,
      to: 32,
      turnsAt: [],
    });
    assert.deepEqual(reachOf([level(32, 'turns round'), level(16, 'holds'), level(4, 'undecided')], 8), {
      from: 8,
      to: 16,
      turnsAt: [32],
    });
    assert.deepEqual(reachOf([level(16, 'undecided'), level(32, 'holds'), level(4, 'turns round')], 8), {
      from: 8,
      to: 8,
      turnsAt: [4],
    });
    assert.deepEqual(reachOf([], 1), { from: 1, to: 1, turnsAt: [] });
  });
});
