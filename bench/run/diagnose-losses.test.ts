import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { verdictInWords } from '../report/sentence.ts';
import type { JournalLine } from './journal.ts';
import { syntheticRun } from './run.fixture.ts';
import { summarise } from './summarise.ts';

const arms = [
  { id: 'baseline', ratio: 1 },
  { id: 'hungry', ratio: 1.1 },
  { id: 'calm', ratio: 1 },
];
const { record, lines } = syntheticRun({ arms, blocks: 8, sd: 0.005, slicesPerBlock: 4 });

type Loss = {
  readonly id: string;
  readonly blocks: number;
  readonly ratio: number;
  readonly errors?: Record<string, number>;
};

/** One slice more in each of the first blocks, that was left out for the client; it served `ratio` of what the next one did. */
function withLosses({ id, blocks, ratio, errors = {} }: Loss) {
  let order = 1_000;
  const done = new Set<number>();
  const changed = lines.flatMap((line): JournalLine[] => {
    if (line.kind !== 'slice' || line.status !== 'measured' || line.slice.variantId !== id) return [line];
    const { measurement, slice } = line;
    if (slice.block > blocks || done.has(slice.block)) return [line];
    done.add(slice.block);
    order += 1;
    const lost = {
      ...measurement,
      inferencesPerSecond: measurement.inferencesPerSecond * ratio,
      client: { ...measurement.client, runQueueWaitRatio: 0.4 },
      errors,
      invalid: ['the client waited for a processor 40 % of the time'],
    };
    return [{ ...line, slice: { ...slice, order }, measurement: lost }, line];
  });
  return summarise(record, changed);
}

const kinds = ['lost slices', 'lost slices of the baseline'];
const doubts = (results: ReturnType<typeof summarise>) =>
  results.diagnostics
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ kind, variantIds }) => [kind, variantIds.join()]);

describe('slices that are left out since the client waited for a processor', () => {
  it('make a claim doubtful where a variant lost many more of them than the baseline', () => {
    const results = withLosses({ id: 'hungry', blocks: 8, ratio: 0.5 });
    assert.deepEqual([results.verdict.kind, results.verdict.pick], ['WINNER', 'hungry']);
    assert.deepEqual(doubts(results), [['lost slices', 'hungry']]);
    const { message, advice } = results.diagnostics.find(({ kind }) => kind === 'lost slices') ?? {};
    // Of five slices one that serves half: 2 ** -0.2 of the gain.
    assert.match(
      message?.replaceAll('\u00a0', ' ') ?? '',
      /better moments: 20 % against 0 %, gain −4\.\d % with them counted in, \+(9\.\d|10\.\d) % without$/,
    );
    assert.match(advice ?? '', /^Do not rely on its gain: /);
    const { sentences } = verdictInWords(results);
    assert.equal(sentences.filter((text) => text.startsWith('Doubtful: many more slices of hungry than of')).length, 1);
  });

  it('tell where it is the baseline that lost more', () => {
    const results = withLosses({ id: 'baseline', blocks: 8, ratio: 0.5 });
    assert.deepEqual(doubts(results), [['lost slices of the baseline', 'hungry,calm']]);
    assert(!verdictInWords(results).sentences.some((text) => text.startsWith('Doubtful')));
  });

  it('are no doubt where they are few, belong to a variant that is not picked, or have failed requests', () => {
    assert.deepEqual(doubts(withLosses({ id: 'hungry', blocks: 2, ratio: 0.5 })), []);
    assert.deepEqual(doubts(withLosses({ id: 'hungry', blocks: 8, ratio: 0.5, errors: { reset: 1 } })), []);
    const other = withLosses({ id: 'calm', blocks: 8, ratio: 0.5 });
    assert.deepEqual(doubts(other), [['lost slices', 'calm']]);
    assert(!verdictInWords(other).sentences.some((text) => text.startsWith('Doubtful')));
    assert.deepEqual(doubts(summarise(record, lines)), []);
  });
});
