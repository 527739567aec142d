import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainHost } from '../../testing/scripted-host.ts';
import { type CampaignCase, campaignCase } from './cases.ts';
import { sweepCase } from './sweep-case.ts';

const minute = 60_000;

/** A host of one core and executions of 100 ms, and so many users who wait for it. */
function slow(users: number, budgetMs: number): CampaignCase {
  const objective = { kind: 'single', direction: 'maximize', metric: 'throughput' } as const;
  return { ...campaignCase(0), host: plainHost(1, 100e6), concurrency: users, objective, budgetMs };
}

describe('the budget of a sweep of slow answers', () => {
  it('that does not pay for a look at each variant is refused after the first look', async () => {
    const { results, outcome } = await sweepCase(slow(200, 2 * minute));
    assert.equal(results, null);
    assert.match(outcome.why, /^a look at each of \d configurations takes \d+ s, the budget is 120 s$/);
  });

  it('that pays for the looks and no more has no pilot, and ends in time', async () => {
    const { results } = await sweepCase(slow(20, 5 * minute));
    assert(results !== null);
    assert.deepEqual(
      [results.run.pilot, results.verdict.kind, results.verdict.reason],
      [null, 'INCONCLUSIVE', 'budget'],
    );
    assert(results.run.durationMs < 5 * minute, `${results.run.durationMs}`);
  });
});
