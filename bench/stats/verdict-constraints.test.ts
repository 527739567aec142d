import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConstraintOutcome } from './arm.ts';
import { constantArm, oneLook, sweepRules, swingingArm } from './decision-arms.ts';
import { type Arm, decide } from './verdict.ts';

const arm = (id: string, level: number, ...constraints: ConstraintOutcome[]): Arm => ({
  ...constantArm(id, level, 8),
  constraints,
});
const baseline = arm('baseline', 9, 'holds');

test('a variant that fails a constraint is neither picked nor among the best', () => {
  const verdict = decide(
    baseline,
    [arm('fast', 9.5, 'holds', 'fails'), arm('good', 9.1, 'holds', 'holds')],
    oneLook(8),
  );
  assert.deepEqual([verdict.kind, verdict.pick], ['WINNER', 'good']);
  assert.deepEqual([verdict.better, verdict.bestSet], [['good'], ['good']]);
  assert.equal(verdict.largestPossibleGain?.toFixed(9), '0.100000000');
  const [fast] = verdict.comparisons;
  assert.deepEqual([fast?.constraint, fast?.claimed, fast?.inBestSet, fast?.mcb], ['fails', true, false, null]);
});

test('a variant whose constraints are undecided is listed, never picked', () => {
  const verdict = decide(baseline, [arm('fast', 9.5, 'undecided'), arm('good', 9.1, 'holds')], oneLook(8));
  assert.deepEqual([verdict.kind, verdict.pick, verdict.bestSet], ['WINNER', 'good', ['good']]);
  assert.deepEqual(verdict.undecided, ['fast']);
  assert.equal(verdict.largestPossibleGain?.toFixed(9), '0.500000000');
});

test('a claim that only an undecided constraint holds back is inconclusive for that reason', () => {
  const verdict = decide(baseline, [arm('fast', 9.5, 'undecided')], sweepRules);
  assert.deepEqual([verdict.kind, verdict.reason, verdict.stop], ['INCONCLUSIVE', 'constraints', false]);
  assert.equal(verdict.blocksNeeded, undefined);
});

test('a failure outweighs what is undecided', () => {
  const verdict = decide(baseline, [arm('a', 9.5, 'undecided', 'fails')], oneLook(8));
  assert.deepEqual(verdict.undecided, []);
  assert.equal(verdict.comparisons[0]?.constraint, 'fails');
});

test('where every variant fails its constraints the baseline is kept', () => {
  const verdict = decide(baseline, [arm('a', 9.5, 'fails'), arm('b', 9.1, 'fails')], sweepRules);
  assert.deepEqual([verdict.kind, verdict.reason, verdict.pick], ['NO_IMPROVEMENT', 'constraints', 'baseline']);
  assert.deepEqual([verdict.largestPossibleGain, verdict.stop], [null, true]);
});

test('a baseline that fails its constraints loses to the best that holds them, though it is slower', () => {
  const failing = arm('baseline', 9, 'fails');
  const verdict = decide(failing, [arm('slow', 8.8, 'holds'), arm('slower', 8.5, 'holds')], oneLook(8));
  assert.deepEqual([verdict.kind, verdict.pick, verdict.baselineFails], ['WINNER', 'slow', true]);
  assert.deepEqual([verdict.better, verdict.bestSet], [['slow', 'slower'], ['slow']]);
  assert.equal(verdict.comparisons[0]?.claimed, false);
});

test('a baseline that fails its constraints is not kept for want of a gain', () => {
  const failing = arm('baseline', 9, 'fails');
  const verdict = decide(failing, [arm('slow', 8.8, 'undecided')], sweepRules);
  assert.deepEqual([verdict.kind, verdict.reason, verdict.stop], ['INCONCLUSIVE', 'constraints', false]);
  assert.deepEqual(verdict.undecided, ['slow']);
});

test('before the first look a failing baseline has not lost yet', () => {
  const failing: Arm = { ...constantArm('baseline', 9, 6), constraints: ['fails'] };
  const verdict = decide(failing, [constantArm('a', 8.8, 6)], sweepRules);
  assert.deepEqual([verdict.kind, verdict.better, verdict.pick], ['INCONCLUSIVE', [], 'baseline']);
});

test('an undecided baseline can lose to a claim but is not among the best', () => {
  const unsure = arm('baseline', 9, 'undecided');
  const verdict = decide(unsure, [swingingArm('a', 9.1, 0.02, 8)], oneLook(8));
  assert.deepEqual([verdict.kind, verdict.pick, verdict.bestSet], ['WINNER', 'a', ['a']]);
  assert.deepEqual(verdict.undecided, ['baseline']);
});
