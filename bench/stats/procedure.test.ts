import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../random.ts';
import type { MeasuredBlock } from './measured.ts';
import { type Contender, nextStep, type ProcedureRules, procedureRules, type Step } from './procedure.ts';
import { simulatedHost, usualNoise } from './simulate.ts';

type Field = readonly [Contender, ...Contender[]];

/** A baseline and so many variants, v1 the cheapest. */
const field = (variants: number): Field => [
  { id: 'baseline', cost: [0] },
  ...Array.from({ length: variants }, (_, index) => ({ id: `v${index + 1}`, cost: [index + 1] })),
];

/** One block of a fake clock, where each variant always has its level. */
const measure = (step: Step, levels: Readonly<Record<string, number>>): MeasuredBlock => {
  assert.ok(step.kind === 'block');
  return { stage: step.stage, round: step.round, y: new Map(step.active.map((id) => [id, levels[id] ?? 0])) };
};

const run = (contenders: Field, levels: Readonly<Record<string, number>>, rules: ProcedureRules = procedureRules) => {
  const blocks: MeasuredBlock[] = [];
  const total = rules.trialsLeft;
  for (;;) {
    const spent = blocks.reduce((sum, { y }) => sum + y.size, 0);
    const step = nextStep(contenders, blocks, { ...rules, trialsLeft: total - spent });
    if (step.kind === 'done') return { ...step, blocks, trials: spent };
    blocks.push(measure(step, levels));
  }
};

const shape = (blocks: readonly MeasuredBlock[]): string[] =>
  [...new Set(blocks.map(({ stage, round, y }) => `${stage} ${round} of ${y.size}`))].map(
    (name) => `${blocks.filter(({ stage, round, y }) => `${stage} ${round} of ${y.size}` === name).length} x ${name}`,
  );

test('ten variants are halved to six, then to two, which are confirmed on fresh blocks', () => {
  const { verdict, finalists, blocks, trials } = run(field(10), { v3: 0.05, v7: 0.04 });
  assert.deepEqual(shape(blocks), ['3 x screen 1 of 11', '4 x screen 2 of 7', '8 x confirm 1 of 3']);
  assert.equal(trials, 85);
  assert.deepEqual(finalists, ['v3', 'v7']);
  assert.deepEqual([verdict.kind, verdict.pick, verdict.blocks], ['WINNER', 'v3', 8]);
  assert.deepEqual(verdict.better, ['v3', 'v7']);
});

test('forty variants take three rounds of halving', () => {
  const { blocks } = run(field(40), { v40: 0.1 });
  assert.deepEqual(shape(blocks), [
    '3 x screen 1 of 41',
    '3 x screen 2 of 21',
    '3 x screen 3 of 11',
    '4 x screen 4 of 7',
    '8 x confirm 1 of 3',
  ]);
});

test('up to three variants are confirmed at once', () => {
  for (const variants of [1, 2, 3]) {
    const { blocks, finalists } = run(field(variants), {});
    assert.deepEqual(shape(blocks), [`8 x confirm 1 of ${variants + 1}`]);
    assert.equal(finalists.length, variants);
  }
});

test('of equal variants the cheaper ones go on, in the order of the plan', () => {
  const [baseline, ...rest] = field(5);
  const { finalists, verdict } = run([baseline, ...rest.toReversed()], {});
  assert.deepEqual(finalists, ['v2', 'v1']);
  assert.deepEqual([verdict.kind, verdict.pick], ['NO_IMPROVEMENT', 'baseline']);
});

test('the baseline is never ranked: worse variants reach confirm too', () => {
  const { finalists, verdict } = run(field(4), { v1: -0.3, v2: -0.1, v3: -0.2, v4: -0.4 });
  assert.deepEqual(finalists, ['v2', 'v3']);
  assert.equal(verdict.kind, 'NO_IMPROVEMENT');
});

test('a variant that breaks a constraint does not take the place of one that may keep it', () => {
  const contenders = field(5).map(
    (each): Contender => (each.id === 'v5' ? { ...each, constraints: ['fails'] } : each),
  ) as unknown as Field;
  assert.deepEqual(run(contenders, { v5: 0.5, v4: 0.2, v2: 0.1 }).finalists, ['v2', 'v4']);
});

test('a variant that becomes unstable leaves, but still counts in the error of the others', () => {
  const contenders = field(2);
  const blocks = Array.from({ length: 8 }, (_, block): MeasuredBlock => {
    const y = new Map([
      ['baseline', 0],
      ['v1', 0.03 + (block % 2 === 0 ? 0.03 : -0.03)],
    ]);
    return { stage: 'confirm', round: 1, y: block < 3 ? y.set('v2', 0) : y };
  });
  const [baseline, v1, v2] = contenders;
  assert.ok(v1 && v2);
  const left: Field = [baseline, v1, { ...v2, unstable: 'it crashed' }];
  const step = nextStep(left, blocks, procedureRules);
  assert.deepEqual(step, { kind: 'block', stage: 'confirm', round: 1, active: ['baseline', 'v1'] });
  const ended = nextStep(left, blocks, { ...procedureRules, trialsLeft: 0 });
  assert.ok(ended.kind === 'done');
  const alone = nextStep([baseline, v1], blocks, { ...procedureRules, trialsLeft: 0 });
  assert.ok(alone.kind === 'done');
  const [own, single] = [ended, alone].map(({ verdict }) => verdict.comparisons[0]?.pHolm ?? Number.NaN);
  assert.ok(Math.abs((own ?? 0) / (single ?? 1) - 2) < 1e-12);
  assert.deepEqual(ended.finalists, ['v1', 'v2']);
});

test('an unstable variant of the screen is replaced by the next best', () => {
  const levels = { v1: 0.1, v2: 0.2, v3: 0.3 };
  const { blocks } = run(field(5), levels);
  const screened = blocks.filter(({ stage }) => stage === 'screen');
  const contenders = field(5).map(
    (each): Contender => (each.id === 'v3' ? { ...each, unstable: 'errors' } : each),
  ) as unknown as Field;
  const step = nextStep(contenders, screened, procedureRules);
  assert.deepEqual(step, { kind: 'block', stage: 'confirm', round: 1, active: ['baseline', 'v1', 'v2'] });
});

test('without a stable baseline there is no verdict, without a stable variant no claim', () => {
  const [baseline, v1] = field(1);
  assert.ok(v1);
  const first = nextStep([{ ...baseline, unstable: 'wrong answers' }, v1], [], procedureRules);
  assert.ok(first.kind === 'done');
  assert.deepEqual([first.verdict.kind, first.verdict.reason], ['INVALID', 'the baseline is unstable: wrong answers']);
  const second = nextStep([baseline, { ...v1, unstable: 'errors' }], [], procedureRules);
  assert.ok(second.kind === 'done');
  assert.deepEqual([second.verdict.kind, second.verdict.reason], ['INCONCLUSIVE', 'no-variants']);
});

test('the screen keeps to 40 % of the trials, and finalists are given up for eight blocks', () => {
  const levels = { v1: 0.02 };
  const fits = run(field(10), levels, { ...procedureRules, trialsLeft: 200 });
  assert.equal(fits.blocks.filter(({ stage }) => stage === 'screen').length, 7);
  const short = run(field(10), levels, { ...procedureRules, trialsLeft: 60 });
  assert.deepEqual(shape(short.blocks), ['2 x screen 1 of 11', '8 x confirm 1 of 3']);
  const shorter = run(field(10), levels, { ...procedureRules, trialsLeft: 30 });
  assert.deepEqual(shape(shorter.blocks), ['1 x screen 1 of 11', '8 x confirm 1 of 2']);
  assert.deepEqual([shorter.verdict.kind, shorter.finalists], ['WINNER', ['v1']]);
  const three = run(field(3), levels, { ...procedureRules, trialsLeft: 24 });
  assert.deepEqual(shape(three.blocks), ['2 x screen 1 of 4', '8 x confirm 1 of 2']);
});

test('a budget that ends between looks has its last look there; below five blocks it is inconclusive', () => {
  const noise = (trials: number) => run(field(1), { v1: 0.001 }, { ...procedureRules, trialsLeft: trials });
  assert.deepEqual([noise(10).verdict.kind, noise(10).verdict.looks], ['WINNER', [{ blocks: 5, alpha: 0.05 }]]);
  assert.deepEqual([noise(8).verdict.kind, noise(8).verdict.reason], ['INCONCLUSIVE', 'budget']);
  assert.deepEqual([noise(1).blocks.length, noise(1).verdict.kind], [0, 'INCONCLUSIVE']);
});

test('names from a hostile plan are only names', () => {
  const contenders: Field = [
    { id: 'baseline', cost: [] },
    ...['__proto__', 'constructor', 'toString', 'x'].map((id) => ({ id, cost: [] })),
  ];
  const step = nextStep(contenders, [], procedureRules);
  assert.ok(step.kind === 'block');
  const block: MeasuredBlock = {
    stage: 'screen',
    round: 1,
    y: new Map(step.active.map((id) => [id, id === '__proto__' ? 1 : 0])),
  };
  const next = nextStep(contenders, [block, block, block, block], procedureRules);
  assert.ok(next.kind === 'block');
  assert.deepEqual(next.active, ['baseline', '__proto__', 'constructor']);
});

test('a variant that goes through by right is confirmed whatever the screen shows of it, beside the best of the others', () => {
  const seeded = field(10).map((each) => (each.id === 'v9' ? { ...each, seeded: true as const } : each));
  const [baseline, ...others] = seeded;
  assert.ok(baseline !== undefined);
  const levels = { v3: 0.05, v7: 0.04, v9: -0.1 };
  const { finalists, verdict, blocks } = run([baseline, ...others], levels);
  assert.deepEqual([finalists, verdict.kind, verdict.pick], [['v3', 'v9'], 'WINNER', 'v3']);
  assert.deepEqual(
    shape(blocks).map((text) => text.replace(/^\d+ x /, '')),
    shape(run(field(10), levels).blocks).map((text) => text.replace(/^\d+ x /, '')),
  );
  // Where one finalist is all that the budget pays for, it has no right to be that one.
  const short = run([baseline, ...others], levels, { ...procedureRules, trialsLeft: 23 });
  assert.deepEqual(short.finalists, ['v3']);
});

test('a block that lacks a stable variant is refused', () => {
  const block: MeasuredBlock = { stage: 'confirm', round: 1, y: new Map([['v1', 0]]) };
  assert.throws(() => nextStep(field(1), Array(8).fill(block), procedureRules), RangeError);
});

test('a sweep that is resumed after any block goes on as it would have, and never measures less than the baseline', () => {
  const study = fc.record({
    variants: fc.integer({ min: 1, max: 14 }),
    seed: fc.integer({ min: 0, max: 1e6 }),
    budget: fc.constantFrom(20, 60, 110, Number.POSITIVE_INFINITY),
  });
  fc.assert(
    fc.property(study, ({ variants, seed, budget }) => {
      const contenders = field(variants);
      const host = simulatedHost({ effects: contenders.map(() => 0) }, usualNoise, seededRandom(seed));
      const steps: Step[] = [];
      const blocks: MeasuredBlock[] = [];
      const spent = (count: number): number => blocks.slice(0, count).reduce((sum, { y }) => sum + y.size, 0);
      for (;;) {
        const step = nextStep(contenders, blocks, { ...procedureRules, trialsLeft: budget - spent(blocks.length) });
        steps.push(step);
        if (step.kind === 'done') break;
        assert.equal(step.active[0], 'baseline');
        const y = host.block(step.active.map((id) => contenders.findIndex((each) => each.id === id)));
        blocks.push({ stage: step.stage, round: step.round, y: new Map(step.active.map((id, i) => [id, y[i] ?? 0])) });
      }
      assert.ok(spent(blocks.length) <= budget);
      for (const [count, step] of steps.entries()) {
        const rules = { ...procedureRules, trialsLeft: budget - spent(count) };
        assert.deepEqual(nextStep(contenders, structuredClone(blocks.slice(0, count)), rules), step);
      }
    }),
    { seed: 4, numRuns: 40 },
  );
});
