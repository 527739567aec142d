import type { Engine } from '../engines/engine.ts';
import { Failure } from '../failure.ts';
import type { Plan, Slice } from '../plan/plan.ts';
import type { Results } from '../report/results.ts';
import { writeReport } from '../report/write.ts';
import { measureBlock } from './block.ts';
import { writeHistograms } from './histograms.ts';
import { readHistory } from './history.ts';
import { Journal, readJournal } from './journal.ts';
import { type PreparedRun, prepareRun } from './prepare.ts';
import { type RunRecord, readRunRecord } from './record.ts';
import { summarise } from './summarise.ts';

/** What a sweep tells while it runs; all of it goes to people, nothing depends on it. */
export type SweepEvents = {
  preparing(what: string): void;
  designed(record: RunRecord): void;
  slice(slice: Slice, progress: { block: number; blocks: number; done: number; total: number }): void;
  warning(message: string): void;
};

export type SweepRequest = {
  readonly plan: Plan;
  readonly planFile: string;
  readonly planSource: string;
  readonly command: string;
  readonly engine: Engine;
  readonly folder: string;
  readonly projectFolder: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  readonly events: SweepEvents;
};

/**
 * Runs a sweep, or goes on with one, and writes its report into the run folder. When it ends early (interrupted, a dead
 * server) the report of the complete blocks is written before the Failure is thrown.
 */
export async function sweep(request: SweepRequest): Promise<Results> {
  const { folder, signal, events } = request;
  await using run = await prepareRun(request);
  events.designed(run.record);
  const failure = await measureBlocks(run, request).then(
    () => undefined,
    (error: unknown) => (signal.aborted ? signal.reason : error),
  );
  const results = await reportRun(folder);
  if (failure !== undefined) throw withFolder(failure, folder);
  return results;
}

/** Makes every file of a run's folder again from `run.json` and the journal. */
export async function reportRun(folder: string): Promise<Results> {
  const lines = readJournal(folder);
  const results = summarise(readRunRecord(folder), lines);
  await writeReport(folder, results);
  writeHistograms(
    folder,
    readHistory(lines),
    results.variants.map(({ id }) => id),
  );
  return results;
}

async function measureBlocks(run: PreparedRun, { folder, plan, signal, events }: SweepRequest): Promise<void> {
  const { record, candidates, deployment, workload, deadlineMs } = run;
  const { design, applied } = record;
  const before = readHistory(readJournal(folder));
  using journal = new Journal(folder);
  const measured = new Set(before.blocks.map(({ block }) => block));
  const unstable = new Set(before.unstable.keys());
  let longestMs = design.blockMs;
  for (let block = 1; block <= design.blocks; block += 1) {
    if (measured.has(block)) continue;
    if (unstable.has('baseline') || candidates.length - unstable.size < 2) return;
    const startMs = performance.now();
    if (startMs + longestMs > deadlineMs) return;
    const interrupted = before.attempts.get(block);
    if (interrupted !== undefined) {
      journal.append({
        kind: 'block',
        block,
        attempt: interrupted,
        status: 'superseded',
        at: new Date().toISOString(),
      });
    }
    const active = candidates.filter(({ variant }) => !unstable.has(variant.id));
    const left = await measureBlock({ block, attempt: (interrupted ?? 0) + 1 }, active, {
      plan,
      design,
      applied,
      deployment,
      workload,
      journal,
      signal,
      onSlice: (slice, done, total) => events.slice(slice, { block, blocks: design.blocks, done, total }),
    });
    for (const [variantId, reason] of left) {
      unstable.add(variantId);
      events.warning(`${variantId} leaves the comparison: ${reason}`);
    }
    longestMs = (performance.now() - startMs) * 1.02;
  }
}

function withFolder(failure: unknown, folder: string): unknown {
  if (!(failure instanceof Failure)) return failure;
  const kind = {
    2: 'usage',
    3: 'server',
    4: 'measurement',
    5: 'gate',
    6: 'results',
    130: 'interrupted',
    143: 'terminated',
  } as const;
  const exit = kind[failure.exitCode as keyof typeof kind] ?? 'server';
  const hint = `the complete blocks are in ${folder}; go on with: tritune sweep --resume ${folder}`;
  return new Failure(exit, failure.code, failure.message, {
    hint: failure.hint === undefined ? hint : `${failure.hint}; ${hint}`,
    cause: failure,
  });
}
