import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, vector } from './known-answers.ts';
import { varianceLevels, windowsPerStart } from './levels.ts';
import { requestsNeeded } from './requests.ts';
import { warmupTruncation } from './truncation.ts';

test('the requests that a percentile needs are the known ones', () => {
  const { input, expected } = vector<{ rows: [number, number, number][] }, number[]>('mlperf_early_stopping');
  assert.deepEqual(
    input.rows.map(([above, percentile, confidence]) => requestsNeeded(percentile, above, confidence) - above),
    expected,
  );
  assert.deepEqual([requestsNeeded(0.99), requestsNeeded(0.95), requestsNeeded(0.9)], [662, 130, 64]);
  for (const percentile of [0, 1, 99, Number.NaN]) assert.throws(() => requestsNeeded(percentile), RangeError);
});

test('a warm-up ends where the rest is steadiest', () => {
  const { input, expected } = vector<{ x: number[] }, { truncate: number }>('mser5');
  assert.equal(warmupTruncation(input.x), expected.truncate);
  assert.equal(warmupTruncation(Array<number>(50).fill(7)), 0);
  assert.equal(warmupTruncation(input.x.slice(0, 24)), null);
});

for (const id of ['kalibera_jones_two_level', 'kalibera_jones_two_level_b']) {
  test(`variance inside and between starts is the known one: ${id}`, () => {
    type Input = { runs: number[][]; c1: number; c2: number };
    const { input, expected, tol } = vector<Input, { T1sq: number; T2sq: number; n1opt: number | null }>(id);
    const levels = varianceLevels(input.runs);
    assertClose([levels.within, levels.between], [expected.T1sq, expected.T2sq], tol);
    assert.equal(windowsPerStart(levels, input.c2 / input.c1), expected.n1opt);
  });
}

test('dear starts are shared by more windows', () => {
  assert.equal(windowsPerStart({ within: 4, between: 1 }, 9), 6);
  assert.equal(windowsPerStart({ within: 0, between: 1 }, 9), 1);
});
