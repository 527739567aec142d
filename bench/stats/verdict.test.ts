import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose, type FourArms, logsByArm, vector } from './known-answers.ts';
import { mean, standardDeviation } from './moments.ts';
import { type Arm, type DecisionRules, decide, invalid } from './verdict.ts';

const fixedLook = (blocks: number): DecisionRules => ({
  alpha: 0.05,
  delta: 0.02,
  goal: 'improve',
  looks: [blocks],
  maxBlocks: blocks,
});

const fourArms = (id: string): { baseline: Arm; others: Arm[] } => {
  const { input } = vector<FourArms, unknown>(id);
  const arms = logsByArm(input.throughput_blocks_by_arm).map((y, index) => ({
    id: input.arms?.[index] ?? `arm-${index}`,
    cost: [input.cost?.[index] ?? 1],
    y,
  }));
  const [baseline, ...others] = arms;
  assert.ok(baseline);
  return { baseline, others };
};

test('one look at four variants gives the known verdict', () => {
  type Expected = { W: string[]; S: string[]; resolution: number; verdict: string };
  const { expected, tol } = vector<FourArms, Expected>('verdict_on_d1');
  const { baseline, others } = fourArms('verdict_on_d1');
  const verdict = decide(baseline, others, fixedLook(8));
  assert.equal(verdict.kind, expected.verdict);
  assert.deepEqual(verdict.better, expected.W);
  assert.deepEqual(verdict.bestSet, expected.S);
  assert.deepEqual(verdict.equivalent, []);
  assert.equal(verdict.pick, 'count4_d500');
  assertClose([verdict.resolution ?? 0], [expected.resolution], tol);
  assert.deepEqual(verdict.looks, [{ blocks: 8, alpha: 0.05 }]);
  assert.equal(verdict.stop, true);
});

test('its Holm p values and its distances to the best are the known ones', () => {
  const { baseline, others } = fourArms('holm_on_d1');
  const { comparisons } = decide(baseline, others, fixedLook(8));
  const adjusted = vector<FourArms, { pAdj: number[]; reject: boolean[] }>('holm_on_d1');
  assertClose(
    comparisons.map(({ pHolm }) => pHolm),
    adjusted.expected.pAdj,
    adjusted.tol,
  );
  assert.deepEqual(
    comparisons.map(({ claimed }) => claimed),
    adjusted.expected.reject,
  );
  type Expected = { L: number[]; U: number[]; inBestSet: boolean[] };
  const distance = vector<FourArms, Expected>('mcb_bonferroni_paired_on_d1');
  const { L, U, inBestSet } = distance.expected;
  assertClose(
    comparisons.map(({ mcb }) => mcb?.lower ?? 1),
    L.slice(1),
    distance.tol,
  );
  assertClose(
    comparisons.map(({ mcb }) => mcb?.upper ?? -1),
    U.slice(1),
    distance.tol,
  );
  assert.deepEqual(
    comparisons.map((comparison) => comparison.inBestSet),
    inBestSet.slice(1),
  );
});

test('four equal variants give no claim, and the known upper bounds of what is still possible', () => {
  type Expected = { pHolm: number[]; upper: number[]; verdict: string };
  const { expected, tol } = vector<FourArms, Expected>('aa_all_equal');
  const { baseline, others } = fourArms('aa_all_equal');
  const verdict = decide(baseline, others, fixedLook(8));
  assert.equal(verdict.kind, expected.verdict);
  assert.equal(verdict.reason, 'looks');
  assert.equal(verdict.pick, baseline.id);
  assert.deepEqual(verdict.better, []);
  assertClose(
    verdict.comparisons.map(({ pHolm }) => pHolm),
    expected.pHolm,
    tol,
  );
  assertClose(
    verdict.comparisons.map(({ gain }) => gain?.upper ?? 0),
    expected.upper,
    tol,
  );
  assertClose([verdict.largestPossibleGain ?? 0], [Math.max(...expected.upper)], tol);
  for (const { gain } of verdict.comparisons) {
    assertClose([(gain?.lower ?? 0) + (gain?.upper ?? 0)], [2 * (gain?.point ?? 1)], 1e-12);
  }
});

test('a table of single runs decides nothing, however large its lead', () => {
  type Expected = { sdLog: number; zWinner: number; lnGain: number; verdict: string };
  const { input, expected, tol } = vector<{ x: number[] }, Expected>('seed_single_runs');
  const logs = input.x.map(Math.log);
  const [first = 0] = logs;
  const winner = logs.at(-1) ?? 0;
  const sd = standardDeviation(logs);
  assertClose(
    [sd, (winner - mean(logs)) / sd, winner - first],
    [expected.sdLog, expected.zWinner, expected.lnGain],
    tol,
  );
  const arms = logs.map((y, index) => ({ id: `run-${index}`, cost: [], y: [y] }));
  const verdict = decide({ id: 'run-0', cost: [], y: [first] }, arms.slice(1), { ...fixedLook(24), maxBlocks: 1 });
  assert.equal(verdict.kind, expected.verdict);
  assert.equal(verdict.reason, 'budget');
  assert.deepEqual(verdict.comparisons[9], {
    variantId: 'run-10',
    gain: null,
    pHolm: 1,
    claimed: false,
    inBestSet: false,
    mcb: null,
    constraint: 'holds',
  });
});

test('data that cannot be trusted have a verdict of their own', () => {
  const verdict = invalid('the baseline is unstable', 'baseline');
  assert.equal(verdict.kind, 'INVALID');
  assert.equal(verdict.reason, 'the baseline is unstable');
  assert.equal(verdict.pick, 'baseline');
  assert.equal(verdict.stop, true);
});
