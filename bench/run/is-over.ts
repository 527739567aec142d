import { isAfterFinished } from './after-history.ts';
import { isDue } from './after-plan.ts';
import { decideRun } from './decision.ts';
import { readHistory } from './history.ts';
import { readJournal } from './journal.ts';
import { frozen } from './levels.ts';
import { readRunRecord } from './record.ts';

/** Whether nothing more is to be measured in a run, for its verdict or after it. */
export function isOver(folder: string): boolean {
  const history = readHistory(readJournal(folder));
  if (history.ended === null) return false;
  if (isAfterFinished(history.after)) return true;
  const record = frozen(readRunRecord(folder), history);
  return !isDue(record, history, decideRun(record, history));
}
