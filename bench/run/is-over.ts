import { isAfterFinished } from './after-history.ts';
import { isDue } from './after-plan.ts';
import { type Decision, decideRun } from './decision.ts';
import { type History, readHistory } from './history.ts';
import { readJournal } from './journal.ts';
import { frozen } from './levels.ts';
import { type RunRecord, readRunRecord } from './record.ts';

/** Whether nothing more is to be measured in a run, for its verdict or after it. */
export function isOver(folder: string): boolean {
  const history = readHistory(readJournal(folder));
  if (history.ended === null) return false;
  if (isAfterFinished(history.after)) return true;
  const record = frozen(readRunRecord(folder), history);
  return !isAfterOpen(record, history, decideRun(record, history));
}

/** Whether something is still to be measured after the verdict of a run. */
export function isAfterOpen(record: RunRecord, history: History, decision: Decision): boolean {
  return !isAfterFinished(history.after) && isDue(record, history, decision);
}
