import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantArm, oneLook, sweepRules, swingingArm } from './decision-arms.ts';
import { assertClose } from './known-answers.ts';
import { studentUpperQuantile } from './student.ts';
import { decide } from './verdict.ts';

const baseline = constantArm('baseline', 9, 8);

test('a variant that is certainly the best is the winner', () => {
  const verdict = decide(baseline, [constantArm('b', 9.05, 8), constantArm('a', 9.1, 8)], oneLook(8));
  assert.equal(verdict.kind, 'WINNER');
  assert.equal(verdict.pick, 'a');
  assert.deepEqual(verdict.better, ['a', 'b']);
  assert.deepEqual(verdict.bestSet, ['a']);
  assert.equal(verdict.resolution, null);
  assertClose([verdict.largestPossibleGain ?? 0], [0.1], 1e-12);
  const [b, a] = verdict.comparisons;
  assert.deepEqual([a?.pHolm, a?.claimed, a?.inBestSet, b?.inBestSet], [0, true, true, false]);
  assert.equal(a?.gain?.confidence, 0.9);
});

test('of equal better variants the cheapest is picked, and of equal costs the first name', () => {
  const expensive = { ...constantArm('a', 9.1, 8), cost: [4, 1] };
  const cheap = { ...constantArm('c', 9.1, 8), cost: [2, 9] };
  const alike = { ...constantArm('b', 9.1, 8), cost: [2, 9] };
  const verdict = decide(baseline, [expensive, cheap, alike], oneLook(8));
  assert.equal(verdict.kind, 'TIED_SET');
  assert.deepEqual(verdict.equivalent, ['b', 'c', 'a']);
  assert.deepEqual(verdict.better, ['b', 'c', 'a']);
  assert.deepEqual(verdict.bestSet, ['a', 'c', 'b']);
  assert.equal(verdict.pick, 'b');
  assert.equal(verdict.resolution, 0);
});

test('a later cost decides where the earlier ones are equal', () => {
  const arms = [
    { ...constantArm('a', 9.1, 8), cost: [2, 4, 500] },
    { ...constantArm('b', 9.1, 8), cost: [2, 4, 100] },
  ];
  assert.equal(decide(baseline, arms, oneLook(8)).pick, 'b');
});

test('a better variant that differs from the best by more than the margin is not equivalent to it', () => {
  const noisy = swingingArm('noisy', 9.1, 0.05, 8);
  const verdict = decide(baseline, [noisy, constantArm('steady', 9.1, 8)], oneLook(8));
  assert.equal(verdict.kind, 'BETTER_TIED_AT_RESOLUTION');
  assert.deepEqual(verdict.bestSet, ['noisy', 'steady']);
  const critical = studentUpperQuantile(0.025, 7);
  assertClose([verdict.resolution ?? 0], [(critical * 0.05) / Math.sqrt(7)], 1e-9);
});

test('where no variant can gain more than the margin there is no improvement', () => {
  const verdict = decide(baseline, [swingingArm('a', 9.001, 0.01, 8), swingingArm('b', 8.9, 0.01, 8)], oneLook(8));
  assert.equal(verdict.kind, 'NO_IMPROVEMENT');
  assert.equal(verdict.reason, undefined);
  assert.equal(verdict.pick, 'baseline');
  const critical = studentUpperQuantile(0.025, 7);
  assertClose([verdict.largestPossibleGain ?? 0], [0.001 + (critical * 0.01) / Math.sqrt(7)], 1e-9);
});

test('equal variants under a fake clock are no improvement', () => {
  const verdict = decide(baseline, [constantArm('a', 9, 8), constantArm('b', 9, 8)], oneLook(8));
  assert.equal(verdict.kind, 'NO_IMPROVEMENT');
  assert.deepEqual(verdict.bestSet, ['baseline', 'a', 'b']);
  assert.equal(verdict.largestPossibleGain, 0);
  assert.deepEqual(
    verdict.comparisons.map(({ pHolm }) => pHolm),
    [1, 1],
  );
});

test('a gain just beyond the margin is still possible', () => {
  const verdict = decide(baseline, [swingingArm('a', 9, 0.03, 8)], oneLook(8));
  assertClose([verdict.largestPossibleGain ?? 0], [(studentUpperQuantile(0.05, 7) * 0.03) / Math.sqrt(7)], 1e-9);
  assert.deepEqual([verdict.kind, verdict.reason], ['INCONCLUSIVE', 'looks']);
});

test('the cheapest of the equivalent variants is picked, though another has the better mean', () => {
  const dear = { ...swingingArm('dear', 9.101, 0.005, 8), cost: [4] };
  const cheap = { ...swingingArm('cheap', 9.1, -0.004, 8), cost: [1] };
  const verdict = decide(baseline, [dear, cheap], oneLook(8));
  assert.deepEqual([verdict.kind, verdict.pick], ['TIED_SET', 'cheap']);
  assert.deepEqual(
    [verdict.better, verdict.equivalent],
    [
      ['dear', 'cheap'],
      ['cheap', 'dear'],
    ],
  );
});

test('a variant that is surely not the best is not picked, however well it did in the screen', () => {
  const arms = [
    { ...swingingArm('a', 9.5, 0.1, 8), screenMean: 9.4 },
    { ...swingingArm('b', 9.5, -0.1, 8), screenMean: 9.5 },
    { ...swingingArm('lucky', 9.1, 0.01, 8), screenMean: 11 },
  ];
  const verdict = decide(baseline, arms, oneLook(8));
  assert.deepEqual([verdict.kind, verdict.pick], ['BETTER_TIED_AT_RESOLUTION', 'b']);
  assert.deepEqual(
    [verdict.better, verdict.bestSet],
    [
      ['lucky', 'b', 'a'],
      ['a', 'b'],
    ],
  );
});

test('a small but certain gain is claimed', () => {
  const verdict = decide(baseline, [constantArm('a', 9.01, 8)], oneLook(8));
  assert.equal(verdict.kind, 'WINNER');
  assert.equal(verdict.pick, 'a');
});

test('a possible gain beyond the margin without a claim is inconclusive, with the blocks that would decide', () => {
  const verdict = decide(baseline, [swingingArm('a', 9.03, 0.1, 8)], oneLook(8));
  assert.equal(verdict.kind, 'INCONCLUSIVE');
  assert.equal(verdict.reason, 'looks');
  assert.equal(verdict.pick, 'baseline');
  assert.equal(verdict.blocksNeeded, 81);
});

test('while a run goes on, the blocks that it has count', () => {
  const verdict = decide(baseline, [swingingArm('a', 9.03, 0.1, 8)], sweepRules);
  assert.deepEqual([verdict.kind, verdict.reason, verdict.stop], ['INCONCLUSIVE', 'blocks', false]);
  assert.equal(verdict.blocksNeeded, 81 - 8);
});

test('a variant far behind does not count for the blocks that would decide', () => {
  const far = swingingArm('far', 8, 0.001, 8);
  const verdict = decide(baseline, [far, swingingArm('a', 9.03, 0.1, 8)], { ...oneLook(8), comparisonCount: 2 });
  assert.equal(verdict.blocksNeeded, 102);
});

test('variants that left confirm still count in the error of the others', () => {
  const arm = swingingArm('a', 9.025, 0.03, 8);
  const alone = decide(baseline, [arm], oneLook(8));
  const ofFour = decide(baseline, [arm], { ...oneLook(8), comparisonCount: 4 });
  assert.equal(alone.kind, 'WINNER');
  assert.equal(ofFour.kind, 'INCONCLUSIVE');
  assertClose([ofFour.comparisons[0]?.pHolm ?? 0], [4 * (alone.comparisons[0]?.pHolm ?? 0)], 1e-12);
  const width = (ofFour.comparisons[0]?.gain?.upper ?? 0) - 9.025 + 9;
  assertClose([width], [(studentUpperQuantile(0.05 / 4, 7) * 0.03) / Math.sqrt(7)], 1e-9);
});

test('the best mean of screen and confirm is picked among better variants that are tied', () => {
  const arm = (id: string, level: number, screenMean: number) => ({
    ...swingingArm(id, level, 0.04, 8),
    screenMean,
    screenBlocks: 8,
  });
  const noisy = { ...arm('a', 9.2, 9.1), y: [...arm('a', 9.2, 0).y].reverse() };
  const other = arm('b', 9.19, 9.3);
  const withScreen = decide(baseline, [noisy, other], oneLook(8));
  assert.equal(withScreen.kind, 'BETTER_TIED_AT_RESOLUTION');
  assert.deepEqual(withScreen.better, ['b', 'a']);
  assert.equal(withScreen.pick, 'b');
  const { screenMean: _, ...unscreened } = other;
  assert.equal(decide(baseline, [noisy, unscreened], oneLook(8)).pick, 'a');
  assert.equal(decide(baseline, [noisy, { ...other, screenBlocks: 0 }], oneLook(8)).pick, 'b');
  const light = [
    { ...noisy, screenBlocks: 0 },
    { ...other, screenBlocks: 0 },
  ];
  assert.equal(decide(baseline, light, oneLook(8)).pick, 'a');
});

test('without any variant nothing is claimed', () => {
  const verdict = decide(baseline, [], oneLook(8));
  assert.deepEqual([verdict.kind, verdict.reason, verdict.pick], ['INCONCLUSIVE', 'no-variants', 'baseline']);
  assert.deepEqual([verdict.largestPossibleGain, verdict.resolution, verdict.stop], [null, null, true]);
});
