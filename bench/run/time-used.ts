import { Journal, type JournalLine, readJournal } from './journal.ts';

/** What a run has used of its budget, in ms of wall time: the pauses between an interruption and going on are none of it. */
export function timeUsedMs(lines: readonly JournalLine[], startedAt: string): number {
  const resumed = lines.findLast((line) => line.kind === 'resumed');
  const last = lines.findLast((line) => 'at' in line)?.at ?? startedAt;
  const sinceMs = Date.parse(last) - Date.parse(resumed?.at ?? startedAt);
  // A clock that was set back in between must not give time back.
  return (resumed?.usedMs ?? 0) + Math.max(0, sinceMs);
}

/**
 * Writes into the journal that a run goes on at `at`, and gives what it had used of its budget before, in ms.
 * @throws Failure (results) where the journal cannot be read or written.
 */
export function resumeAt(folder: string, startedAt: string, at: Date): number {
  using journal = new Journal(folder);
  const usedMs = timeUsedMs(readJournal(folder), startedAt);
  journal.append({ kind: 'resumed', usedMs, at: at.toISOString() });
  return usedMs;
}
