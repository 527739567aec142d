import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { afterLine, claimedRun, clientPlan, ended, planned, rangePlan, soakPlan } from './after.fixture.ts';
import { afterOrder } from './after-order.ts';
import { type AfterPlan, longestAfterMs, timeOf } from './after-plan.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import { journalLineSchema } from './record-schema.ts';
import { withFurtherPairs } from './soak-extension.ts';
import { summarise } from './summarise.ts';

const { record, lines } = claimedRun();
const { design } = record;

/** A soak whose pairs differ by so much, ln scale; the confirmed gain is about 5 %. */
function soaked(differences: readonly number[], from = 1): SliceResult[] {
  return differences.flatMap((difference, index) => {
    const block = from + index;
    return afterOrder(soakPlan, block, 1).map(({ round, variantId }, order) =>
      afterLine(soakPlan, {
        round,
        block,
        order,
        variantId,
        rate: 4_000 * Math.exp(variantId === 'fast' ? difference : 0),
      }),
    );
  });
}

const open = [-0.09, 0.05, 0.03, -0.05];
const all = [soakPlan, rangePlan, clientPlan];
const journal = (differences: readonly number[], parts = all): JournalLine[] => [
  ...lines,
  planned(parts),
  ...soaked(differences),
];
const told = (plan: AfterPlan | null) =>
  plan === null
    ? null
    : [
        plan.parts.map(({ part, blocks }) => `${part} ${blocks}`).join(),
        plan.skipped.map(({ part, reason }) => `${part} ${reason}`).join(),
      ];

describe('a soak that cannot tell', () => {
  it('has as many pairs again where the budget has room', () => {
    const plan = withFurtherPairs(record, journal(open), Number.POSITIVE_INFINITY);
    assert.deepEqual(told(plan), ['soak 8,range 8,client 8', '']);
    assert(plan !== null);
    const line: JournalLine = { kind: 'after', at: '2026-01-01T02:00:00.000Z', status: 'planned', plan };
    assert(journalLineSchema.safeParse(line).success);
    assert(timeOf(plan.parts, design) <= longestAfterMs(record));
  });

  it('comes before the client and the range, and has two pairs where there is no time for four', () => {
    const pairMs = timeOf([{ ...soakPlan, blocks: 1 }], design);
    const [rangeMs, clientMs] = [timeOf([rangePlan], design), timeOf([clientPlan], design)];
    const at = (leftMs: number) => told(withFurtherPairs(record, journal(open), leftMs));
    assert.deepEqual(at(4 * pairMs + rangeMs + clientMs + 1), ['soak 8,range 8,client 8', '']);
    assert.deepEqual(at(4 * pairMs + rangeMs + clientMs - 1), ['soak 8,range 8', 'client budget']);
    assert.deepEqual(at(4 * pairMs + rangeMs - 1), ['soak 8', 'range budget,client budget']);
    assert.deepEqual(at(4 * pairMs - 1), ['soak 6,range 8,client 8', '']);
    assert.deepEqual(at(2 * pairMs + 1), ['soak 6', 'range budget,client budget']);
    assert.equal(at(2 * pairMs - 1), null);
    assert.equal(at(-1_000), null);
  });

  it('is one whose four pairs are there, once, and whose gain is neither denied nor supported', () => {
    const further = (given: readonly JournalLine[]) => withFurtherPairs(record, given, Number.POSITIVE_INFINITY);
    assert.equal(further(journal([0.05, 0.05, 0.04, 0.06])), null);
    assert.equal(further(journal([-0.05, -0.05, -0.04, -0.06])), null);
    assert.equal(further(journal(open.slice(0, 3))), null);
    assert.equal(further(journal(open, [{ ...soakPlan, blocks: 8 }])), null);
    assert.equal(further([...lines, planned([rangePlan])]), null);
    assert.equal(further(lines), null);
  });

  it('is decided by all of its pairs then, each side at 95 % over both looks', () => {
    const longer = planned([{ ...soakPlan, blocks: 8 }]);
    const after = (further: readonly number[]) => {
      const slices = [...soaked(open), ...soaked(further, 5)];
      return summarise(record, [...lines, longer, ...slices, ended('soak')]);
    };
    const first = summarise(record, journal(open, [soakPlan])).after.soak;
    assert.deepEqual([first?.outcome, first?.pairs], ['undecided', 4]);
    const denied = after([-0.06, -0.05, -0.04, -0.05]);
    assert.deepEqual(
      [denied.verdict.kind, denied.after.soak?.outcome, denied.after.soak?.pairs],
      ['SHORT_SLICE_BIAS', 'below', 8],
    );
    assert.equal(denied.after.soak?.gain?.confidence, first?.gain?.confidence);
    const supported = after([0.12, 0.11, 0.12, 0.13]);
    assert.deepEqual([supported.verdict.kind, supported.after.soak?.outcome], ['WINNER', 'holds']);
  });
});
