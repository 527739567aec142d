import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { incompleteBeta, lnGamma } from './beta.ts';
import { assertClose, vector } from './known-answers.ts';
import { normalCdf, normalQuantile, normalUpperTail } from './normal.ts';
import { studentCdf, studentQuantile, studentUpperQuantile, studentUpperTail } from './student.ts';

type Rows = { rows: [number, number, number][] };

test('ln Gamma and the incomplete beta function have the known values', () => {
  const gamma = vector<{ x: number[] }, number[]>('lgamma');
  assertClose(gamma.input.x.map(lnGamma), gamma.expected, gamma.tol);
  const beta = vector<Rows, number[]>('betainc');
  assertClose(
    beta.input.rows.map(([x, a, b]) => incompleteBeta(x, a, b)),
    beta.expected,
    beta.tol,
  );
});

test('the normal distribution has the known values', () => {
  const cdf = vector<{ z: number[] }, number[]>('normal_cdf');
  assertClose(cdf.input.z.map(normalCdf), cdf.expected, cdf.tol);
  const quantile = vector<{ p: number[] }, number[]>('normal_quantile');
  assertClose(quantile.input.p.map(normalQuantile), quantile.expected, quantile.tol);
});

test('the t distribution has the known values, also for degrees of freedom that are not whole', () => {
  const cdf = vector<Rows, number[]>('t_cdf');
  assertClose(
    cdf.input.rows.map(([t, df]) => studentCdf(t, df)),
    cdf.expected,
    cdf.tol,
  );
  const quantile = vector<Rows, number[]>('t_quantile');
  assertClose(
    quantile.input.rows.map(([p, df]) => studentQuantile(p, df)),
    quantile.expected,
    quantile.tol,
  );
});

// Reference values from 60-digit arithmetic.
test('far tails keep ten digits', () => {
  const close = (actual: number, exact: number): void =>
    assert.ok(Math.abs(actual / exact - 1) < 1e-10, `${actual} is not ${exact}`);
  close(studentUpperTail(50, 9), 1.2844764554374e-12);
  close(studentUpperTail(40, 23), 4.564403726528e-23);
  close(studentUpperTail(30, 1000), 7.6873437220217e-142);
  close(studentUpperTail(2, 1e6), 0.02275026692566);
  close(normalUpperTail(20), 2.7536241186062e-89);
  close(studentUpperQuantile(1e-10, 5), 156.82559270889);
});

test('a quantile is the inverse of its tail over the whole range', () => {
  const tails = fc.double({ min: 1e-12, max: 1 - 1e-6, noNaN: true });
  const freedoms = fc.double({ min: 0.6, max: 5000, noNaN: true });
  fc.assert(
    fc.property(tails, freedoms, (tail, df) => {
      assert.ok(Math.abs(studentUpperTail(studentUpperQuantile(tail, df), df) / tail - 1) < 1e-10);
      assert.ok(Math.abs(normalCdf(normalQuantile(tail)) / tail - 1) < 1e-10);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('arguments outside of the range are refused', () => {
  for (const tail of [0, 1, -0.1, Number.NaN]) {
    assert.throws(() => studentUpperQuantile(tail, 5), RangeError);
    assert.throws(() => normalQuantile(tail), RangeError);
  }
  for (const df of [0, -1, Number.NaN]) assert.throws(() => studentUpperTail(1, df), RangeError);
  assert.throws(() => lnGamma(0), RangeError);
  assert.throws(() => incompleteBeta(0.5, 0, 1), RangeError);
});

test('the ends of the range are exact', () => {
  assert.equal(studentUpperTail(Number.POSITIVE_INFINITY, 3), 0);
  assert.equal(studentUpperTail(Number.NEGATIVE_INFINITY, 3), 1);
  assert.equal(studentUpperTail(0, 3), 0.5);
  assert.equal(studentUpperQuantile(0.5, 3), 0);
  assert.equal(incompleteBeta(0, 2, 3), 0);
  assert.equal(incompleteBeta(1, 2, 3), 1);
});
