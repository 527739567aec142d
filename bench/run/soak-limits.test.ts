import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Constraint } from '../plan/plan.ts';
import { resultsSchema } from '../report/results.ts';
import { verdictInWords } from '../report/sentence.ts';
import { claimedRun, ended, measuredPart, planned, soakPlan } from './after.fixture.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import type { Measurement } from './slice.ts';
import { withFurtherPairs } from './soak-extension.ts';
import { summarise } from './summarise.ts';

const limitNs = 20e6;
const limit: Constraint = { metric: 'latency.p99', atMostNs: limitNs };

type Given = {
  readonly constraints?: readonly Constraint[];
  /** Of 1 000 requests in each slice of the blocks, and of 10 000 in each of the soak, by variant and pair. */
  readonly above: (variantId: string, pair: number) => number;
  readonly errors?: Record<string, number>;
};

/** A claim of `fast` from slices that hold the limit, and a soak of it. */
function soaked({ constraints = [limit], above, errors }: Given) {
  const { record, lines } = claimedRun({ slicesPerBlock: 8, plan: { constraints } });
  const counted = (measurement: Measurement, count: number, aboveCount: number): Measurement => ({
    ...measurement,
    requestCount: count,
    latency: { ...measurement.latency, count, sumNs: (measurement.latency.sumNs * count) / measurement.latency.count },
    aboveLimits: [{ limitNs, count: aboveCount }],
  });
  const inBlocks = lines.map((line) =>
    line.kind === 'slice' && line.status === 'measured'
      ? { ...line, measurement: counted(line.measurement, 1_000, 1) }
      : line,
  );
  const slices = measuredPart(soakPlan, (id) => (id === 'fast' ? 1.05 : 1)).flatMap((line): SliceResult[] => {
    if (line.status !== 'measured') return [line];
    const { variantId, block } = line.slice;
    const measurement = counted(line.measurement, 10_000, above(variantId, block));
    const failed = { ...line, measurement: { ...measurement, errors: errors ?? {}, invalid: ['requests failed'] } };
    return errors !== undefined && variantId === 'fast'
      ? [failed, { ...line, measurement }]
      : [{ ...line, measurement }];
  });
  const all: JournalLine[] = [...inBlocks, planned([soakPlan]), ...slices, ended('soak')];
  const results = summarise(record, all);
  resultsSchema.parse(results);
  const words = verdictInWords(results);
  const told = [words.headline, ...words.sentences].map((text) => text.replaceAll('\u00a0', ' '));
  return { record, all, results, headline: told[0] ?? '', soak: told.find((text) => text.startsWith('Soak')) ?? '' };
}

describe('the limits of a plan in long slices', () => {
  it('leave a claim alone that keeps them there', () => {
    const { results, soak } = soaked({ above: (_, pair) => 10 + pair });
    assert.equal(results.verdict.kind, 'WINNER');
    assert.deepEqual(
      results.after.soak?.constraints.map(({ metric, outcome, baselineOutcome }) => [metric, outcome, baselineOutcome]),
      [['latency.p99', 'holds', 'holds']],
    );
    assert.match(soak, /no contradiction to the short slices; it is beyond no limit there\.$/);
  });

  it('withdraw it where it breaks one, and say whether the baseline does too', () => {
    const own = soaked({ above: (id, pair) => (id === 'fast' ? 180 + 2 * pair : 20) });
    assert.deepEqual([own.results.verdict.kind, own.results.verdict.pick], ['SHORT_SLICE_BIAS', 'baseline']);
    assert.equal(own.results.after.soak?.outcome, 'holds');
    assert.equal(
      own.headline,
      'Keep the baseline: fast held latency.p99 at most 20.0 ms in short slices, but breaks it in slices of 30 s.',
    );
    assert.match(own.soak, /; it breaks latency\.p99 at most 20\.0 ms \(1\.85 % of its requests are above that\)\.$/);
    const both = soaked({ above: (_, pair) => 180 + 2 * pair });
    assert.equal(both.results.verdict.kind, 'SHORT_SLICE_BIAS');
    assert.match(both.headline, /but breaks it in slices of 30 s, as the baseline does\.$/);
  });

  it('leave open what lies beyond one without being shown to, and ask for further pairs', () => {
    const { results, soak, record, all } = soaked({ above: (id, pair) => (id === 'fast' && pair === 1 ? 900 : 20) });
    assert.equal(results.verdict.kind, 'WINNER');
    assert.equal(results.after.soak?.constraints[0]?.outcome, 'undecided');
    assert.match(soak, /; whether it keeps latency\.p99 at most 20\.0 ms \(2\.4 % of .*\) is too uncertain to tell\.$/);
    const plan = withFurtherPairs(record, all, Number.POSITIVE_INFINITY);
    assert.equal(plan?.parts[0]?.blocks, 8);
  });

  it('count the requests that failed in slices that were measured again', () => {
    const { results } = soaked({ above: () => 0, errors: { timeout: 500 } });
    // 500 of 20 500.
    assert.equal(results.after.soak?.constraints[0]?.outcome, 'fails');
    assert.equal(results.after.soak?.constraints[0]?.value?.toFixed(5), '0.02439');
    assert.equal(results.verdict.kind, 'SHORT_SLICE_BIAS');
  });

  it('hold for means and for throughput as well', () => {
    const constraints: Constraint[] = [
      { metric: 'latency.mean', atMostNs: 4e6 },
      { metric: 'throughput', atLeastPerSecond: 2_000 },
    ];
    const { results } = soaked({ constraints, above: () => 0 });
    assert.deepEqual(
      results.after.soak?.constraints.map(({ metric, atMostNs, atLeast, outcome }) => [
        metric,
        atMostNs,
        atLeast,
        outcome,
      ]),
      [
        ['latency.mean', 4e6, null, 'holds'],
        ['throughput', null, 2_000, 'holds'],
      ],
    );
  });

  it('are none where the plan has none', () => {
    assert.deepEqual(soaked({ constraints: [], above: () => 900 }).results.after.soak?.constraints, []);
  });
});
