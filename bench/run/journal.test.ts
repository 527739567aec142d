import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { Journal, type JournalLine, readJournal } from './journal.ts';
import { syntheticRun } from './run.fixture.ts';

const { lines } = syntheticRun({ arms: [{ id: 'baseline', ratio: 1 }], blocks: 2, sd: 0 });
const complete: JournalLine = {
  kind: 'block',
  block: 9,
  attempt: 1,
  status: 'complete',
  at: '2026-01-01T00:00:00.000Z',
};

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tritune-journal-'));
  file = join(folder, 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a journal', () => {
  it('gives back what was appended, over several openings', () => {
    append(...lines.slice(0, 3));
    append(...lines.slice(3));
    assert.deepEqual(readJournal(folder), lines);
  });

  it('is empty before the first line', () => {
    assert.deepEqual(readJournal(folder), []);
  });

  it('passes a torn last line over wherever it was cut, and the next line follows the whole ones', () => {
    const [first, second] = lines.map((line) => `${JSON.stringify(line)}\n`);
    for (const cut of [1, 17, (second?.length ?? 0) - 1]) {
      writeFileSync(file, `${first}${second?.slice(0, cut)}`);
      assert.deepEqual(readJournal(folder), lines.slice(0, 1));
      append(complete);
      assert.equal(readFileSync(file, 'utf8'), `${first}${JSON.stringify(complete)}\n`);
    }
  });

  it('passes a torn only line over', () => {
    writeFileSync(file, '{"kind":"sli');
    assert.deepEqual(readJournal(folder), []);
    append(complete);
    assert.deepEqual(readJournal(folder), [complete]);
  });

  it('cuts a torn line by bytes where a character takes several', () => {
    writeFileSync(file, `${JSON.stringify(complete)}\n{"reason":"µµ€𝄞`);
    append(complete);
    assert.deepEqual(readJournal(folder), [complete, complete]);
  });

  it('names file and line of what is no journal line', () => {
    const broken = [
      '',
      'null',
      '[]',
      '{}',
      '{"kind":"slice"}',
      '{"kind":"__proto__"}',
      '{"kind":"block","block":1}',
      'x',
    ];
    for (const line of broken) {
      writeFileSync(file, `${JSON.stringify(complete)}\n${line}\n${JSON.stringify(complete)}\n`);
      assert.throws(() => readJournal(folder), failure(6, `${file}:2 is no journal line`));
    }
  });

  it('takes no valid slice without an answer, and no variant whose name is a path', () => {
    const [slice] = lines;
    assert(slice?.kind === 'slice' && slice.status === 'measured');
    const { measurement } = slice;
    for (const line of [
      { ...slice, measurement: { ...measurement, inferencesPerSecond: 0 } },
      { ...slice, measurement: { ...measurement, latency: { ...measurement.latency, count: 0 } } },
      { ...slice, slice: { ...slice.slice, variantId: '../../etc' } },
    ]) {
      writeFileSync(file, `${JSON.stringify(line)}\n`);
      assert.throws(() => readJournal(folder), failure(6, `${file}:1 is no journal line`));
    }
  });

  it('fails where a folder lies in its place', () => {
    rmSync(folder, { recursive: true });
    execFileSync('mkdir', ['-p', file]);
    assert.throws(() => readJournal(folder), failure(6, /^.*journal\.jsonl cannot be read: EISDIR/));
    assert.throws(() => new Journal(folder), failure(6, /^.*journal\.jsonl cannot be read: EISDIR/));
  });

  it('fails where its folder is gone', () => {
    assert.throws(() => new Journal(join(folder, 'none')), failure(6, /cannot be written: ENOENT/));
  });
});

describe('a journal on a full disk', () => {
  it('fails with what to do, and keeps the lines whole that fitted', () => {
    // The shell's limit counts blocks of 1 KiB; a write that crosses it is cut there first and refused after that.
    const script = join(import.meta.dirname, 'fixtures', 'fill-journal.ts');
    const said = execFileSync('bash', ['-c', 'ulimit -f 4 && exec "$0" "$@"', process.execPath, script, folder], {
      encoding: 'utf8',
    });
    const { exitCode, message, hint, appended } = JSON.parse(said);
    assert.equal(exitCode, 6);
    assert.match(message, /journal\.jsonl cannot be written: EFBIG/);
    assert.equal(hint, 'make room there, then go on with the run');
    assert(appended >= 10);
    assert.equal(readJournal(folder).length, appended);
    append(complete);
    assert.equal(readJournal(folder).length, appended + 1);
    assert.equal(readFileSync(file, 'utf8').split('\n').length, appended + 2);
  });
});

function append(...given: JournalLine[]): void {
  using journal = new Journal(folder);
  for (const line of given) journal.append(line);
}

function failure(exitCode: number, message: string | RegExp) {
  return (error: unknown): boolean => {
    assert(error instanceof Failure);
    assert.equal(error.exitCode, exitCode);
    if (typeof message === 'string') assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  };
}
