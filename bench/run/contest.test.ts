import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Constraint, LatencyMetric, Objective } from '../plan/plan.ts';
import { contestOf, nextOf } from './contest.ts';
import { readHistory } from './history.ts';
import type { JournalLine } from './journal.ts';
import { syntheticRun } from './run.fixture.ts';
import { syntheticStagedRun } from './staged-run.fixture.ts';
import { summarise } from './summarise.ts';

const ids = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index + 1}`)];

/** `best` is the true ratio of v3 to all others. */
function stagedRun({ best, trials, seed = 1 }: { best: number; trials: number; seed?: number }) {
  const arms = ids.map((id) => ({ id, ratio: id === 'v3' ? best : 1 }));
  return syntheticStagedRun({ arms, trials, seed, sd: 0.01 });
}

describe('a staged run', () => {
  it('screens eleven variants and confirms the best on fresh blocks', () => {
    const { record, lines, steps } = stagedRun({ best: 1.1, trials: Number.POSITIVE_INFINITY });
    assert.deepEqual(
      steps.map((step) => `${step.split(':')[0]} x ${step.split(',').length}`),
      [...Array(3).fill('screen 1 x 12'), ...Array(4).fill('screen 2 x 7'), ...Array(8).fill('confirm 1 x 3')],
    );
    const results = summarise(record, lines);
    const { verdict, variants, run } = results;
    assert.deepEqual([verdict.kind, verdict.pick, verdict.blocks, run.screenBlocks], ['WINNER', 'v3', 8, 7]);
    assert.equal(run.finalists.length, 2);
    const gain = variants.find(({ id }) => id === 'v3')?.comparison?.gain.point ?? 0;
    assert(Math.abs(gain - 0.1) < 0.02, String(gain));
    const out = variants.filter(({ status }) => status === 'screened out');
    assert.equal(out.length, 9);
    assert(out.every(({ comparison, throughput }) => comparison === null && throughput.point !== null));
    assert.match(out[0]?.reason ?? '', /nothing is claimed/);
  });

  it('asks for the same next block whenever it is read back, wherever it stood', () => {
    const { record, lines, steps } = stagedRun({ best: 1, trials: 140 });
    const again: string[] = [];
    const seen: JournalLine[] = [];
    let left = 140;
    for (const line of lines) {
      if (line.kind === 'slice' && line.slice.order === 0) {
        const next = nextOf(record, contestOf(record, readHistory(seen)), left);
        assert(next.kind === 'block');
        again.push(`${next.stage} ${next.round}: ${next.active.join()}`);
        left -= next.active.length;
      }
      seen.push(line);
    }
    assert.deepEqual(again, steps);
  });

  it('that its time ends in the screen claims nothing and says so', () => {
    const { record, lines } = stagedRun({ best: 1.2, trials: 13 });
    const { verdict, variants } = summarise(record, lines);
    assert.deepEqual(
      [verdict.kind, verdict.reason, verdict.pick, verdict.blocks],
      ['INCONCLUSIVE', 'budget', 'baseline', 0],
    );
    assert(variants.every(({ status }) => status === 'measured'));
  });

  it('that was interrupted claims nothing, though a look has passed', () => {
    const { record, lines } = stagedRun({ best: 1.1, trials: Number.POSITIVE_INFINITY });
    const { verdict, run } = summarise(record, lines.slice(0, -1));
    assert.deepEqual(
      [verdict.kind, verdict.reason, verdict.better, run.complete],
      ['INCONCLUSIVE', 'blocks', [], false],
    );
  });

  it('goes on without a variant that left, which still counts in the error of the others', () => {
    const { record, lines } = stagedRun({ best: 1.1, trials: Number.POSITIVE_INFINITY });
    const whole = readHistory(lines);
    const confirmed = whole.blocks.filter(({ stage }) => stage === 'confirm');
    const other = summarise(record, lines).run.finalists.find((id) => id !== 'v3') ?? '';
    const last = confirmed.at(-1)?.block ?? 0;
    const cut = lines.filter(
      (line) => !(line.kind === 'slice' && line.slice.block === last && line.slice.variantId === other),
    );
    cut.splice(-2, 0, { kind: 'unstable', block: last, attempt: 1, variantId: other, reason: 'it broke' });
    const { verdict, variants } = summarise(record, cut);
    assert.deepEqual([verdict.kind, verdict.pick], ['WINNER', 'v3']);
    assert.equal(variants.find(({ id }) => id === other)?.status, 'unstable');
  });

  it('that the baseline leaves in the middle of a block is invalid, and whole as far as it goes', () => {
    const { record, lines } = stagedRun({ best: 1.1, trials: Number.POSITIVE_INFINITY });
    const last = readHistory(lines).blocks.at(-1)?.block ?? 0;
    const ofLast = lines.filter((line) => line.kind === 'slice' && line.slice.block === last);
    const cut = lines.filter((line) => !ofLast.includes(line) || ofLast.indexOf(line) < 2);
    cut.splice(-2, 0, { kind: 'unstable', block: last, attempt: 1, variantId: 'baseline', reason: 'it broke' });
    const { verdict } = summarise(record, cut);
    assert.deepEqual([verdict.kind, verdict.pick], ['INVALID', 'baseline']);
  });
});

describe('a run of a fixed number of blocks', () => {
  it('measures all of its variants in each, and asks for no more', () => {
    const { record, lines } = syntheticRun({ arms: ids.map((id) => ({ id, ratio: 1 })), blocks: 6, sd: 0.01 });
    const begun = lines
      .filter((line) => !('slice' in line) || line.slice.block <= 2)
      .filter((line) => line.kind !== 'end' && (!('block' in line) || line.block <= 2));
    const next = nextOf(record, contestOf(record, readHistory(begun)), 4 * ids.length);
    assert(next.kind === 'block');
    assert.deepEqual([next.stage, next.active.length], ['confirm', 12]);
    assert.equal(nextOf(record, contestOf(record, readHistory(lines)), 0).kind, 'done');
  });
});

describe('an objective', () => {
  const arms = [
    { id: 'baseline', ratio: 1 },
    { id: 'other', ratio: 1.25 },
  ];

  it('that weighs metrics is the weighted sum of their logs, a latency turned', () => {
    const objective: Objective = {
      kind: 'weighted',
      terms: [
        { direction: 'maximize', metric: 'throughput', weight: 0.7 },
        { direction: 'minimize', metric: 'latency.p95', weight: 0.3 },
      ],
    };
    const { record, lines } = syntheticRun({ arms, blocks: 3, sd: 0.02, plan: { objective } });
    const { blocks, values } = contestOf(record, readHistory(lines));
    for (const [index, { y }] of blocks.entries())
      for (const id of ['baseline', 'other']) {
        const value = values.get(id)?.[index];
        assert(value !== undefined);
        assert.equal(y.get(id), 0.7 * Math.log(value.throughput) - 0.3 * Math.log(value.p95Ns));
      }
  });

  it('is what was designed, where that is a lower percentile than the plan asks for', () => {
    const plan = { objective: { kind: 'single', direction: 'minimize', metric: 'latency.p99' } } as const;
    const { record, lines } = syntheticRun({ arms, blocks: 2, sd: 0.02, plan });
    const objective = { ...plan.objective, metric: 'latency.p90' } as const;
    const { blocks, values } = contestOf({ ...record, design: { ...record.design, objective } }, readHistory(lines));
    assert.equal(blocks[1]?.y.get('other'), -Math.log(values.get('other')?.[1]?.p90Ns ?? 0));
  });

  it('reads the histograms of a block once, however often the run is looked at', () => {
    const { record, lines } = syntheticRun({ arms, blocks: 3, sd: 0.02 });
    const first = contestOf(record, readHistory(lines.slice(0, 10))).values;
    const again = contestOf(record, readHistory(lines)).values;
    assert.equal(first.get('other')?.length, 2);
    assert.equal(again.get('other')?.length, 3);
    for (const id of ['baseline', 'other'])
      for (const index of [0, 1]) assert.equal(first.get(id)?.[index], again.get(id)?.[index]);
  });
});

describe('a constraint', () => {
  const limitNs = 2_400_000;
  const outcomes = (constraint: Constraint, { blocks = 30, limits = true, requestCount = 200, timeouts = 0 } = {}) => {
    const made = syntheticRun({
      arms: [
        { id: 'baseline', ratio: 1 },
        { id: 'fast', ratio: 2 },
        { id: 'slow', ratio: 0.5 },
      ],
      blocks,
      sd: 0.02,
      requestCount,
      plan: { constraints: [constraint] },
    });
    const counted = made.slices.map(({ line, latenciesNs }) =>
      line.status === 'measured' && limits
        ? {
            ...line,
            measurement: {
              ...line.measurement,
              aboveLimits: [{ limitNs, count: latenciesNs.filter((each) => each > limitNs).length }],
            },
          }
        : line,
    );
    const others = made.lines.filter(({ kind }) => kind !== 'slice');
    const leftOut = counted.flatMap((line): JournalLine[] => {
      if (line.status !== 'measured' || line.slice.variantId !== 'fast' || timeouts === 0) return [];
      const { slice, measurement } = line;
      const failed = {
        ...measurement,
        errors: { timeout: timeouts },
        invalid: [`${timeouts} requests failed: timeout`],
      };
      return [{ ...line, slice: { ...slice, order: 100 + slice.order }, measurement: failed }];
    });
    const { checks } = contestOf(made.record, readHistory([...counted, ...leftOut, ...others]));
    return ['baseline', 'fast', 'slow'].map((id) => checks.get(id)?.[0]?.outcome);
  };

  it('on throughput holds where the whole interval is above it', () => {
    // The level of a block moves by 10 %, so that 4 000 lies within the baseline's interval.
    assert.deepEqual(outcomes({ metric: 'throughput', atLeastPerSecond: 4_000 }), ['undecided', 'holds', 'fails']);
  });

  it('on a percentile is tested by the share of requests above it', () => {
    // Latencies lie within 30 % of a mean of 2 ms, 1 ms or 4 ms.
    const of = (metric: LatencyMetric) => outcomes({ metric, atMostNs: limitNs }, { requestCount: 350 });
    assert.deepEqual(of('latency.p99'), ['fails', 'holds', 'fails']);
    assert.deepEqual(of('latency.p95'), ['fails', 'holds', 'fails']);
    // Of the baseline's requests about a tenth take longer.
    assert.deepEqual(of('latency.p90'), ['undecided', 'holds', 'fails']);
  });

  it('on a percentile counts requests that failed, though their slices were measured again', () => {
    const fast = (timeouts: number) => outcomes({ metric: 'latency.p95', atMostNs: limitNs }, { timeouts })[1];
    // Of 200 requests in a slice, and as many in the one that was left out.
    assert.deepEqual([0, 5, 30].map(fast), ['holds', 'holds', 'fails']);
  });

  it('on a percentile is undecided where a block has too few requests for it', () => {
    const with200 = (metric: 'latency.p99' | 'latency.p95') => outcomes({ metric, atMostNs: limitNs });
    assert.deepEqual(with200('latency.p99'), ['undecided', 'undecided', 'undecided']);
    assert.deepEqual(with200('latency.p95')[1], 'holds');
  });

  it('is undecided where a slice was not counted against its limit', () => {
    const constraint = { metric: 'latency.p95', atMostNs: limitNs } as const;
    assert.deepEqual(outcomes(constraint, { limits: false }), ['undecided', 'undecided', 'undecided']);
  });
});
