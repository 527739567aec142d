import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flagRegressions } from './gate.ts';
import { holm } from './holm.ts';
import { assertClose, type FourArms, logsByArm, vector } from './known-answers.ts';
import { compareWithBest, pairResolution } from './mcb.ts';
import { blocksNeeded, detectableDifference } from './power.ts';
import { studentUpperQuantile } from './student.ts';
import { welch } from './welch.ts';

test('Holm-adjusted p values are the known ones', () => {
  const { input, expected, tol } = vector<{ p: number[] }, number[]>('holm');
  assertClose(holm(input.p), expected, tol);
});

test('hypotheses that were planned but not tested count as failed', () => {
  assertClose(holm([0.01, 0.02], 4), [0.04, 0.06], 1e-12);
  assert.throws(() => holm([0.1, 0.2], 1), RangeError);
});

test('Holm keeps the order of the p values and never lowers one', () => {
  const p = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(p, (values) => {
      const adjusted = holm(values);
      for (const [i, a] of values.entries()) {
        assert.ok((adjusted[i] ?? 0) >= a && (adjusted[i] ?? 2) <= 1);
        for (const [j, b] of values.entries()) if (a < b) assert.ok((adjusted[i] ?? 2) <= (adjusted[j] ?? 0));
      }
    }),
    { seed: 4 },
  );
});

test('distances to the best of four variants are the known ones', () => {
  type Expected = { tcrit: number; L: number[]; U: number[]; inBestSet: boolean[] };
  const { input, expected, tol } = vector<FourArms, Expected>('mcb_bonferroni_paired_on_d1');
  const arms = logsByArm(input.throughput_blocks_by_arm);
  const critical = studentUpperQuantile(0.05 / 3, 7);
  assertClose([critical], [expected.tcrit], tol);
  const distances = compareWithBest(arms, critical);
  assertClose(
    distances.map(({ lower }) => lower),
    expected.L,
    tol,
  );
  assertClose(
    distances.map(({ upper }) => upper),
    expected.U,
    tol,
  );
  assert.deepEqual(
    distances.map(({ inBestSet }) => inBestSet),
    expected.inBestSet,
  );
});

test('a variant alone in the best set loses nothing by being chosen, the others may', () => {
  const [best, ...others] = compareWithBest(
    [
      [1, 1.01],
      [0, 0.02],
      [0.5, 0.49],
    ],
    1,
  );
  assert.deepEqual([best?.inBestSet, best?.lower], [true, 0]);
  assert.ok(others.every(({ inBestSet, lower, upper }) => !inBestSet && lower < 0 && upper === 0));
  assert.deepEqual(compareWithBest([[1, 2]], 3), [{ lower: 0, upper: 0, inBestSet: true }]);
});

test('the resolution is that of the pair that is known worst', () => {
  const arms = [
    [1, 1],
    [2, 2.1],
    [3, 3.3],
  ];
  // The differences of the first and the last deviate by 0.15 * sqrt(2), so their mean has the error 0.15.
  assertClose([pairResolution(arms, 2) ?? 0], [0.3], 1e-9);
  assert.equal(pairResolution([[1, 2]], 2), null);
});

test('blocks needed and detectable differences are the known ones', () => {
  type Rows = { rows: [number, number, number][]; power: number };
  const needed = vector<Rows, number[]>('rounds_needed');
  assert.deepEqual(
    needed.input.rows.map(([alpha, delta, residualSd]) => blocksNeeded(delta, { alpha, residualSd, power: 0.8 })),
    needed.expected,
  );
  const detectable = vector<Rows, number[]>('mde');
  assertClose(
    detectable.input.rows.map(([alpha, blocks, residualSd]) => detectableDifference(blocks, { alpha, residualSd })),
    detectable.expected,
    detectable.tol,
  );
});

test('no difference would need blocks without end', () => {
  assert.equal(blocksNeeded(0, { alpha: 0.05, residualSd: 0.05 }), null);
  assert.equal(blocksNeeded(0, { alpha: 0.05, residualSd: 0 }), 3);
});

test("Welch's test of logs has the known values", () => {
  type Expected = { t: number; df: number; p: number; ciLo: number; ciHi: number };
  const { input, expected, tol } = vector<{ a: number[]; b: number[] }, Expected>('welch_on_logs');
  const found = welch(input.a.map(Math.log), input.b.map(Math.log), 0.95);
  assert.ok(found);
  assertClose(
    [found.t, found.degreesOfFreedom, found.pTwoSided, found.difference.lower, found.difference.upper],
    [expected.t, expected.df, expected.p, expected.ciLo, expected.ciHi],
    tol,
  );
});

test("Welch's test of two sessions has the known values, with and without a sentinel", () => {
  type Input = Record<'old' | 'oldSentinel' | 'new' | 'newSentinel', number[]>;
  type Expected = Record<'mean' | 't' | 'df' | 'p' | 'rawP', number>;
  const { input, expected, tol } = vector<Input, Expected>('ci_two_files_sentinel');
  const ratio = (values: number[], sentinel: number[]): number[] =>
    values.map((value, block) => Math.log(value / (sentinel[block] ?? Number.NaN)));
  const found = welch(ratio(input.new, input.newSentinel), ratio(input.old, input.oldSentinel), 0.95);
  assert.ok(found);
  assertClose(
    [found.difference.point, found.t, found.degreesOfFreedom, found.pTwoSided],
    [expected.mean, expected.t, expected.df, expected.p],
    tol,
  );
  const raw = welch(input.new.map(Math.log), input.old.map(Math.log), 0.95);
  assertClose([raw?.pTwoSided ?? 0], [expected.rawP], tol);
});

test('groups without variation cannot be tested', () => {
  assert.equal(welch([1], [1, 2], 0.95), null);
  assert.equal(welch([1, 1], [2, 2], 0.95), null);
});

test('a loss beyond the margin is flagged, with its p value adjusted over all pairs', () => {
  type Expected = { pRegress: number; mean: number; upper95: number };
  const { input, expected, tol } = vector<{ old: number[]; new: number[] }, Expected>('ci_interleaved');
  const pair = { id: 'a', before: input.old.map(Math.log), after: input.new.map(Math.log) };
  const same = { id: 'b', before: pair.before, after: pair.before };
  const better = { id: 'c', before: pair.after, after: pair.before };
  const slight = { id: 'd', before: pair.before, after: pair.before.map((y) => y - 0.01) };
  const single = { id: 'e', before: [1], after: [0] };
  const noisy = { id: 'f', before: [1, 1, 1, 1], after: [0.5, 1.4, 0.4, 1.5] };
  const found = flagRegressions([pair, same, better, slight, single, noisy], { alpha: 0.05, delta: 0.02 });
  assert.deepEqual(
    found.map(({ flagged }) => flagged),
    [true, false, false, false, false, false],
  );
  assertClose([found[0]?.change?.point ?? 0, found[0]?.change?.upper ?? 0], [expected.mean, expected.upper95], tol);
  assertClose([found[0]?.pHolm ?? 0], [5 * expected.pRegress], tol);
  assert.deepEqual([found[3]?.pHolm, found[4]?.pHolm, found[4]?.change], [0, 1, null]);
});
