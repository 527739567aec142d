import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Random, seededRandom } from '../../random.ts';
import { decideLevel, defaultLevelRules, leadNeeded } from './level-test.ts';
import { runLevels, searchLevels } from './run-levels.ts';
import { defaultSearchRules, LevelSearch, type SearchResult } from './search.ts';

const hundred = Array.from({ length: 100 }, (_, index) => (index + 1) * 10);

/** Searches with measurements that say what `passes` says of the level. */
function searched(passes: (level: number) => boolean, levels = hundred, rules = defaultSearchRules): SearchResult {
  const search = new LevelSearch(levels, rules);
  for (let level = search.next(); level !== undefined; level = search.next()) search.record(passes(level));
  return search.result;
}

describe('the test of one level', () => {
  it('needs three votes more on one side, by the chance of an error that is asked for', () => {
    assert.equal(leadNeeded(defaultLevelRules), 3);
    assert.equal(leadNeeded({ errorRatio: 0.001, agreementRatio: 0.8, mostMeasurements: 30 }), 5);
    assert.equal(leadNeeded({ errorRatio: 0.3, agreementRatio: 0.9, mostMeasurements: 3 }), 1);
    for (const agreementRatio of [0.5, 1]) {
      assert.throws(() => leadNeeded({ ...defaultLevelRules, agreementRatio }), RangeError);
    }
    assert.throws(() => leadNeeded({ ...defaultLevelRules, errorRatio: 0.5 }), RangeError);
  });

  it('goes on until the votes agree or are used up', () => {
    const decided = (passCount: number, failCount: number) =>
      decideLevel({ passCount, failCount }, defaultLevelRules) ?? 'open';
    assert.deepEqual(
      [decided(2, 0), decided(3, 0), decided(0, 3), decided(3, 1), decided(4, 1)],
      [...['open', 'passes', 'fails', 'open', 'passes']],
    );
    assert.deepEqual([decided(4, 4), decided(5, 4), decided(6, 3)], ['open', 'undecided', 'passes']);
  });

  it('is wrong no more often than asked where measurements agree as often as assumed', () => {
    const random = seededRandom(1);
    const verdicts = Array.from({ length: 10_000 }, () => {
      const votes = { passCount: 0, failCount: 0 };
      for (;;) {
        if (random.next() < defaultLevelRules.agreementRatio) votes.passCount += 1;
        else votes.failCount += 1;
        const verdict = decideLevel(votes, defaultLevelRules);
        if (verdict !== undefined) return verdict;
      }
    });
    const wrongCount = verdicts.filter((verdict) => verdict === 'fails').length;
    assert(wrongCount <= 200, `${wrongCount}`);
    assert(verdicts.filter((verdict) => verdict === 'passes').length > 9_000);
  });
});

describe('a search', () => {
  it('finds the highest level that passes, wherever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 301 }), (count, place) => {
        const levels = Array.from({ length: count }, (_, index) => index + 1);
        const highest = Math.min(place, count);
        const result = searched((level) => level <= highest, levels);
        assert.equal(result.highest, highest === 0 ? null : highest);
        assert.equal(result.beyond, highest === count ? null : highest + 1);
        assert.equal(result.complete, true);
        assert(result.measurementCount <= 3 * (Math.ceil(Math.log2(count)) + 2), `${result.measurementCount}`);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('measures the lowest level first, and nothing else where that fails', () => {
    assert.deepEqual(
      searched(() => false),
      {
        highest: null,
        beyond: 10,
        complete: true,
        levels: [{ level: 10, passCount: 0, failCount: 3, verdict: 'fails' }],
        measurementCount: 3,
      },
    );
  });

  it('does not take an undecided level for one that meets the limit', () => {
    let turn = 0;
    const result = searched(
      (level) => {
        turn += 1;
        return level < 2 || turn % 2 === 0;
      },
      [1, 2],
    );
    assert.deepEqual([result.highest, result.beyond, result.complete], [1, 2, true]);
    assert.deepEqual(
      result.levels.map(({ verdict }) => verdict),
      ['passes', 'undecided'],
    );
    assert.equal(result.measurementCount, 12);
  });

  it('ends with what it knows when its measurements are used up', () => {
    const result = searched((level) => level <= 420, hundred, { ...defaultSearchRules, mostInAll: 8 });
    assert.deepEqual([result.highest, result.beyond, result.complete], [10, 510, false]);
    assert.deepEqual(result.levels.at(1), { level: 260, passCount: 2, failCount: 0, verdict: null });
    assert.equal(result.measurementCount, 8);
  });

  it('is refused without levels, with levels that do not ascend, and with a measurement too many', () => {
    assert.throws(() => new LevelSearch([]), RangeError);
    assert.throws(() => new LevelSearch([1, 1]), RangeError);
    const search = new LevelSearch([1], { ...defaultSearchRules, mostInAll: 1 });
    search.record(true);
    assert.throws(() => search.record(true), /ended/);
  });
});

/**
 * One measurement of a level: the share of requests above the limit is 1 % at the knee and grows by the factor `steepness`
 * a step; each measurement has a noise of its own (lognormal), and 2 000 requests.
 */
function noisyPass(step: number, knee: number, { steepness, sd }: { steepness: number; sd: number }, random: Random) {
  const share = Math.min(1, 0.01 * steepness ** (step - knee) * Math.exp(sd * normal(random)));
  const mean = 2_000 * share;
  const aboveCount = mean + Math.sqrt(mean * (1 - share)) * normal(random);
  return aboveCount / 2_000 <= 0.01;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

describe('a search in noise', () => {
  for (const noise of [
    { steepness: 1.5, sd: 0.1 },
    { steepness: 1.5, sd: 0.4 },
    { steepness: 2, sd: 0.8 },
  ]) {
    it(`is right within one step in at least 190 of 200 runs: ${JSON.stringify(noise)}`, () => {
      let rightCount = 0;
      for (let seed = 1; seed <= 200; seed += 1) {
        const random = seededRandom(seed);
        const knee = 1 + random.next() * 98;
        const result = searched((level) => noisyPass(level / 10, knee, noise, random));
        if (Math.abs((result.highest ?? 0) / 10 - Math.floor(knee)) <= 1) rightCount += 1;
        assert(result.complete && result.measurementCount <= 72, `${result.measurementCount}`);
      }
      assert(rightCount >= 190, `${rightCount} of 200`);
    });
  }
});

describe('a search that measures', () => {
  it('repeats a measurement that says nothing, and gives up after three in a row', async () => {
    const asked: number[] = [];
    const result = await searchLevels([1, 2, 3], async (level) => {
      asked.push(level);
      return asked.length % 2 === 0 ? undefined : level <= 2;
    });
    assert.deepEqual([result.highest, result.beyond, result.measurementCount], [2, 3, 9]);
    const none = await searchLevels([1, 2, 3], async () => undefined);
    assert.deepEqual([none.highest, none.complete, none.measurementCount], [null, false, 0]);
  });

  it('is told a measurement of each level in turn', async () => {
    const told: unknown[] = [];
    for await (const each of runLevels([1, 5], async (level) => level * 2)) told.push(each);
    assert.deepEqual(told, [
      { level: 1, measurement: 2 },
      { level: 5, measurement: 10 },
    ]);
  });
});
