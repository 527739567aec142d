import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { contestOf } from './contest.ts';
import { readHistory } from './history.ts';
import { readJournal } from './journal.ts';
import { syntheticRun, writeRun } from './run.fixture.ts';

const arms = ['baseline', 'a'].map((id) => ({ id, ratio: 1 }));
const { record, lines } = syntheticRun({ arms, blocks: 6, sd: 0.02 });

describe('a journal that was edited', () => {
  it('is refused where a block was taken out, whatever its values were', () => {
    const without = lines.filter(
      (line) => !(line.kind === 'block' && line.block === 3) && !(line.kind === 'slice' && line.slice.block === 3),
    );
    assert.throws(() => contestOf(record, readHistory(without)), {
      constructor: Failure,
      message: 'the journal lacks block 3, and has later ones',
    });
    const first = lines.filter((line) => !(line.kind === 'block' && line.block === 1));
    assert.throws(() => contestOf(record, readHistory(first)), { message: /lacks block 1/ });
  });

  it('is refused where a slice does not say what it was sent', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tritune-edited-'));
    try {
      const edited = lines.map((line) => {
        if (line.kind !== 'slice') return line;
        const { load: _, ...slice } = line.slice;
        return { ...line, slice };
      });
      writeRun(folder, record, edited);
      assert.throws(() => readJournal(folder), {
        constructor: Failure,
        message: /journal\.jsonl:1 is no journal line/,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
