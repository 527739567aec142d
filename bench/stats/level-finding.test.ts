import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findLevels, type LevelSlice } from './level-finding.ts';

const share = (level: number, aboveLimit: number): LevelSlice => ({
  level,
  y: 0,
  limits: [{ kind: 'share', counts: { aboveLimit, failed: 0, total: 1_000 }, allowedShare: 0.01 }],
});
const meanOf = (level: number, ms: number): LevelSlice => ({
  level,
  y: 0,
  limits: [{ kind: 'mean', y: Math.log(ms), atMost: 5 }],
});
const verdictOf = (...slices: LevelSlice[]) => findLevels(slices).get(4)?.verdict;
const shares = (...counts: number[]) => counts.map((count) => share(4, count));

describe('what is known of a level', () => {
  it('is nothing after one slice, whatever it says, but whether it seems to hold', () => {
    assert.equal(verdictOf(...shares(0)), 'open');
    assert.equal(verdictOf(...shares(900)), 'open');
    assert.equal(findLevels(shares(10)).get(4)?.within, true);
    assert.equal(findLevels(shares(11)).get(4)?.within, false);
  });

  it('holds after three slices that agree, and not after two', () => {
    assert.equal(verdictOf(...shares(0, 0)), 'open');
    assert.equal(verdictOf(...shares(0, 0, 0)), 'holds');
    // t(0.95; 2) = 2.920: the upper bound of 0.2 % +- 0.1 % is 0.37 %, of 0.6 % +- 0.4 % it is 1.27 %.
    assert.equal(verdictOf(...shares(1, 2, 3)), 'holds');
    assert.equal(verdictOf(...shares(2, 6, 10)), 'open');
  });

  it('does not hold where that is shown, or where eight slices do not show that it does', () => {
    assert.equal(verdictOf(...shares(500, 500)), 'open');
    assert.equal(verdictOf(...shares(500, 500, 500)), 'not');
    assert.equal(verdictOf(...shares(2, 20, 2, 20, 2, 20, 2)), 'open');
    assert.equal(verdictOf(...shares(2, 20, 2, 20, 2, 20, 2, 20)), 'not');
  });

  it('is shown to fail at a smaller error than it is left at', () => {
    const few = findLevels(shares(40, 60, 50)).get(4);
    assert.deepEqual([few?.verdict, few?.shownToFail], ['not', false]);
    // t(0.999; 5) = 5.893: the lower bound of 5 % +- 0.9 % is 2.8 %.
    const more = findLevels(shares(40, 60, 50, 40, 60, 50)).get(4);
    assert.deepEqual([more?.verdict, more?.shownToFail], ['not', true]);
  });

  it('must keep every limit, a mean as well as a percentile', () => {
    assert.equal(verdictOf(meanOf(4, 4), meanOf(4, 4), meanOf(4, 4)), 'holds');
    assert.equal(verdictOf(meanOf(4, 6), meanOf(4, 6), meanOf(4, 6)), 'not');
    const both = (ms: number): LevelSlice => ({
      ...share(4, 0),
      limits: [...share(4, 0).limits, ...meanOf(4, ms).limits],
    });
    assert.equal(verdictOf(both(4), both(4), both(4)), 'holds');
    assert.equal(verdictOf(both(6), both(6), both(6)), 'not');
  });

  it('is of slices at that level alone; a level that was given up does not hold and is not shown to fail', () => {
    const found = findLevels([...shares(0, 0, 0), share(8, 900)], [8, 16]);
    assert.deepEqual(
      [...found.values()].map(({ level, verdict, given, shownToFail, y }) => [
        level,
        verdict,
        given,
        shownToFail,
        y.length,
      ]),
      [
        [4, 'holds', false, false, 3],
        [8, 'not', true, false, 1],
        [16, 'not', true, false, 0],
      ],
    );
  });

  it('counts a slice whose requests were not counted against the limit as none that holds', () => {
    assert.equal(verdictOf(...shares(Number.NaN, Number.NaN, Number.NaN)), 'open');
    assert.equal(findLevels(shares(Number.NaN)).get(4)?.within, false);
  });
});
