import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossingProbability, jointCriticalValues } from './boundaries.ts';
import { normalQuantile, normalUpperTail } from './normal.ts';
import { alphaSpent } from './spending.ts';

const five = [0.2, 0.4, 0.6, 0.8, 1];

const assertNear = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
  assert.equal(actual.length, expected.length);
  for (const [index, value] of actual.entries())
    assert.ok(Math.abs(value - (expected[index] ?? Number.NaN)) <= tolerance, `${value} is not ${expected[index]}`);
};

test("the boundaries of Pocock's type for five looks are the published ones", () => {
  const spent = five.map((fraction) => alphaSpent(0.025, fraction));
  assertNear(jointCriticalValues(five, spent), [2.438, 2.427, 2.41, 2.397, 2.386], 6e-4);
});

test("the boundaries of O'Brien and Fleming's type for five looks are the published ones", () => {
  const spent = five.map((fraction) => 2 * normalUpperTail(-normalQuantile(0.0125) / Math.sqrt(fraction)));
  assertNear(jointCriticalValues(five, spent), [4.8769, 3.357, 2.6803, 2.2898, 2.031], 6e-5);
});

test('a single look has the critical value of its level', () => {
  assertNear(jointCriticalValues([1], [0.05]), [1.6448536269514722], 1e-12);
});

test('without an effect exactly the error is spent that was to be spent', () => {
  const spent = five.map((fraction) => 0.05 * fraction ** 2);
  assertNear([crossingProbability(five, jointCriticalValues(five, spent), 0)], [0.05], 1e-10);
});

test('the power of a single look is that of the normal test', () => {
  assertNear([crossingProbability([1], [1.645], 2.5)], [normalUpperTail(1.645 - 2.5)], 1e-12);
});

test('a look that claims nothing changes nothing', () => {
  const one = crossingProbability([1], [2], 1.5);
  assertNear([crossingProbability([0.3, 0.7, 1], [20, 20, 2], 1.5)], [one], 1e-9);
});
