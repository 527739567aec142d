import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConstraintOutcome } from './arm.ts';
import { constantArm, oneLook, sweepRules } from './decision-arms.ts';
import { type Arm, decide } from './verdict.ts';

const outcome = fc.constantFrom<ConstraintOutcome>('holds', 'holds', 'fails', 'undecided');
const value = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 0.1, 1e6, -1e6, 1e-15));

const study = fc
  .record({ blocks: fc.integer({ min: 0, max: 26 }), variants: fc.integer({ min: 0, max: 4 }) })
  .chain(({ blocks, variants }) => {
    const arm = fc.record({
      cost: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }),
      y: fc.array(value, { minLength: blocks, maxLength: blocks }),
      constraints: fc.array(outcome, { maxLength: 2 }),
    });
    return fc.array(arm, { minLength: variants + 1, maxLength: variants + 1 });
  })
  .map((arms) => arms.map((arm, index): Arm => ({ ...arm, id: index === 0 ? 'baseline' : `v${index}` })));

const rules = fc.record({
  alpha: fc.constantFrom(0.05, 0.2),
  delta: fc.constantFrom(0, Math.log(1.02)),
  goal: fc.constantFrom('improve' as const, 'best' as const),
  looks: fc.constantFrom([8, 12, 18, 24], [2], [10]),
  maxBlocks: fc.integer({ min: 0, max: 30 }),
});

const split = (arms: readonly Arm[]): { baseline: Arm; others: Arm[] } => {
  const [baseline = constantArm('baseline', 0, 0), ...others] = arms;
  return { baseline, others };
};

test('whatever the data are, the verdict is whole: it survives JSON, and its sets agree with each other', () => {
  fc.assert(
    fc.property(study, rules, (arms, given) => {
      const { baseline, others } = split(arms);
      const verdict = decide(baseline, others, given);
      assert.deepEqual(JSON.parse(JSON.stringify(verdict)), unsignedZeros(verdict));
      const { better, bestSet, equivalent, pick } = verdict;
      assert.ok(equivalent.every((id) => better.includes(id) && bestSet.includes(id)));
      assert.ok(better.length === 0 ? pick === 'baseline' : better.includes(pick));
      assert.ok(better.every((id) => !verdict.undecided.includes(id)));
      assert.equal(['WINNER', 'TIED_SET', 'BETTER_TIED_AT_RESOLUTION'].includes(verdict.kind), better.length > 0);
      assert.equal(verdict.kind === 'WINNER', bestSet.length === 1 && better.includes(bestSet[0] ?? ''));
      if (baseline.y.length >= given.maxBlocks) assert.equal(verdict.stop, true);
    }),
    { seed: 2, numRuns: 600 },
  );
});

test('what all variants of a block have in common does not matter, nor does the order of the variants', () => {
  const noise = fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(study, noise, (arms, level) => {
      const { baseline, others } = split(arms.map((arm) => ({ ...arm, y: arm.y.slice(0, 12).map(coarse) })));
      const shift = (arm: Arm): Arm => ({ ...arm, y: arm.y.map((y, block) => y + (level[block] ?? 0)) });
      const plain = decide(baseline, others, sweepRules);
      const moved = decide(shift(baseline), others.map(shift).reverse(), sweepRules);
      assert.deepEqual(
        [moved.kind, moved.pick, moved.better, moved.equivalent, [...moved.bestSet].sort()],
        [plain.kind, plain.pick, plain.better, plain.equivalent, [...plain.bestSet].sort()],
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('input that only a bug can make is refused', () => {
  const baseline = constantArm('baseline', 9, 8);
  const good = constantArm('a', 9, 8);
  const bad: Arm[][] = [
    [constantArm('a', 9, 7)],
    [constantArm('a', Number.NaN, 8)],
    [constantArm('a', Number.POSITIVE_INFINITY, 8)],
    [constantArm('baseline', 9, 8)],
    [good, good],
    [{ ...good, cost: [Number.NaN] }],
    [{ ...good, screenMean: Number.NaN }],
  ];
  for (const others of bad) assert.throws(() => decide(baseline, others, oneLook(8)), RangeError);
  const wrong = [
    { alpha: 0 },
    { alpha: 0.5 },
    { delta: -1 },
    { looks: [] },
    { looks: [1] },
    { looks: [8, 8] },
    { comparisonCount: 0 },
  ];
  for (const each of wrong) assert.throws(() => decide(baseline, [good], { ...oneLook(8), ...each }), RangeError);
});

test('names from a hostile plan are only names', () => {
  const names = ['__proto__', 'constructor', '</script>'];
  const arms = names.map((id, index) => constantArm(id, 9 + index / 10, 8));
  const verdict = decide(constantArm('baseline', 8, 8), arms, oneLook(8));
  assert.deepEqual(verdict.better, ['</script>', 'constructor', '__proto__']);
});

/** Values on a coarse binary grid, so that adding a whole number to them is exact. */
function coarse(y: number): number {
  return Math.round(y * 1024) / 1024;
}

/** JSON has no -0. */
function unsignedZeros<T>(data: T): T {
  if (typeof data === 'number') return (data + 0) as T;
  if (Array.isArray(data)) return data.map(unsignedZeros) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, each]) => [key, unsignedZeros(each)])) as T;
}
