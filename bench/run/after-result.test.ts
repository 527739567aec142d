import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resultsSchema } from '../report/results.ts';
import { verdictInWords } from '../report/sentence.ts';
import {
  afterLine,
  claimedRun,
  clientPlan,
  ended,
  measuredPart,
  planned,
  rangePlan,
  soakPlan,
} from './after.fixture.ts';
import type { JournalLine } from './journal.ts';
import { journalLineSchema } from './record-schema.ts';
import { summarise } from './summarise.ts';

const { record, lines } = claimedRun();

function after(...more: readonly JournalLine[]) {
  for (const line of more) assert(journalLineSchema.safeParse(line).success);
  const results = summarise(record, [...lines, ...more]);
  resultsSchema.parse(results);
  return results;
}

/** What a slice of so many seconds shows of a variant that leads by 5 % and is 10 % slower after 5 s of load. */
const tiring = (seconds: number): number => (1.05 * (Math.min(5, seconds) + 0.9 * Math.max(0, seconds - 5))) / seconds;

describe('the soak', () => {
  it('leaves a verdict alone that it does not contradict', () => {
    const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? 1.05 : 1));
    const { verdict, after: found, run } = after(planned([soakPlan]), ...slices, ended('soak'));
    assert.deepEqual([verdict.kind, verdict.pick], ['WINNER', 'fast']);
    assert.deepEqual(
      [found.finished, found.variantId, found.soak?.outcome, found.soak?.pairs],
      [true, 'fast', 'holds', 4],
    );
    assert.deepEqual(found.skipped, []);
    assert.equal(run.complete, true);
  });

  it('catches a variant that is 10 % slower after 5 s of load', () => {
    const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? tiring(30) : 1));
    const {
      verdict,
      after: found,
      variants,
      config,
      diagnostics,
    } = after(planned([soakPlan]), ...slices, ended('soak'));
    assert.deepEqual([verdict.kind, verdict.pick, verdict.better], ['SHORT_SLICE_BIAS', 'baseline', []]);
    assert.equal(found.soak?.outcome, 'below');
    assert(Math.abs((found.soak?.gain?.point ?? 0) + 0.0375) < 0.015);
    assert(variants.every(({ comparison }) => comparison?.better !== true));
    assert.equal(config.pick, config.baseline);
    assert(!diagnostics.some(({ kind }) => kind === 'short slices understate'));
  });

  it('does not bring back a baseline that fails the constraints, though the gain is smaller in long slices', () => {
    const failing = claimedRun({
      arms: ['baseline', 'fast', 'other'].map((id) => ({ id, ratio: id === 'fast' ? 2 : 1 })),
      plan: { constraints: [{ metric: 'latency.mean', atMostNs: 1_400_000 }] },
    });
    const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? 1.5 : 1));
    const soaked = [planned([soakPlan]), ...slices, ended('soak')];
    const { verdict, after: found } = summarise(failing.record, [...failing.lines, ...soaked]);
    assert.deepEqual([verdict.kind, verdict.pick, found.soak?.outcome], ['WINNER', 'fast', 'below']);
    const { verdict: without } = summarise({ ...failing.record, plan: { ...failing.record.plan, constraints: [] } }, [
      ...failing.lines,
      ...soaked,
    ]);
    assert.deepEqual([without.kind, without.pick], ['SHORT_SLICE_BIAS', 'baseline']);
  });

  it('says so where long slices show more, and lets the claim stand', () => {
    const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? 1.3 : 1));
    const { verdict, diagnostics } = after(planned([soakPlan]), ...slices, ended('soak'));
    assert.equal(verdict.kind, 'WINNER');
    assert.deepEqual(diagnostics.find(({ kind }) => kind === 'short slices understate')?.variantIds, ['fast']);
  });

  it('denies a variant whose requests fail in it, but not one that a busy client kept from being measured', () => {
    const broken = (line: ReturnType<typeof afterLine>, errors: Record<string, number>) =>
      line.status === 'measured' ? { ...line, measurement: { ...line.measurement, errors } } : line;
    const left: JournalLine = {
      kind: 'after',
      at: '2026-01-01T02:00:00.000Z',
      status: 'left',
      part: 'soak',
      round: 1,
      variantId: 'fast',
      reason: 'it did not work',
    };
    const slice = afterLine(soakPlan, { round: 1, block: 1, order: 1, variantId: 'fast', rate: 4_000, invalid: ['x'] });
    const failed = after(planned([soakPlan]), broken(slice, { reset: 3 }), left, ended('soak'));
    assert.deepEqual([failed.verdict.kind, failed.after.soak?.outcome], ['SHORT_SLICE_BIAS', 'broken']);
    assert.equal(failed.after.soak?.reason, 'it did not work');
    const busy = after(planned([soakPlan]), slice, left, ended('soak'));
    assert.deepEqual([busy.verdict.kind, busy.after.soak?.outcome], ['WINNER', 'undecided']);
  });

  it('that was interrupted lets the verdict stand and says that it is not finished', () => {
    const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? 1.05 : 1)).slice(0, 3);
    for (const more of [[], [planned([soakPlan])], [planned([soakPlan]), ...slices]]) {
      const { verdict, after: found, run } = after(...more);
      assert.deepEqual([verdict.kind, found.finished, run.complete], ['WINNER', false, true]);
    }
    assert.equal(after(planned([soakPlan]), ...slices).after.soak?.pairs, 1);
  });

  it('counts the last attempt of a pair that was interrupted, alone', () => {
    const wild = afterLine(soakPlan, { round: 1, block: 1, order: 0, variantId: 'fast', rate: 1 });
    const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? 1.05 : 1));
    const again = slices.map((line) =>
      line.slice.block === 1 ? { ...line, slice: { ...line.slice, attempt: 2 } } : line,
    );
    const whole = after(planned([soakPlan]), ...slices, ended('soak')).after;
    assert.deepEqual(after(planned([soakPlan]), wild, ...again, ended('soak')).after, whole);
  });
});

describe('what follows a verdict', () => {
  it('is not due without a claim, in a run of a fixed number of blocks, nor between equal variants', () => {
    const none = { finished: true, variantId: null, soak: null, range: null, client: null, skipped: [] };
    const fixed = { ...record, design: { ...record.design, procedure: 'fixed' as const } };
    assert.deepEqual(summarise(fixed, lines).after, none);
    assert.deepEqual(summarise({ ...record, plan: { ...record.plan, expectEqual: true } }, lines).after, none);
    assert.deepEqual(summarise(record, lines.slice(0, -1)).after, none);
    const same = claimedRun({ arms: ['baseline', 'a', 'b'].map((id) => ({ id, ratio: 1 })) });
    assert.deepEqual(summarise(same.record, same.lines).after, none);
  });

  it('enters no estimate', () => {
    const slices = measuredPart(rangePlan, () => 0.5);
    const { after: _, run, ...rest } = after(planned([rangePlan]), ...slices, ended('range'));
    const { after: __, run: before, ...plain } = summarise(record, lines);
    assert.deepEqual(rest, plain);
    assert.equal(run.sliceCount, before.sliceCount);
  });

  it('says how far a gain reaches, and where it turns round', () => {
    const ratios = [1.05, 1.05, 0.95, 1.05];
    const slices = measuredPart(rangePlan, (id, round) => (id === 'fast' ? (ratios[round - 1] ?? 1) : 1));
    const { range } = after(planned([rangePlan]), ...slices, ended('range')).after;
    assert.deepEqual([range?.from, range?.to, range?.turnsAt], [4, 16, [32]]);
    assert.deepEqual(
      range?.levels.map(({ pacing, concurrency, requestsPerSecond, outcome, blocks }) => [
        pacing,
        concurrency ?? requestsPerSecond,
        outcome,
        blocks,
      ]),
      [
        ['closed', 4, 'holds', 8],
        ['closed', 16, 'holds', 8],
        ['closed', 32, 'turns round', 8],
        ['open', 2_800, 'holds', 8],
      ],
    );
  });

  it('counts from what the variant itself has outstanding, and says that the baseline went along', () => {
    const [four, sixteen] = rangePlan.loads;
    assert(four !== undefined && sixteen !== undefined);
    const own = { ...rangePlan, loads: [{ ...sixteen, others: { baseline: four.load } }] };
    const slices = measuredPart(own, (id) => (id === 'fast' ? 1.05 : 1));
    const variants = [{ id: 'fast', settings: {}, load: { concurrency: 32 } }, ...record.plan.variants.slice(1)];
    const changed = { ...record, plan: { ...record.plan, variants } };
    const all = [...lines, planned([own]), ...slices, ended('range')];
    for (const line of all) assert(journalLineSchema.safeParse(line).success);
    const results = summarise(changed, all);
    assert.deepEqual([results.after.range?.from, results.after.range?.to], [16, 32]);
    assert(
      verdictInWords(results).sentences.includes(
        'Range, the load of the baseline raised and lowered alike: holds from 16 to 32 outstanding.',
      ),
    );
    const broken = { ...own, loads: [{ ...sixteen, others: { baseline: { pacing: { kind: 'closed' } } } }] };
    assert.equal(
      journalLineSchema.safeParse({ ...planned([]), plan: { pick: 'fast', parts: [broken] } }).success,
      false,
    );
  });

  it('names whoever is ahead with another client', () => {
    const slices = measuredPart(clientPlan, (id) => ({ fast: 1.05, other: 1.1 })[id] ?? 1);
    const { after: found, diagnostics, verdict } = after(planned([clientPlan]), ...slices, ended('client'));
    assert.equal(found.client?.dependent, true);
    assert.deepEqual(
      found.client?.loads.map(({ transport, threads, ahead }) => [transport, threads, ahead]),
      [['grpc', 1, ['other']]],
    );
    const told = diagnostics.find(({ kind }) => kind === 'client-dependent');
    assert.match(told?.message ?? '', /another client: grpc with one thread: other$/);
    assert.equal(verdict.kind, 'WINNER');
    const calm = measuredPart(clientPlan, (id) => (id === 'fast' ? 1.05 : 1));
    assert.equal(after(planned([clientPlan]), ...calm, ended('client')).after.client?.dependent, false);
  });

  it('says what was skipped, by plan or since the time ended', () => {
    const skipped = [{ part: 'client', reason: 'unavailable' }] as const;
    const found = after(planned([rangePlan], skipped), ended('range', 'budget')).after;
    assert.deepEqual(found.skipped, [
      { part: 'client', reason: 'unavailable' },
      { part: 'range', reason: 'budget' },
    ]);
    assert.equal(found.finished, true);
  });

  it('is read from lines of its own form only', () => {
    const line = planned([soakPlan]);
    assert(line.kind === 'after' && line.status === 'planned');
    const { plan } = line;
    const slice = afterLine(soakPlan, { round: 1, block: 1, order: 0, variantId: 'fast', rate: 4_000 });
    const { after: _, ...nameless } = slice.slice;
    for (const wrong of [
      { ...line, plan: { ...plan, pick: '../x' } },
      { ...line, plan: { ...plan, parts: [{ ...soakPlan, blocks: 1e9 }] } },
      { ...line, plan: { ...plan, parts: [{ ...soakPlan, loads: [] }] } },
      { ...line, status: 'ended', part: '__proto__', reason: 'complete' },
      { ...slice, slice: nameless },
      { ...slice, slice: { ...slice.slice, after: 'pilot' } },
    ])
      assert.equal(journalLineSchema.safeParse(wrong).success, false);
  });
});
