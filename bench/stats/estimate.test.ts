import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimate, exponentiate } from './estimate.ts';
import { assertClose, type FourArms, logsByArm, vector } from './known-answers.ts';
import { lagOne, mean, standardDeviation } from './moments.ts';
import { differences, pairedDifference, pGreater } from './paired.ts';

test('the interval of a mean is the t interval', () => {
  const { input, expected, tol } = vector<{ x: number[] }, { mean: number; tLo: number; tHi: number }>(
    'bootstrap_exact_n5',
  );
  const found = estimate(input.x, 0.95);
  assert.ok(found);
  assertClose([found.point, found.lower, found.upper], [expected.mean, expected.tLo, expected.tHi], tol);
  assert.equal(found.confidence, 0.95);
});

test('fewer than two values have no interval and therefore no estimate', () => {
  assert.equal(estimate([], 0.95), null);
  assert.equal(estimate([3], 0.95), null);
});

test('exponentiated bounds stay numbers that JSON can hold', () => {
  const ratio = exponentiate({ point: Math.log(2), lower: -Infinity, upper: 1000, confidence: 0.9 });
  assertClose([ratio.point], [2], 1e-12);
  assert.deepEqual([ratio.lower, ratio.upper, ratio.confidence], [0, Number.MAX_VALUE, 0.9]);
});

test('equal values have exactly their mean and no deviation', () => {
  const values = Array<number>(24).fill(0.1);
  assert.equal(mean(values), 0.1);
  assert.equal(standardDeviation(values), 0);
  assert.equal(lagOne(values), 0);
});

test('mean, deviation and lag-1 autocorrelation have the known values', () => {
  type Expected = { mean: number; r1: number; se_naive: number };
  const { input, expected, tol } = vector<{ x: number[] }, Expected>('autocorr_batchmeans');
  const standardError = standardDeviation(input.x) / Math.sqrt(input.x.length);
  assertClose([mean(input.x), lagOne(input.x), standardError], [expected.mean, expected.r1, expected.se_naive], tol);
});

test('paired log ratios have the known estimates and p values', () => {
  type Key = 'meanLogRatio' | 'se' | 'pGreater' | 'ratio' | 'ciLo' | 'ciHi';
  const { input, expected, tol } = vector<FourArms, Record<Key, number[]>>('paired_log_ratio_t');
  const [baseline = [], ...others] = logsByArm(input.throughput_blocks_by_arm);
  const pairs = others.map((y) => pairedDifference(y, baseline));
  assertClose(
    pairs.map((pair) => pair.mean),
    expected.meanLogRatio,
    tol,
  );
  assertClose(
    pairs.map((pair) => pair.se),
    expected.se,
    tol,
  );
  assertClose(pairs.map(pGreater), expected.pGreater, tol);
  const ratios = others.flatMap((y) => estimate(differences(y, baseline), 0.95) ?? []).map(exponentiate);
  assertClose(
    ratios.map(({ point }) => point),
    expected.ratio,
    tol,
  );
  assertClose(
    ratios.map(({ lower }) => lower),
    expected.ciLo,
    tol,
  );
  assertClose(
    ratios.map(({ upper }) => upper),
    expected.ciHi,
    tol,
  );
});

test('the difference of two commits has the known p value of a regression', () => {
  type Expected = { mean: number; t: number; pRegress: number; upper95: number; changePct: number };
  const { input, expected, tol } = vector<{ old: number[]; new: number[] }, Expected>('ci_interleaved');
  const [before, after] = [input.old.map(Math.log), input.new.map(Math.log)];
  const loss = pairedDifference(before, after);
  const change = estimate(differences(after, before), 0.9);
  assert.ok(change);
  assertClose(
    [change.point, -loss.mean / loss.se, pGreater(loss), change.upper, (exponentiate(change).point - 1) * 100],
    [expected.mean, expected.t, expected.pRegress, expected.upper95, expected.changePct],
    tol,
  );
});

test('differences that do not vary give certainty by their sign', () => {
  const y = [0.3, 0.1, 0.7];
  const shifted = (by: number): number[] => y.map((value) => value + by);
  assert.equal(pGreater(pairedDifference(shifted(0.05), y)), 0);
  assert.equal(pGreater(pairedDifference(y, y)), 0.5);
  assert.equal(pGreater(pairedDifference(shifted(-0.05), y)), 1);
  assert.equal(pairedDifference(shifted(0.05), y).se, 0);
});

test('rounding in the last digit is neither a difference nor a variation', () => {
  const y = [9.1, 9.3, 9.7];
  const jittered = y.map((value, index) => value + (index - 1) * 2e-15 + 2e-15);
  assert.deepEqual(pairedDifference(jittered, y), { mean: 0, se: 0, blocks: 3 });
});

test('values of different blocks cannot be paired', () => {
  assert.throws(() => pairedDifference([1, 2], [1, 2, 3]), RangeError);
});

test('no values have no mean and one has no deviation', () => {
  assert.throws(() => mean([]), RangeError);
  assert.throws(() => standardDeviation([1]), RangeError);
});
