import { Failure } from '../failure.ts';
import type { Results } from '../report/results.ts';
import { writeReport } from '../report/write.ts';
import { measureAfter } from './after.ts';
import { bothTold, exitKinds } from './both-told.ts';
import { writeHistograms } from './histograms.ts';
import { isOver } from './is-over.ts';
import { readJournal } from './journal.ts';
import { measureBlocks } from './measure-blocks.ts';
import { measureLevels } from './measure-levels.ts';
import { prepareRun } from './prepare.ts';
import { readRunRecord } from './record.ts';
import type { SweepRequest } from './request.ts';
import { shellWord } from './shell-word.ts';
import { summariseWithValues } from './summarise.ts';
import { undecidableLimits } from './undecidable-limits.ts';

/**
 * Runs a sweep, or goes on with one, and writes its report into the run folder. When it ends early (interrupted, a dead
 * server) the report of the complete blocks is written before the Failure is thrown.
 */
export async function sweep(request: SweepRequest): Promise<Results> {
  const { folder, events, resume } = request;
  if (resume && isOver(folder)) {
    events.warning('this run had ended: only its report is made again');
    return await reportRun(folder);
  }
  try {
    return await measured(request);
  } catch (error) {
    throw bothTold(error);
  }
}

async function measured(request: SweepRequest): Promise<Results> {
  const { folder, signal, events } = request;
  await using prepared = await prepareRun(request);
  try {
    const run = await measureLevels(prepared, request);
    events.designed(run.record);
    for (const { what, advice } of undecidableLimits(run.record)) events.warning(`${what}; ${advice}`);
    await measureBlocks(run, request);
    await measureAfter(run, request);
  } catch (error) {
    const failure = signal.aborted ? signal.reason : await prepared.deployment.causeOf(error);
    throw withFolder(failure, folder, await blocksReported(folder));
  }
  return await reportRun(folder);
}

/** How many blocks the report of a run that ended early rests on; null where it could not be written either. */
async function blocksReported(folder: string): Promise<number | null> {
  try {
    return (await reportRun(folder)).blocks.length;
  } catch {
    return null;
  }
}

/** Makes every file of a run's folder again from `run.json` and the journal. */
export async function reportRun(folder: string): Promise<Results> {
  const record = readRunRecord(folder);
  const lines = readJournal(folder);
  const { results, values } = summariseWithValues(record, lines);
  await writeReport(folder, results);
  writeHistograms(folder, values);
  return results;
}

function withFolder(failure: unknown, folder: string, blocks: number | null): unknown {
  if (!(failure instanceof Failure)) return failure;
  const kind = exitKinds[failure.exitCode] ?? 'server';
  const report = {
    none: `no block was complete, so there is no verdict in ${folder}`,
    some: `the report of the ${blocks === 1 ? 'complete block' : `${blocks} complete blocks`} is ${folder}/index.html`,
    unwritten: `what was measured is in ${folder}`,
  }[blocks === null ? 'unwritten' : blocks === 0 ? 'none' : 'some'];
  const hints = [failure.hint, report, `go on with: tritune sweep --resume ${shellWord(folder)}`];
  return new Failure(kind, failure.code, failure.message, {
    hint: hints.filter((hint) => hint !== undefined).join('\n'),
    cause: failure,
  });
}
