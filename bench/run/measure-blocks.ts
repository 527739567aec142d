import { baselineId } from '../plan/plan.ts';
import { measureBlock } from './block.ts';
import { contestOf, nextOf } from './contest.ts';
import { closingMs } from './design.ts';
import { type History, readHistory } from './history.ts';
import { Journal, type JournalLine, readJournal } from './journal.ts';
import type { PreparedRun } from './prepare.ts';
import type { RunRecord } from './record.ts';
import type { SweepRequest } from './request.ts';
import { watchServers } from './server-lines.ts';
import { reserveOf } from './soak-reserve.ts';

/** A block that takes longer than expected may use this much more than the budget before it is given up. */
const graceMs = 4_000;

/** Measures one block after the other, each as what was measured before it says, until there is a verdict or no time. */
export async function measureBlocks(run: PreparedRun, { folder, plan, signal, events }: SweepRequest): Promise<void> {
  const { record, candidates, deployment, workloads, instruments, deadlineMs } = run;
  const { clock } = instruments;
  using journal = new Journal(folder);
  const lines = readJournal(folder);
  if (readHistory(lines).ended !== null) return;
  const append = (line: JournalLine): void => {
    journal.append(line);
    lines.push(line);
  };
  const end = (reason: 'blocks' | 'decided' | 'budget' | 'unstable'): void =>
    append({ kind: 'end', reason, at: clock.wallTime().toISOString() });
  const onServer = watchServers(append, clock);
  let slowdown = 1;
  for (;;) {
    const history = readHistory(lines);
    const next = nextOf(record, contestOf(record, history), trialsLeft(record, history, deadlineMs - clock.nowMs()));
    if (next.kind === 'done') return end(whyDone(record, history, next.finalists));
    const plannedMs = next.active.length * trialMsOf(record, next.stage);
    const expectedMs = plannedMs * slowdown;
    const startMs = clock.nowMs();
    if (startMs + expectedMs > deadlineMs) return end('budget');
    const place = placeOf(history, next);
    if (place.attempt > 1) {
      append({
        kind: 'block',
        block: place.block,
        attempt: place.attempt - 1,
        status: 'superseded',
        at: clock.wallTime().toISOString(),
      });
    }
    const active = candidates.filter(({ variant }) => next.active.includes(variant.id));
    const left = await measureBlock(place, active, {
      plan,
      design: record.design,
      applied: record.applied,
      deployment,
      workloads,
      instruments,
      append,
      onServer,
      signal,
      lastStartMs: deadlineMs + graceMs,
      onSlice: (slice, done, total) => events.slice(slice, { ...progressOf(record, history, next), done, total }),
    });
    const others = run.othersNow();
    if (others.length > 0) {
      const at = clock.wallTime().toISOString();
      append({ kind: 'beside', block: place.block, attempt: place.attempt, others, at });
    }
    if (left === null) return end('budget');
    for (const [variantId, reason] of left) events.warning(`${variantId} leaves the comparison: ${reason}`);
    slowdown = Math.max(1, ((clock.nowMs() - startMs) / plannedMs) * 1.02);
  }
}

function trialMsOf({ design }: Pick<RunRecord, 'design'>, stage: 'screen' | 'confirm'): number {
  return stage === 'screen' ? design.screenTrialMs : design.trialMs;
}

/** In a fixed design as many as it has still to measure; else what the time pays for. */
function trialsLeft({ design, looks }: RunRecord, history: History, untilDeadlineMs: number): number {
  if (design.procedure === 'staged') {
    const stage = history.blocks.some((block) => block.stage === 'confirm') ? 'confirm' : 'screen';
    // The screen leaves alone what is kept for a soak; confirm takes it where nothing was claimed before.
    const keptMs = stage === 'screen' ? reserveOf(design) : 0;
    const leftMs = untilDeadlineMs - closingMs - keptMs;
    return Math.max(0, Math.floor(leftMs / trialMsOf({ design }, stage)));
  }
  const active = looks.filter(({ outcome, variantId }) => outcome === 'accepted' && !history.unstable.has(variantId));
  return Math.max(0, design.blocks - history.blocks.length) * active.length;
}

function whyDone({ design }: RunRecord, { unstable, blocks }: History, finalists: readonly string[]) {
  if (unstable.has(baselineId) || (finalists.length > 0 && finalists.every((id) => unstable.has(id))))
    return 'unstable';
  if (finalists.length === 0) return 'decided';
  if (design.procedure === 'fixed') return 'blocks';
  const confirmed = blocks.filter(({ stage }) => stage === 'confirm').length;
  return design.confirmLooks.includes(confirmed) ? 'decided' : 'budget';
}

type NextBlock = { readonly stage: 'screen' | 'confirm'; readonly round: number };

/** Blocks count through both stages; one that was interrupted is measured again from its start. */
function placeOf({ blocks, attempts }: History, { stage, round }: NextBlock) {
  const block = (blocks.at(-1)?.block ?? 0) + 1;
  return { block, attempt: (attempts.get(block) ?? 0) + 1, stage, round };
}

function progressOf({ design }: RunRecord, { blocks }: History, { stage }: NextBlock) {
  const before = blocks.filter((block) => block.stage === stage).length;
  return { stage, block: before + 1, blocks: stage === 'screen' ? design.screenBlocks : design.blocks };
}
