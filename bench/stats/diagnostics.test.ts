import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { constantArm, swingingArm } from './decision-arms.ts';
import { diagnose, type Study } from './diagnostics.ts';
import { assertClose, type FourArms, logsByArm, vector } from './known-answers.ts';
import { carryOver, positionSlope, type SliceValue, trend } from './order-effects.ts';
import { modifiedZ, outliers } from './outliers.ts';
import { blockModel } from './residuals.ts';
import { signFlipP } from './signflip.ts';

test('the model of complete blocks has the known residual and block deviation', () => {
  type Expected = { mse: number; df: number; seDiff: number; icc_block: number };
  const { input, expected, tol } = vector<FourArms, Expected>('rcbd_anova');
  const model = blockModel(logsByArm(input.throughput_blocks_by_arm));
  assert.ok(model);
  const variance = model.residualSd ** 2;
  const ofBlocks = model.blockSd ** 2;
  assert.equal(model.degreesOfFreedom, expected.df);
  assertClose(
    [variance, Math.sqrt((2 * variance) / 8), ofBlocks / (ofBlocks + variance)],
    [expected.mse, expected.seDiff, expected.icc_block],
    tol,
  );
});

test('the slope on the position has the known value', () => {
  type Input = FourArms & { positions: number[][] };
  const { input, expected, tol } = vector<Input, { slope: number; t: number }>('position_slope');
  const arms = logsByArm(input.throughput_blocks_by_arm);
  const positions = arms.map((_, arm) => input.positions.map((places) => places[arm] ?? Number.NaN));
  const found = positionSlope(arms, positions);
  assertClose([found?.slope ?? 0, found?.t ?? 0], [expected.slope, expected.t], tol);
  assert.equal(found?.degreesOfFreedom, 20);
});

test('the exact sign-flip test has the known p values', () => {
  const { input, expected } = vector<{ d: number[] }, { p: number }>('signflip_exact');
  assert.equal(signFlipP(input.d), expected.p);
  const smallest = vector<{ n: number[] }, number[]>('wilcoxon_min_p');
  assert.deepEqual(
    smallest.input.n.map((n) => signFlipP(Array.from({ length: n }, (_, index) => index + 1))),
    smallest.expected,
  );
  assert.equal(signFlipP([0, 0, 0]), 1);
  assert.equal(signFlipP([1, -1]), 0.75);
  // Sums that are 0 only after rounding count as equal.
  assert.equal(signFlipP([0.1, 0.2, -0.3]), 5 / 8);
  assert.equal(signFlipP(Array<number>(24).fill(1)), 2 ** -24);
  assert.equal(signFlipP(Array<number>(33).fill(1)), null);
});

test('modified z scores and the values that they label are the known ones', () => {
  const { input, expected, tol } = vector<{ x: number[] }, { z: number[]; flagged: number[] }>('modified_z');
  assertClose(modifiedZ(input.x), expected.z, tol);
  assert.deepEqual(
    outliers(input.x).map(({ index }) => index),
    expected.flagged,
  );
  assert.deepEqual(modifiedZ([1, 1, 1, 5]), [0, 0, 0, 0]);
});

test('a trend is a slope per block', () => {
  const found = trend([1, 3.1, 4.9, 7]);
  assertClose([found?.slope ?? 0, found?.t ?? 0], [1.98, 46.6690476], 1e-7);
  assert.equal(trend([1, 2]), null);
  assert.equal(trend([1, 2, 3]), null);
});

const ids = ['baseline', 'a', 'b', 'hungry'];

/** Eight blocks of three rounds; after `hungry` a slice loses `loss`, and each place costs `perPlace`. */
function measured({ loss = 0, perPlace = 0 }: { loss?: number; perPlace?: number }): SliceValue[] {
  const random = seededRandom(11);
  return Array.from({ length: 8 }, (_, block) => {
    const order = [0, 1, 2].flatMap(() => random.permutation(4)).map((index) => ids[index] ?? '');
    return order.map((variantId, place): SliceValue => {
      const y = 9 + block * 0.1 + (random.next() - 0.5) * 0.01 + place * perPlace;
      return { block, order: place, variantId, y: order[place - 1] === 'hungry' ? y - loss : y };
    });
  }).flat();
}

const study = (slices: SliceValue[]): Study => {
  const arm = (id: string) => ({
    id,
    cost: [],
    y: Array.from({ length: 8 }, (_, block) => {
      const own = slices.filter((slice) => slice.variantId === id && slice.block === block);
      return own.reduce((sum, { y }) => sum + y, 0) / own.length;
    }),
  });
  return { baseline: arm('baseline'), others: ids.slice(1).map(arm), claimed: [], alpha: 0.05, slices };
};

test('what a variant leaves behind is found in the slices after it', () => {
  const effects = carryOver(measured({ loss: 0.05 }));
  const hungry = effects.find(({ variantId }) => variantId === 'hungry');
  assert.equal(effects.length, 4);
  assert.ok((hungry?.effect ?? 0) < -0.03 && (hungry?.t ?? 0) < -15);
  const doubts = diagnose(study(measured({ loss: 0.05 })));
  const found = doubts.find(({ kind, variantId }) => kind === 'carry-over' && variantId === 'hungry');
  assert.ok(found && found.value < -found.threshold);
});

test('the order of the slices in a list does not matter', () => {
  const slices = measured({ loss: 0.05 });
  const byId = (a: { variantId: string }, b: { variantId: string }): number => (a.variantId < b.variantId ? -1 : 1);
  const ordered = carryOver(slices).sort(byId);
  const reversed = carryOver(slices.toReversed()).sort(byId);
  for (const [index, { t }] of ordered.entries()) assertClose([reversed[index]?.t ?? 0], [t], 1e-6);
});

test('a level that falls from place to place is found', () => {
  const found = diagnose(study(measured({ perPlace: -0.02 }))).find(({ kind }) => kind === 'position');
  assert.ok(found && found.value < -found.threshold);
  assert.equal(found.variantId, undefined);
});

test('slices without such effects raise only the drift that they have', () => {
  assert.deepEqual(
    diagnose(study(measured({}))).map(({ kind }) => kind),
    ['drift'],
  );
});

test('successive differences that resemble each other are flagged beyond 2 / sqrt(R)', () => {
  const stepped = { id: 'stepped', cost: [], y: [...Array<number>(8).fill(1.1), ...Array<number>(8).fill(1.3)] };
  const found = diagnose({ ...study([]), baseline: constantArm('baseline', 1, 16), others: [stepped], slices: [] });
  assert.deepEqual(
    found.map(({ kind, variantId, threshold }) => [kind, variantId, threshold]),
    [['autocorrelation', 'stepped', 0.5]],
  );
  assertClose([found[0]?.value ?? 0], [13 / 16], 1e-9);
});

test('a block that differs much is labelled, and a claim without support from sign flips too', () => {
  const y = [1.05, 0.96, 1.03, 0.98, 1.02, 0.97, 1.01, 1.9];
  const found = diagnose({
    ...study([]),
    baseline: constantArm('baseline', 1, 8),
    others: [{ id: 'a', cost: [], y }],
    claimed: ['a'],
    slices: [],
  });
  assert.deepEqual(
    found.map(({ kind }) => kind),
    ['outlier', 'sign-flip'],
  );
  assert.equal(found[1]?.value, 58 / 256);
});

test('a fake clock raises no doubts', () => {
  const arms = [constantArm('a', 9.1, 8), swingingArm('b', 9, 1e-15, 8)];
  const quiet = { ...study([]), baseline: constantArm('baseline', 9, 8), others: arms };
  assert.deepEqual(diagnose({ ...quiet, claimed: ['a'], slices: [] }), []);
});

test('too few blocks raise no doubts', () => {
  for (const blocks of [0, 1, 2]) {
    const arms = [swingingArm('a', 9, 0.1, blocks)];
    const few = { ...study([]), baseline: swingingArm('baseline', 9, 0.2, blocks), others: arms, claimed: ['a'] };
    assert.deepEqual(diagnose({ ...few, slices: [] }), []);
  }
});
