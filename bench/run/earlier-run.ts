import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { baselineId } from '../plan/plan.ts';
import { afterResult, withSoak } from './after-result.ts';
import { carriedOver, leaderOf } from './carried-over.ts';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';
import { isAfterOpen, isOver } from './is-over.ts';
import { journalName, readJournal } from './journal.ts';
import { frozen } from './levels.ts';
import { hasRunRecord, type RunRecord, readRunRecord, recordName } from './record.ts';
import { shellWord } from './shell-word.ts';

/** A run that has ended, as a further attempt goes on from it. */
export type EarlierRun = {
  readonly folder: string;
  readonly record: RunRecord;
  /** Of its run.json and its journal: what they say cannot change without being seen. */
  readonly sha256: string;
  /** The variants that are worth measuring again; at least one. */
  readonly carried: readonly string[];
  readonly leader: string | null;
};

/**
 * Reads the run in `folder`, and changes nothing in it.
 * @throws Failure: usage where it is still to be resumed or was gone on with already, results where it is damaged or holds
 * nothing to go on with
 */
export function readEarlierRun(folder: string): EarlierRun {
  const history = readHistory(readJournal(folder));
  const record = frozen(readRunRecord(folder), history);
  const decided = decideRun(record, history);
  if (history.ended === null || isAfterOpen(record, history, decided)) {
    throw new Failure('usage', 'continue', `the run in ${folder} has not ended`, {
      hint: `let it end first: tritune sweep --resume ${shellWord(folder)}`,
    });
  }
  const { verdict } = withSoak(decided, afterResult(record, history, decided));
  if (verdict.kind === 'INVALID') {
    throw new Failure('results', 'continue', `the run in ${folder} is INVALID: ${verdict.reason}`, {
      hint: 'remove the cause, then start a new sweep',
    });
  }
  // What long slices denied would be claimed in short ones again.
  const denied = verdict.kind === 'SHORT_SLICE_BIAS' ? decided.verdict.pick : baselineId;
  const ended = { record, verdict: decided.verdict, stage: decided.stage, arms: decided.arms };
  const carried = carriedOver(ended).filter((id) => id !== denied);
  if (carried.length === 0) {
    throw new Failure('results', 'continue', `the run in ${folder} left no variant to measure again`, {
      hint: 'start a new sweep',
    });
  }
  const sha256 = hashOf(folder);
  checkFirst(folder, sha256);
  return { folder, record, sha256, carried, leader: leaderOf(ended, carried) };
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of [recordName, journalName]) hash.update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

/**
 * Two attempts that both go on with the same run would each have the error of one. Only runs that lie beside it are seen.
 * One that came to nothing (INVALID) does not count.
 */
function checkFirst(folder: string, sha256: string): void {
  const other = readdirSync(dirname(folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== basename(folder))
    .map(({ name }) => join(dirname(folder), name))
    .find((each) => hasRunRecord(each) && goesOnWith(each, sha256));
  if (other === undefined) return;
  const option = isOver(other) ? '--continue' : '--resume';
  throw new Failure('usage', 'continue', `${other} goes on with the run in ${folder} already`, {
    hint: `go on with that one: tritune sweep ${option} ${shellWord(other)}`,
  });
}

function goesOnWith(folder: string, sha256: string): boolean {
  try {
    if (!readFileSync(join(folder, recordName), 'utf8').includes(sha256)) return false;
    const record = readRunRecord(folder);
    if (record.continues?.sha256 !== sha256) return false;
    const history = readHistory(readJournal(folder));
    return decideRun(frozen(record, history), history).verdict.kind !== 'INVALID';
  } catch (error) {
    // A damaged neighbour cannot be told from none.
    if (error instanceof Failure) return false;
    throw error;
  }
}
