import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readHistory } from './history.ts';
import { Journal, type JournalLine, readJournal } from './journal.ts';
import { syntheticRun } from './run.fixture.ts';
import { summarise } from './summarise.ts';
import { resumeAt, timeUsedMs } from './time-used.ts';

const startedAt = '2026-01-01T00:00:00.000Z';
const secondsLater = (seconds: number): Date => new Date(Date.parse(startedAt) + seconds * 1_000);
const blockAt = (block: number, seconds: number): JournalLine => ({
  kind: 'block',
  block,
  attempt: 1,
  status: 'complete',
  at: secondsLater(seconds).toISOString(),
});
const day = 86_400;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-time-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the time that a run has used', () => {
  it('holds none of the pauses, however often it was resumed', () => {
    append(blockAt(1, 60));
    assert.equal(resumeAt(folder, startedAt, secondsLater(day)), 60_000);
    append(blockAt(2, day + 30));
    assert.equal(resumeAt(folder, startedAt, secondsLater(2 * day)), 90_000);
    append(blockAt(3, 2 * day + 5));
    assert.equal(timeUsedMs(readJournal(folder), startedAt), 95_000);
  });

  it('is what it was where a run that went on came to nothing', () => {
    append(blockAt(1, 60));
    resumeAt(folder, startedAt, secondsLater(day));
    assert.equal(resumeAt(folder, startedAt, secondsLater(2 * day)), 60_000);
  });

  it('is nothing of a run without a line, and never less than nothing', () => {
    assert.equal(timeUsedMs([], startedAt), 0);
    assert.equal(timeUsedMs([blockAt(1, -60)], startedAt), 0);
  });

  it('is the duration that a report tells, and a run that was resumed for what follows its verdict has ended all the same', () => {
    const { record, lines } = syntheticRun({
      arms: ['baseline', 'a'].map((id) => ({ id, ratio: 1 })),
      blocks: 2,
      sd: 0,
    });
    const { durationMs } = summarise(record, lines).run;
    const resumed: JournalLine = { kind: 'resumed', usedMs: durationMs, at: secondsLater(day).toISOString() };
    const { run } = summarise(record, [...lines, resumed]);
    assert.deepEqual([run.durationMs, run.complete], [durationMs, true]);
    assert.equal(run.finishedAt, summarise(record, lines).run.finishedAt);
    assert.equal(readHistory([...lines, resumed]).ended, 'blocks');
  });
});

function append(...lines: JournalLine[]): void {
  using journal = new Journal(folder);
  for (const line of lines) journal.append(line);
}
