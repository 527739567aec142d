import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantArm, oneLook, sweepRules, swingingArm } from './decision-arms.ts';
import { assertClose, vector } from './known-answers.ts';
import { alphaSpent, dueLooks } from './spending.ts';
import { studentUpperQuantile } from './student.ts';
import { type Arm, decide } from './verdict.ts';

type Spending = {
  input: { alpha: number; looks: number[]; m: number };
  expected: { [key: string]: number[] };
  tol: number;
};

test('the error spent at each look and its critical values are the known ones', () => {
  const { input, expected, tol }: Spending = vector('alpha_spending_pocock');
  assertClose(
    input.looks.map((look) => alphaSpent(input.alpha, look / 24)),
    expected.cumulative ?? [],
    tol,
  );
  const looks = dueLooks(24, { ...input, maxBlocks: 24, spending: 'additive' });
  assertClose(
    looks.map(({ alpha }) => alpha),
    expected.increment ?? [],
    tol,
  );
  assertClose(
    looks.map(({ alpha, blocks }) => studentUpperQuantile(alpha / input.m, blocks - 1)),
    expected.tcrit ?? [],
    tol,
  );
});

test('a single look spends alpha whole', () => {
  assert.deepEqual(dueLooks(10, oneLook(10)), [{ blocks: 10, alpha: 0.05 }]);
});

test('where the budget ends between looks there is a last one, from five blocks on', () => {
  const due = (blocks: number, maxBlocks: number) => dueLooks(blocks, { ...sweepRules, maxBlocks });
  const spent = (blocks: number): number => alphaSpent(0.05, blocks / 24);
  assert.deepEqual(due(10, 10), [
    { blocks: 8, alpha: spent(8) },
    { blocks: 10, alpha: spent(10) - spent(8) },
  ]);
  assert.deepEqual(due(10, 24), [{ blocks: 8, alpha: spent(8) }]);
  assert.deepEqual(due(5, 5), [{ blocks: 5, alpha: spent(5) }]);
  assert.deepEqual(due(4, 4), []);
  assert.equal(due(12, 12).length, 2);
});

/**
 * Eight blocks with a clear gain, then blocks that swing wildly: claimed at the first look, not to be seen at the
 * second.
 */
const fading: Arm = {
  id: 'fading',
  cost: [1],
  y: [...swingingArm('', 9.1, 0.02, 8).y, 9.9, 8.1, 9.9, 8.1],
};
const rival = swingingArm('rival', 9.1, 0.5, 12);

test('a claim of an earlier look stands, whatever the later ones say', () => {
  const baseline = constantArm('baseline', 9, 12);
  const verdict = decide(baseline, [fading, rival], { ...sweepRules, goal: 'best' });
  assert.equal(verdict.looks.length, 2);
  const [comparison] = verdict.comparisons;
  assert.ok((comparison?.pHolm ?? 0) > 0.05);
  assert.equal(comparison?.claimed, true);
  assert.deepEqual(verdict.better, ['fading']);
});

test('each look has only its own share of the error', () => {
  const baseline = constantArm('baseline', 9, 8);
  const arm = swingingArm('a', 9.025, 0.03, 8);
  const first = decide(baseline, [arm], sweepRules);
  const [comparison] = first.comparisons;
  assert.ok((comparison?.pHolm ?? 0) > 0.0226416213 && (comparison?.pHolm ?? 1) < 0.05);
  assert.deepEqual([first.kind, first.reason, first.stop], ['INCONCLUSIVE', 'blocks', false]);
  assert.equal(decide(baseline, [arm], oneLook(8)).kind, 'WINNER');
});

test('between looks the verdict rests on the last one', () => {
  const cut = (arm: Arm, blocks: number): Arm => ({ ...arm, y: arm.y.slice(0, blocks) });
  const baseline = constantArm('baseline', 9, 12);
  const at = (blocks: number) =>
    decide(cut(baseline, blocks), [cut(fading, blocks), cut(rival, blocks)], { ...sweepRules, goal: 'best' });
  assert.deepEqual(at(11), at(8));
  assert.equal(at(11).blocks, 8);
});

test('the goal says whether a claim ends the run', () => {
  const baseline = constantArm('baseline', 9, 8);
  const arms = [swingingArm('a', 9.1, 0.05, 8), constantArm('b', 9.1, 8)];
  const improve = decide(baseline, arms, sweepRules);
  const best = decide(baseline, arms, { ...sweepRules, goal: 'best' });
  assert.deepEqual([improve.kind, improve.stop], ['BETTER_TIED_AT_RESOLUTION', true]);
  assert.deepEqual([best.kind, best.stop], ['BETTER_TIED_AT_RESOLUTION', false]);
  const settled = decide(baseline, [constantArm('b', 9.1, 8)], { ...sweepRules, goal: 'best' });
  assert.deepEqual([settled.kind, settled.stop], ['WINNER', true]);
});

test('a run without a possible gain stops at the first look', () => {
  const verdict = decide(constantArm('baseline', 9, 8), [constantArm('a', 9, 8)], sweepRules);
  assert.deepEqual([verdict.kind, verdict.stop], ['NO_IMPROVEMENT', true]);
});

test('the last look ends the run, and blocks beyond it are not used', () => {
  const verdict = decide(constantArm('baseline', 9, 30), [swingingArm('a', 9, 0.3, 30)], sweepRules);
  assert.deepEqual([verdict.kind, verdict.reason, verdict.stop], ['INCONCLUSIVE', 'looks', true]);
  assert.equal(verdict.blocks, 24);
});

test('a budget of fewer than five blocks decides nothing, and bounds nothing', () => {
  for (const blocks of [0, 1, 2, 3, 4]) {
    const arms = [constantArm('a', 9.1, blocks), constantArm('b', 9.2, blocks)];
    const verdict = decide(constantArm('baseline', 9, blocks), arms, { ...sweepRules, maxBlocks: blocks });
    assert.deepEqual([verdict.kind, verdict.reason, verdict.stop], ['INCONCLUSIVE', 'budget', true]);
    assert.deepEqual([verdict.better, verdict.pick, verdict.blocks], [[], 'baseline', blocks]);
    assert.equal(verdict.comparisons[0]?.gain, null);
    assert.equal(verdict.largestPossibleGain, null);
    assert.equal(verdict.comparisons[0]?.claimed, false);
  }
});

test('before the first look there are bounds but no claims', () => {
  const verdict = decide(constantArm('baseline', 9, 6), [constantArm('a', 9.1, 6)], sweepRules);
  assert.deepEqual([verdict.kind, verdict.reason, verdict.stop], ['INCONCLUSIVE', 'blocks', false]);
  assertClose([verdict.largestPossibleGain ?? 0], [0.1], 1e-12);
  assert.deepEqual(verdict.looks, []);
  const hopeless = decide(constantArm('baseline', 9, 6), [constantArm('a', 8.9, 6)], sweepRules);
  assert.deepEqual([hopeless.kind, hopeless.reason, hopeless.stop], ['INCONCLUSIVE', 'blocks', false]);
});

test('a baseline alone in the best set is not called a winner', () => {
  const y = [...swingingArm('', 9.1, 0.02, 8).y, ...Array<number>(16).fill(8.5)];
  const verdict = decide(constantArm('baseline', 9, 24), [{ id: 'turned', cost: [], y }], {
    ...sweepRules,
    goal: 'best',
  });
  assert.deepEqual([verdict.bestSet, verdict.better], [['baseline'], ['turned']]);
  assert.equal(verdict.kind, 'BETTER_TIED_AT_RESOLUTION');
});

test('a budget that ends between looks says so', () => {
  const verdict = decide(constantArm('baseline', 9, 10), [swingingArm('a', 9.02, 0.2, 10)], {
    ...sweepRules,
    maxBlocks: 10,
  });
  assert.deepEqual([verdict.kind, verdict.reason, verdict.blocks], ['INCONCLUSIVE', 'budget', 10]);
});
