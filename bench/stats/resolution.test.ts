import assert from 'node:assert/strict';
import { test } from 'node:test';
import { procedureRules } from './procedure.ts';
import { confirmBlocksFor, powerOf, type ResolutionPlan, resolution } from './resolution.ts';

const plan: ResolutionPlan = { ...procedureRules, residualSd: 0.05, variantCount: 10, confirmBlocks: 30 };

const percent = (ln: number | null): number | null => (ln === null ? null : Math.round(1e4 * ln) / 100);

test('the resolution counts the screen, the number of finalists and the looks', () => {
  assert.equal(percent(resolution({ ...plan, variantCount: 1 })), 3.42);
  assert.equal(percent(resolution(plan)), 4.54);
  assert.equal(percent(resolution({ ...plan, confirmBlocks: 12 })), 6.42);
});

test('a gain at the resolution has the power that was asked for', () => {
  assert.ok(Math.abs(powerOf(resolution(plan) ?? 0, plan) - 0.8) < 1e-3);
  assert.ok(Math.abs(powerOf(resolution(plan, 0.5) ?? 0, plan) - 0.5) < 1e-3);
});

test('the resolution is proportional to the noise', () => {
  const wide = resolution({ ...plan, residualSd: 0.1 }) ?? 0;
  assert.ok(Math.abs(wide / (resolution(plan) ?? 1) - 2) < 1e-6);
  assert.equal(resolution({ ...plan, residualSd: 0 }), 0);
});

test('without a gain the power of one variant is its part of the error', () => {
  const power = powerOf(0, { ...plan, variantCount: 2 });
  assert.ok(power > 0.02 && power < 0.03, `${power}`);
});

test('fewer than five blocks resolve nothing', () => {
  assert.equal(resolution({ ...plan, confirmBlocks: 4 }), null);
  assert.equal(powerOf(1, { ...plan, confirmBlocks: 4 }), 0);
  assert.equal(powerOf(0.1, { ...plan, residualSd: 0 }), 1);
});

test('the blocks that are needed for a gain grow as it shrinks, and a gain that the screen loses needs no number', () => {
  const blocks = [0.1, 0.05, 0.045].map((gain) => confirmBlocksFor(gain, plan));
  assert.deepEqual(blocks, [7, 24, 32]);
  assert.equal(confirmBlocksFor(0.02, plan), null);
});
