import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBound, checkShareAbove, type RequestCounts } from './constraints.ts';
import { assertClose } from './known-answers.ts';

const alone = { alpha: 0.05, constraintCount: 1, variantCount: 0 };
const block = (aboveLimit: number, failed = 0): RequestCounts => ({ aboveLimit, failed, total: 10_000 });

test('a percentile holds its limit if the share above it is surely small enough', () => {
  const check = checkShareAbove([block(40), block(50), block(60), block(50)], 0.01, alone);
  assert.equal(check.outcome, 'holds');
  // mean 0.005, deviation 0.000816, t(0.975; 3) = 3.182446
  assertClose([check.value ?? 0, check.lower ?? 0, check.upper ?? 0], [0.005, 0.003700771736, 0.006299228264], 1e-8);
});

test('it fails if the share is surely too large, and is undecided in between', () => {
  assert.equal(checkShareAbove([block(140), block(150), block(160)], 0.01, alone).outcome, 'fails');
  assert.equal(checkShareAbove([block(40), block(150), block(90)], 0.01, alone).outcome, 'undecided');
});

test('more constraints and more variants widen the bounds', () => {
  const blocks = [block(70), block(80), block(90), block(80)];
  assert.equal(checkShareAbove(blocks, 0.01, alone).outcome, 'holds');
  assert.equal(checkShareAbove(blocks, 0.01, { ...alone, constraintCount: 4, variantCount: 4 }).outcome, 'undecided');
  const both = checkShareAbove(blocks, 0.01, { ...alone, constraintCount: 3, variantCount: 1 });
  const same = checkShareAbove(blocks, 0.01, { ...alone, constraintCount: 1, variantCount: 5 });
  assert.deepEqual(both, same);
});

test('failed requests count as above the limit', () => {
  const blocks = Array.from({ length: 4 }, () => block(50, 100));
  assert.deepEqual(checkShareAbove(blocks, 0.01, alone), {
    outcome: 'fails',
    value: 0.015,
    lower: 0.015,
    upper: 0.015,
  });
});

test('a share of exactly what is allowed holds', () => {
  const blocks = Array.from({ length: 3 }, () => block(100));
  assert.equal(checkShareAbove(blocks, 0.01, alone).outcome, 'holds');
});

test('blocks without requests never count as good', () => {
  const empty = { aboveLimit: 0, failed: 0, total: 0 };
  assert.deepEqual(checkShareAbove([empty, empty], 0.01, alone), { outcome: 'fails', value: 1, lower: 1, upper: 1 });
});

test('the bounds of a share stay between 0 and 1', () => {
  const wide = checkShareAbove([block(0), block(9000)], 0.5, alone);
  assert.deepEqual([wide.outcome, wide.lower, wide.upper], ['undecided', 0, 1]);
});

test('a bound on a value is tested on the log scale', () => {
  const y = [9.9, 10, 10.1].map(Math.log);
  const check = checkBound(y, { atMost: 11 }, alone);
  assert.equal(check.outcome, 'holds');
  assert.equal(checkBound(y, { atMost: 9 }, alone).outcome, 'fails');
  assert.equal(checkBound(y, { atMost: 10.1 }, alone).outcome, 'undecided');
  assert.equal(checkBound(y, { atLeast: 9 }, alone).outcome, 'holds');
  assert.equal(checkBound(y, { atLeast: 11 }, alone).outcome, 'fails');
  assert.equal(checkBound(y, { atLeast: 9.9 }, alone).outcome, 'undecided');
  const { value, lower, upper } = check;
  assertClose([value ?? 0, (lower ?? 0) * (upper ?? 0)], [(9.9 * 10 * 10.1) ** (1 / 3), (value ?? 0) ** 2], 1e-9);
});

test('limits at the edge of what can be measured are no special case', () => {
  assert.equal(checkBound([1, 1.1], { atMost: 0 }, alone).outcome, 'fails');
  assert.equal(checkBound([1, 1.1], { atLeast: 0 }, alone).outcome, 'holds');
});

test('fewer than two blocks decide nothing', () => {
  assert.deepEqual(checkBound([], { atMost: 5 }, alone), {
    outcome: 'undecided',
    value: null,
    lower: null,
    upper: null,
  });
  assert.deepEqual(checkShareAbove([block(0)], 0.01, alone), {
    outcome: 'undecided',
    value: 0,
    lower: null,
    upper: null,
  });
});

test('a percentile does not hold before there are slices enough to have met a stall', () => {
  const blocks = (count: number): RequestCounts[] =>
    Array.from({ length: count }, (_, index) => block(20 + (index % 2)));
  const outcome = (count: number): string =>
    checkShareAbove(blocks(count), 0.01, { ...alone, slicesPerBlock: 4 }).outcome;
  assert.deepEqual([14, 15].map(outcome), ['undecided', 'holds']);
  assert.equal(checkShareAbove(blocks(8), 0.01, alone).outcome, 'holds');
  const bad = Array.from({ length: 8 }, (_, index) => block(300 + index));
  assert.equal(checkShareAbove(bad, 0.01, { ...alone, slicesPerBlock: 4 }).outcome, 'fails');
});
