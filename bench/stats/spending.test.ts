import assert from 'node:assert/strict';
import { test } from 'node:test';
import { procedureRules } from './procedure.ts';
import { alphaSpentJointly, dueLooks, type Look } from './spending.ts';

const levels = (looks: readonly Look[]): number[] => looks.map(({ alpha }) => Math.round(alpha * 1e6) / 1e6);

test('joint spending allows more at each later look than looks that pay for themselves', () => {
  const due = (familySize: number) => dueLooks(30, { ...procedureRules, maxBlocks: 30, familySize });
  assert.deepEqual(levels(due(1)), [0.003556, 0.006065, 0.011859, 0.021764, 0.037612]);
  assert.deepEqual(levels(due(2)), [0.003556, 0.005892, 0.011415, 0.020759, 0.035539]);
  const increments = [8, 12, 17, 23, 30].map(
    (look, index, looks) => alphaSpentJointly(0.05, look / 30) - alphaSpentJointly(0.05, (looks[index - 1] ?? 0) / 30),
  );
  assert.ok(levels(due(3)).every((level, index) => level >= (increments[index] ?? 1) - 1e-6));
});

test('where the budget ends early all of the error that is left is spent at the last look', () => {
  const due = (blocks: number) => levels(dueLooks(blocks, { ...procedureRules, maxBlocks: blocks, familySize: 2 }));
  assert.deepEqual(due(10), [0.003556, 0.049884]);
  assert.deepEqual(due(6), [0.05]);
  assert.deepEqual(due(8), [0.05]);
  assert.deepEqual(due(4), []);
});

test('a single look spends alpha whole, for any number of variants', () => {
  const rules = { alpha: 0.05, looks: [10], maxBlocks: 10 };
  for (const familySize of [1, 2, 40])
    assert.deepEqual(dueLooks(10, { ...rules, familySize }), [{ blocks: 10, alpha: 0.05 }]);
});
