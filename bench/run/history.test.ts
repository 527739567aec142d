import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readHistory, validSlices } from './history.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import { sliceLine } from './run.fixture.ts';

const at = '2026-01-01T00:00:00.000Z';

describe('the history in a journal', () => {
  it('holds complete blocks only, in their order, each with the slices of the attempt that counts', () => {
    const [torn, whole, later, open] = [slice(2, 1), slice(2, 2), slice(1, 1), slice(3, 1)];
    const { blocks, attempts, sliceCount } = readHistory([
      torn,
      block(2, 1, 'superseded'),
      whole,
      block(2, 2, 'complete'),
      later,
      block(1, 1, 'complete'),
      open,
    ]);
    assert.deepEqual(blocks, [
      { block: 1, stage: 'confirm', round: 1, slices: [later] },
      { block: 2, stage: 'confirm', round: 1, slices: [whole] },
    ]);
    assert.deepEqual(
      [...attempts],
      [
        [2, 2],
        [1, 1],
        [3, 1],
      ],
    );
    assert.equal(sliceCount, 4);
  });

  it('says that a variant left only where the attempt that it left in counts', () => {
    const left = (number: number, attempt: number, variantId: string): JournalLine => ({
      kind: 'unstable',
      block: number,
      attempt,
      variantId,
      reason: `in ${number}, attempt ${attempt}`,
    });
    const { unstable } = readHistory([
      left(1, 1, 'a'),
      block(1, 1, 'complete'),
      left(2, 1, 'b'),
      block(2, 1, 'superseded'),
      left(2, 2, 'c'),
      block(2, 2, 'complete'),
      left(3, 1, 'd'),
    ]);
    assert.deepEqual(
      [...unstable],
      [
        ['a', 'in 1, attempt 1'],
        ['c', 'in 2, attempt 2'],
      ],
    );
  });

  it('is that of a run that ended only while nothing follows its end', () => {
    const end: JournalLine = { kind: 'end', reason: 'budget', at };
    assert.equal(readHistory([slice(1, 1), block(1, 1, 'complete')]).ended, null);
    assert.equal(readHistory([slice(1, 1), block(1, 1, 'complete'), end]).ended, 'budget');
    assert.equal(readHistory([block(1, 1, 'complete'), end, slice(2, 1)]).ended, null);
    assert.equal(readHistory([]).ended, null);
  });
});

describe('valid slices', () => {
  it('are the measured ones of a variant without a reason against them, never chosen by their value', () => {
    const good = slice(1, 1, { order: 0, rate: 1 });
    const huge = slice(1, 1, { order: 3, rate: 1e9 });
    const failed: SliceResult = { kind: 'slice', slice: good.slice, at, status: 'failed', failure: { reason: 'gone' } };
    const lines = [
      good,
      slice(1, 1, { invalid: ['3 requests failed: reset'] }),
      failed,
      slice(1, 1, { id: 'x' }),
      huge,
    ];
    assert.deepEqual(validSlices(lines, 'baseline'), [good, huge]);
  });
});

function slice(
  number: number,
  attempt: number,
  { id = 'baseline', order = 0, rate = 100, invalid = [] as string[] } = {},
): SliceResult {
  return sliceLine({ block: number, attempt, order, variantId: id, at, rate, latenciesNs: [1e6], invalid });
}

function block(number: number, attempt: number, status: 'complete' | 'superseded'): JournalLine {
  return { kind: 'block', block: number, attempt, status, at };
}
