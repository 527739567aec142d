import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../random.ts';
import { contestOf, nextOf } from './contest.ts';
import { readHistory } from './history.ts';
import type { JournalLine } from './journal.ts';
import type { RunRecord } from './record.ts';
import { normal, sliceLine, syntheticRecord, syntheticRun } from './run.fixture.ts';
import { summarise } from './summarise.ts';

const confirmLooks = [8, 12, 17, 23, 30];
const ids = ['baseline', ...Array.from({ length: 11 }, (_, index) => `v${index + 1}`)];
const at = '2026-01-01T00:00:01.000Z';

/** What a sweep leaves that measures block after block as it is told; `best` is the true ratio of v3 to all others. */
function stagedRun({ best, trials, seed = 1 }: { best: number; trials: number; seed?: number }) {
  const made = syntheticRecord({ arms: ids.map((id) => ({ id, ratio: 1 })), blocks: 30, slicesPerBlock: 1, sd: 0 });
  const record: RunRecord = { ...made, design: { ...made.design, procedure: 'staged', confirmLooks, screenBlocks: 7 } };
  const random = seededRandom(seed);
  const lines: JournalLine[] = [];
  const steps: string[] = [];
  let left = trials;
  for (let block = 1; ; block += 1) {
    const next = nextOf(record, contestOf(record, readHistory(lines)), left);
    if (next.kind === 'done') break;
    const { stage, round, active } = next;
    steps.push(`${stage} ${round}: ${active.join()}`);
    active.forEach((variantId, order) => {
      const rate = 4_000 * (variantId === 'v3' ? best : 1) * Math.exp(0.01 * normal(random));
      const latenciesNs = Array.from({ length: 20 }, () => (8e9 / rate) * (0.7 + 0.6 * random.next()));
      lines.push(sliceLine({ block, order, variantId, at, rate, latenciesNs, stage, round }));
    });
    lines.push({ kind: 'block', block, attempt: 1, status: 'complete', at });
    left -= active.length;
  }
  lines.push({ kind: 'end', reason: left <= 0 ? 'budget' : 'decided', at });
  return { record, lines, steps };
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
