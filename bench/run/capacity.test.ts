import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { verdictInWords } from '../report/sentence.ts';
import { terminalSummary } from '../report/terminal.ts';
import { nextLevels } from '../stats/ladder.ts';
import { loadFor } from './after-loads.ts';
import { planAfter } from './after-plan.ts';
import { type CapacityArm, capacity, syntheticCapacityRun } from './capacity.fixture.ts';
import { decideRun } from './decision.ts';
import { freezeLevels } from './freeze-levels.ts';
import { readHistory } from './history.ts';
import { hostInstruments } from './instruments.ts';
import { readJournal } from './journal.ts';
import { climbersOf } from './ladder.ts';
import { frozen } from './levels.ts';
import { writeRun } from './run.fixture.ts';
import { summarise } from './summarise.ts';
import { reportRun } from './sweep.ts';

const arms: readonly CapacityArm[] = [
  { id: 'baseline', ratio: 1, most: 4 },
  { id: 'more', ratio: 1, most: 12 },
  { id: 'never', ratio: 2, most: 0 },
  { id: 'less', ratio: 1, most: 2 },
];
const run = syntheticCapacityRun(arms);

describe('a sweep for capacity', () => {
  const results = summarise(run.record, run.lines);
  const variant = (id: string) => results.variants.find((each) => each.id === id) ?? assert.fail(id);

  it('measures each variant at its own level and claims the one that serves most there', () => {
    const levels = results.variants.map(({ id, capacity: own }) => [id, own?.level, own?.holds]);
    assert.deepEqual(levels, [
      ['baseline', 4, 'shown'],
      ['more', 12, 'shown'],
      ['never', null, 'no'],
      ['less', 2, 'shown'],
    ]);
    assert.deepEqual([results.verdict.kind, results.verdict.pick], ['WINNER', 'more']);
    // 12 / 14 of what it can by 4 / 6.
    const gain = variant('more').comparison?.gain.point ?? 0;
    assert(Math.abs(gain - (12 / 14 / (4 / 6) - 1)) < 0.02, String(gain));
    const outcomes = ['baseline', 'more', 'less'].map((id) => variant(id).constraints[0]?.outcome);
    assert.deepEqual(outcomes, ['holds', 'holds', 'holds']);
    const pacings = run.lines.flatMap((line) =>
      line.kind === 'slice' && line.slice.stage === 'confirm'
        ? [`${line.slice.variantId} ${JSON.stringify(line.slice.load.pacing)}`]
        : [],
    );
    assert.deepEqual([...new Set(pacings)].sort(), [
      'baseline {"kind":"closed","concurrency":4}',
      'less {"kind":"closed","concurrency":2}',
      'more {"kind":"closed","concurrency":12}',
    ]);
  });

  it('lists a variant that breaks the limit even at the lowest level with that reason, and never measures it in a block', () => {
    const { status, reason, throughput, comparison } = variant('never');
    assert.equal(status, 'over the limit');
    assert.equal(
      reason,
      'even with 1 outstanding 50 % of its requests take longer than 5 ms, where 1 % may (latency.p99)',
    );
    assert.deepEqual([throughput.point, comparison], [null, null]);
    assert(results.blocks.every(({ values }) => !('never' in values)));
    assert.deepEqual(results.run.finalists, ['more', 'less']);
  });

  it('keeps the ladder out of every estimate, and shows it', () => {
    const { blocks, run: facts } = results;
    const inBlocks = run.lines.filter((line) => line.kind === 'slice').length - run.ladder;
    assert.deepEqual([facts.ladderSlices, facts.sliceCount], [run.ladder, inBlocks]);
    assert(blocks.every(({ stage }) => stage === 'confirm'));
    const without = [...run.lines.slice(run.ladder)];
    const estimates = ({ variants }: typeof results) =>
      variants.map(({ throughput, latencyNs, comparison }) => [throughput, latencyNs, comparison]);
    assert.deepEqual(estimates(summarise(run.record, without)), estimates(results));
    const seen = variant('baseline').capacity?.ladder.map(({ outstanding, outcome }) => [outstanding, outcome]);
    assert.deepEqual(
      seen?.filter(([, outcome]) => outcome !== 'open'),
      [
        [4, 'holds'],
        [6, 'does not hold'],
        [8, 'does not hold'],
      ],
    );
  });

  it('says the levels in the sentence of the verdict, in the summary on a terminal and in words', () => {
    const { headline, sentences } = verdictInWords(results);
    assert.match(
      headline,
      /^Deploy more \(12 outstanding\): the best among those measured, with a gain in capacity of \+/,
    );
    assert.match(
      sentences.join('\n'),
      /^Measured at each variant's own level, the highest that keeps the p99 latency at most 5 ms: baseline 4, more 12, less 2 outstanding; closed loop, as many outstanding as each variant takes, batch 1, HTTP, /m,
    );
    const terminal = terminalSummary(results, { color: false, width: 120 });
    assert.match(terminal, /^variant +capacity +gain .* claim +outstanding/m);
    assert.match(terminal, /^more .* better +12/m);
    assert.match(terminal, /^never: over the limit, even with 1 outstanding/m);
  });

  it('chooses the same levels whenever it is read back, and asks on from wherever the ladder was cut', () => {
    const { record, lines, ladder } = run;
    const { ladder: slices, levels } = readHistory(lines);
    const prepared = { record, serverStartMs: 500, instruments: hostInstruments, deadlineMs: Number.POSITIVE_INFINITY };
    const again = freezeLevels(prepared, capacity, slices);
    assert.deepEqual(again.choices, levels?.choices);
    assert.deepEqual(again.design, levels?.design);
    for (let cut = 0; cut < ladder; cut += 1) {
      const next = nextLevels(capacity.levels, climbersOf(record, readHistory(lines.slice(0, cut)).ladder));
      const line = lines[cut];
      assert(line?.kind === 'slice' && line.slice.load.pacing.kind === 'closed');
      const { variantId, load } = line.slice;
      assert(
        next.some(
          ({ id, level }) =>
            id === variantId && level === (load.pacing.kind === 'closed' ? load.pacing.concurrency : 0),
        ),
      );
    }
  });

  it('that was interrupted on the ladder claims nothing and shows no level', () => {
    const { verdict, variants, run: facts } = summarise(run.record, run.lines.slice(0, run.ladder - 3));
    assert.deepEqual(
      [verdict.kind, verdict.pick, facts.complete, facts.ladderSlices],
      ['INCONCLUSIVE', 'baseline', false, run.ladder - 3],
    );
    assert(variants.every(({ status, capacity: own }) => status === 'unmeasured' && own === null));
  });

  it('makes the same report from run.json and the journal alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritune-capacity-'));
    try {
      writeRun(folder, run.record, run.lines);
      assert.deepEqual(await reportRun(folder), results);
      const summary = readFileSync(join(folder, 'summary.md'), 'utf8');
      assert.match(summary, /## Levels\n/);
      assert.match(readFileSync(join(folder, 'results.csv'), 'utf8'), /^id,baseline,status,reason,outstanding,/);
      const before = readFileSync(join(folder, 'index.html'));
      await reportRun(folder);
      assert(before.equals(readFileSync(join(folder, 'index.html'))));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('asks after the verdict from the level of each variant', () => {
    const history = readHistory(run.lines);
    const record = frozen(run.record, history);
    const means = { leftMs: Number.POSITIVE_INFINITY, otherTransport: true, processors: 8 };
    const { parts } = planAfter(record, decideRun(record, history), means);
    const levels = parts.map(({ part, loads }) => [
      part,
      ...loads.map((each) =>
        ['more', 'baseline'].map((id) => {
          const { pacing } = loadFor(each, id);
          return pacing.kind === 'closed' ? pacing.concurrency : pacing.kind;
        }),
      ),
    ]);
    assert.deepEqual(levels, [
      ['soak', [12, 4]],
      ['range', [6, 2], [24, 8], [48, 16], ['poisson', 'poisson']],
      ['client', [12, 4], [12, 4]],
    ]);
  });
});

describe('the baseline of a sweep for capacity', () => {
  it('that breaks the limit at every level loses to the best that keeps it', () => {
    const made = syntheticCapacityRun([
      { id: 'baseline', ratio: 1, most: 0 },
      { id: 'keeps', ratio: 1, most: 8 },
      { id: 'keeps-less', ratio: 1, most: 2 },
    ]);
    const results = summarise(made.record, made.lines);
    assert.deepEqual([results.verdict.pick, results.variants[0]?.capacity?.holds], ['keeps', 'no']);
    const { headline, sentences } = verdictInWords(results);
    assert.match(headline, /^Deploy keeps \(8 outstanding\): it holds the constraints, which the baseline fails/);
    assert.match(
      sentences.join('\n'),
      /^No level of the baseline is shown to keep the limits \(even with 1 outstanding 50 % of/m,
    );
  });

  it('that breaks it in the blocks at a level above the lowest loses to nobody for that', () => {
    const made = syntheticCapacityRun([
      { id: 'baseline', ratio: 1, most: 8, mostInBlocks: 4 },
      { id: 'keeps', ratio: 1, most: 6 },
    ]);
    const { verdict, variants } = summarise(made.record, made.lines);
    assert.deepEqual(
      variants.map(({ constraints }) => constraints[0]?.outcome),
      ['fails', 'holds'],
    );
    assert.deepEqual([verdict.kind, verdict.reason, verdict.pick], ['INCONCLUSIVE', 'baseline-level', 'baseline']);
  });

  it('is kept for now where no other variant has a level', () => {
    const made = syntheticCapacityRun([
      { id: 'baseline', ratio: 1, most: 8 },
      { id: 'never', ratio: 1, most: 0 },
    ]);
    const results = summarise(made.record, made.lines);
    assert.deepEqual([results.verdict.kind, results.verdict.reason], ['INCONCLUSIVE', 'no-level']);
    assert.match(
      verdictInWords(results).headline,
      /^Keep the baseline for now: no other variant is shown to keep the limits/,
    );
  });
});

describe('a variant that breaks the limit in the blocks', () => {
  it('is listed and never picked, however much it serves', () => {
    const made = syntheticCapacityRun([
      { id: 'baseline', ratio: 1, most: 4 },
      { id: 'deceives', ratio: 3, most: 8, mostInBlocks: 2 },
    ]);
    const { verdict, variants } = summarise(made.record, made.lines);
    assert.deepEqual([verdict.pick, variants[1]?.constraints[0]?.outcome], ['baseline', 'fails']);
    assert.equal(verdict.kind, 'NO_IMPROVEMENT');
  });
});

describe('many variants', () => {
  it('are screened at their levels', () => {
    const others = Array.from({ length: 6 }, (_, index) => ({
      id: `v${index}`,
      ratio: 1 + index / 10,
      most: 4 + 4 * (index % 2),
    }));
    const made = syntheticCapacityRun([{ id: 'baseline', ratio: 1, most: 4 }, ...others]);
    const { verdict, run: facts, blocks } = summarise(made.record, made.lines);
    assert.deepEqual([verdict.pick, facts.finalists, facts.screenBlocks], ['v5', ['v3', 'v5'], 4]);
    assert.equal(blocks[0]?.order.length, 7 * 8);
  });
});

describe('a journal with a line of levels', () => {
  it('that is none is refused', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritune-capacity-'));
    const line = run.lines[run.ladder];
    assert(line?.kind === 'levels');
    const [first] = line.choices;
    try {
      for (const wrong of [
        { ...line, choices: [{ ...first, level: 0 }] },
        { ...line, choices: [{ ...first, variantId: '../up' }] },
        { ...line, design: { ...line.design, levels: { baseline: 'many' } } },
        { ...line, choices: undefined },
        { ...line, design: undefined },
      ]) {
        writeRun(folder, run.record, [wrong]);
        assert.throws(
          () => readJournal(folder),
          (error: unknown) => error instanceof Failure && /journal\.jsonl:1 is no journal line/.test(error.message),
        );
      }
      writeRun(folder, run.record, [line]);
      assert.equal(readJournal(folder).length, 1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
