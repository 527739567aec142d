import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { baselineId } from '../../plan/plan.ts';
import { isLong } from '../../testing/long.ts';
import { campaignCase, thermalCase } from './cases.ts';
import { caseKinds } from './questions.ts';
import { type Swept, sweepCase } from './sweep-case.ts';
import { truthOf } from './truth.ts';

const indexes = Array.from({ length: 200 }, (_, index) => index);
/** The fastest hosts take the most events to simulate, and sweeps without a budget the most blocks. */
const isShort = (index: number): boolean =>
  campaignCase(index).serviceNs > 2e6 && campaignCase(index).budgetMs !== null;
const swept = isLong ? indexes : indexes.filter(isShort).slice(0, 10);
const thermalSweeps = isLong ? 20 : 2;

describe('a sweep of a host whose best variant is known', () => {
  it('is right or honestly undecided in 95 % of all', async () => {
    const all: Swept[] = [];
    for (const index of swept) all.push(await sweepCase(campaignCase(index)));
    const wrong = all.filter(({ outcome }) => outcome.kind === 'wrong' || outcome.kind === 'short');
    const told = wrong.map(({ given, outcome }) => `${given.index}: ${outcome.why}`);
    assert(wrong.length <= 0.05 * swept.length, told.join('\n'));
    // Whoever never decides is never wrong.
    const right = all.filter(({ outcome }) => outcome.kind === 'right').length;
    assert(right >= 0.5 * swept.length, `${right} of ${swept.length}`);
  });

  it('withdraws the claim of a variant that is 10 % slower when it has worked for 5 s', async () => {
    let withdrawn = 0;
    for (let index = 0; index < thermalSweeps; index += 1) {
      const { results, outcome } = await sweepCase(thermalCase(index));
      assert(results !== null, outcome.why);
      assert.equal(results.after.variantId, 'hungry');
      // Four pairs on a noisy host may leave it open, and say so.
      if (results.after.soak?.outcome === 'undecided') continue;
      withdrawn += 1;
      assert.deepEqual([results.verdict.kind, results.verdict.pick], ['SHORT_SLICE_BIAS', baselineId], `${index}`);
      assert.equal(outcome.kind, 'right');
    }
    assert(withdrawn >= 0.95 * thermalSweeps, `${withdrawn} of ${thermalSweeps}`);
  });

  it('is the same sweep each time', async () => {
    const once = async (): Promise<string> => JSON.stringify((await sweepCase(campaignCase(71))).results?.blocks);
    assert.equal(await once(), await once());
  });
});

describe('the cases of the campaign', () => {
  it('have service times from 50 us to 500 ms, from 1 to 256 users, and all kinds of questions', () => {
    const cases = Array.from({ length: 200 }, (_, index) => campaignCase(index));
    const service = cases.map(({ serviceNs }) => serviceNs / 1e6);
    const users = cases.map(({ concurrency }) => concurrency);
    assert(Math.min(...service) < 0.06 && Math.max(...service) > 450);
    assert(Math.min(...users) === 1 && Math.max(...users) > 230);
    assert(cases.every(({ variants }) => variants.length >= 2));
    assert.deepEqual(new Set(cases.map(({ kind }) => kind)), new Set(caseKinds));
  });

  it('have the best variant that they were made with', () => {
    const gains = (index: number) =>
      truthOf(campaignCase(index), { kind: 'single', direction: 'maximize', metric: 'throughput' });
    // 0 equal, 1 best, 2 tied, each over and over.
    assert([...gains(0).values()].every((gain) => gain === 0));
    const [best, next] = [...gains(1).values()].sort((a, b) => b - a);
    assert(best !== undefined && next !== undefined && best > 0.02 && next <= 0);
    const [first, second, third] = [...gains(2).values()].sort((a, b) => b - a);
    assert(first === second && first !== undefined && first > 0.03 && third === 0);
  });
});
