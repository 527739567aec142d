import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Objective, Variant } from '../../plan/plan.ts';
import { plainHost } from '../../testing/scripted-host.ts';
import { type CampaignCase, campaignCase, configText } from './cases.ts';
import { sweepSimulated } from './sweep-case.ts';

/** Executions of 1 ms whatever their rows, on four processors, each request one of its own. */
function caseOf(variants: readonly Variant[], objective: Objective): CampaignCase {
  return {
    ...campaignCase(1),
    ...{
      host: { ...plainHost(4, 1e6), jitterSd: 0.1 },
      noiseLevel: 0.25,
      concurrency: 8,
      goal: 'improve',
      budgetMs: 120_000,
    },
    config: configText({ instances: 4, rowsMost: 8, delayUs: null }),
    ...{ variants, objective },
  };
}

const minimizeCost: Objective = { kind: 'single', direction: 'minimize', metric: 'cost' };
const batching: Variant = { id: 'batching', settings: { dynamic_batching: { max_queue_delay_microseconds: 2_000 } } };
const wasteful: Variant = { id: 'wasteful', settings: { 'parameters.effort': 1.5 } };

describe('a sweep that asks for the least cost', () => {
  it('finds the variant that needs the fewest CPU seconds, and shows what each needs', async () => {
    const { verdict, variants } = await sweepSimulated(caseOf([batching, wasteful], minimizeCost));
    assert.deepEqual([verdict.objective, verdict.kind, verdict.pick], ['minimize cost', 'WINNER', 'batching']);
    const costs = new Map(variants.map(({ id, cpuSecondsPer1000 }) => [id, cpuSecondsPer1000.point ?? Number.NaN]));
    // A request is an execution of 1 ms, 1.5 ms, or a part of one.
    assert(Math.abs((costs.get('baseline') ?? 0) - 1) < 0.01, JSON.stringify([...costs]));
    assert(Math.abs((costs.get('wasteful') ?? 0) - 1.5) < 0.015, JSON.stringify([...costs]));
    assert((costs.get('batching') ?? 1) < 0.6, JSON.stringify([...costs]));
  });

  it('may weigh it against throughput', async () => {
    const terms = [
      { direction: 'maximize', metric: 'throughput', weight: 0.2 },
      { direction: 'minimize', metric: 'cost', weight: 0.8 },
    ] as const;
    const { verdict } = await sweepSimulated(caseOf([batching, wasteful], { kind: 'weighted', terms }));
    assert.deepEqual([verdict.objective, verdict.pick], ['weighted 0.2 throughput, 0.8 cost', 'batching']);
  });
});

describe('a variant whose answers come from the response cache', () => {
  it('is not ranked, with the reason', async () => {
    const cached: Variant = { id: 'cached', settings: { 'response_cache.enable': true, 'parameters.effort': 0.1 } };
    const throughput: Objective = { kind: 'single', direction: 'maximize', metric: 'throughput' };
    const { verdict, variants } = await sweepSimulated(caseOf([cached, wasteful], throughput));
    const found = variants.find(({ id }) => id === 'cached');
    assert.equal(found?.status, 'refused');
    assert.match(found?.reason ?? '', /^\d+ answers came from the response cache instead of the model/);
    assert.equal(verdict.pick, 'baseline');
  });
});
