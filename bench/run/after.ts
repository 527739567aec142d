import { availableParallelism } from 'node:os';
import type { Slice } from '../plan/plan.ts';
import { blocksUnder, lastAttempt, readAfter } from './after-history.ts';
import { type AfterLoad, loadFor, otherOf } from './after-loads.ts';
import { type AfterEntry, afterOrder, byServer } from './after-order.ts';
import { type AfterPlan, isDue, type PartPlan, planAfter, sliceTimeMs, timeOf } from './after-plan.ts';
import { mayRepeat, pauseBefore, troubleWith } from './block.ts';
import type { Candidate } from './candidates.ts';
import type { Clock } from './clock.ts';
import { decideRun } from './decision.ts';
import { closingMs, type Design } from './design.ts';
import { readHistory } from './history.ts';
import { Journal, type JournalLine, readJournal, type SliceResult } from './journal.ts';
import { loadOfId } from './load-of.ts';
import { processorsFor } from './placing.ts';
import type { PreparedRun } from './prepare.ts';
import type { SweepRequest } from './request.ts';
import { type ServerWatch, watchServers } from './server-lines.ts';
import { serversPerBlock } from './server-sets.ts';
import { measureSlice } from './slice.ts';
import { withFurtherPairs } from './soak-extension.ts';
import { workloadFor } from './workloads.ts';

/** A slice of a soak takes too long to be tried as often as others. */
const soakTriesMost = 3;

/**
 * Asks of a variant that was claimed whether its gain is there in long slices, under other loads and with another client, as
 * far as the budget lasts. What was measured of that before an interruption is not measured again, but for the block that
 * it fell into.
 */
export async function measureAfter(run: PreparedRun, request: SweepRequest): Promise<void> {
  using journal = new Journal(request.folder);
  const lines = readJournal(request.folder);
  const append = (line: JournalLine): void => {
    journal.append(line);
    lines.push(line);
  };
  const plan = await planned(run, lines, append);
  if (plan === null) return;
  const { clock } = run.instruments;
  for (let open = openParts(lines); open[0] !== undefined; open = openParts(lines)) {
    const endMs = clock.nowMs() + timeOf(open, run.record.design);
    const onServer = watchServers(append, clock);
    const reason = await measurePart(open[0], { run, request, lines, append, onServer, endMs });
    append({ kind: 'after', at: now(clock), status: 'ended', part: open[0].part, reason });
  }
}

/** A soak may make the plan another one: what comes after it is asked for again. */
function openParts(lines: readonly JournalLine[]): readonly PartPlan[] {
  const { plan, ended } = readAfter(lines);
  return plan?.parts.filter(({ part }) => !ended.has(part)) ?? [];
}

type Measuring = {
  readonly run: PreparedRun;
  readonly request: SweepRequest;
  readonly lines: readonly JournalLine[];
  readonly append: (line: JournalLine) => void;
  readonly onServer: ServerWatch;
  /** When all parts that are left are expected to be over, on the clock of the instruments. */
  readonly endMs: number;
};

/** The plan that the journal has, or a new one; null where nothing was claimed. */
async function planned(
  { record, deployment, instruments, deadlineMs }: PreparedRun,
  lines: readonly JournalLine[],
  append: (line: JournalLine) => void,
): Promise<AfterPlan | null> {
  const history = readHistory(lines);
  if (history.after.plan !== null) return history.after.plan;
  const decision = decideRun(record, history);
  if (!isDue(record, history, decision)) return null;
  const { grpcAddress, attached } = await deployment.start();
  const other = otherOf(loadOfId(record.plan, decision.verdict.pick));
  // The other protocol's own client has neither TLS nor a proxy.
  const { tls = null, proxy = null } = attached?.over[other] ?? {};
  const plan = planAfter(record, decision, {
    leftMs: deadlineMs - instruments.clock.nowMs() - closingMs,
    otherTransport: (other === 'http' || grpcAddress !== undefined) && tls === null && proxy === null,
    processors: processorsFor(record.placement, availableParallelism()),
  });
  append({ kind: 'after', at: now(instruments.clock), status: 'planned', plan });
  return plan;
}

async function measurePart(part: PartPlan, measuring: Measuring): Promise<'complete' | 'budget'> {
  const { deployment, record, instruments, deadlineMs } = measuring.run;
  await deployment.fresh(membersOf(part, measuring));
  const reason = await measurePartBlocks(part, measuring);
  if (part.part !== 'soak' || reason === 'budget') return reason;
  const { clock } = instruments;
  const plan = withFurtherPairs(record, measuring.lines, deadlineMs - clock.nowMs() - closingMs);
  const longer = plan?.parts.find((each) => each.part === 'soak');
  if (plan === null || longer === undefined) return reason;
  measuring.append({ kind: 'after', at: now(clock), status: 'planned', plan });
  const endMs = clock.nowMs() + timeOf(plan.parts, record.design) - timeOf([part], record.design);
  return measurePartBlocks(longer, { ...measuring, endMs });
}

function membersOf({ variantIds }: PartPlan, { run: { candidates } }: Measuring): Candidate[] {
  return candidates.filter(({ variant }) => variantIds.includes(variant.id));
}

async function measurePartBlocks(part: PartPlan, measuring: Measuring): Promise<'complete' | 'budget'> {
  const { deployment, record } = measuring.run;
  const beside = membersOf(part, measuring);
  const sets = serversPerBlock(beside, record.plan, record.applied).map((set) => set.map(({ variant }) => variant.id));
  for (let block = 1; block <= part.blocks; block += 1) {
    const after = readAfter(measuring.lines);
    const given = new Set(after.left.filter((each) => each.part === part.part).map(({ round }) => round));
    const rounds = part.loads.map((_, index) => index + 1).filter((round) => !given.has(round));
    if (rounds.every((round) => blocksUnder(after, part, round).some((each) => each.block === block))) continue;
    // A soak is about what grows with time: its server stays.
    if (part.part !== 'soak') await deployment.fresh(beside);
    const begun = after.slices.filter(({ slice }) => slice.after === part.part && slice.block === block);
    const order = byServer(afterOrder(part, block, record.plan.seed), sets).filter(({ round }) => !given.has(round));
    const done = await measureBlock({ part, block, attempt: lastAttempt(begun) + 1 }, order, measuring);
    if (!done) return 'budget';
  }
  return 'complete';
}

type Place = { readonly part: PartPlan; readonly block: number; readonly attempt: number };

/** False where time ran out. */
async function measureBlock(place: Place, order: readonly AfterEntry[], measuring: Measuring): Promise<boolean> {
  const { part, block, attempt } = place;
  const { run, request, append, endMs } = measuring;
  const { clock } = run.instruments;
  const queue = order.map((entry) => ({ ...entry, tries: 1 }));
  const given = new Set<number>();
  for (let position = 0; position < queue.length; position += 1) {
    const entry = queue[position];
    const load = part.loads[(entry?.round ?? 0) - 1];
    if (entry === undefined || load === undefined || given.has(entry.round)) continue;
    const { round, variantId, tries } = entry;
    request.signal.throwIfAborted();
    await pauseBefore(tries, clock, request.signal);
    if (clock.nowMs() + sliceTimeMs(load, run.record.design) > run.deadlineMs) return false;
    const slice: Slice = {
      stage: 'after',
      after: part.part,
      round,
      block,
      attempt,
      order: position,
      variantId,
      load: loadFor(load, variantId),
      applied: run.record.applied,
    };
    const leftMs = Math.max(0, endMs - clock.nowMs());
    request.events.slice(slice, { block, blocks: part.blocks, done: position, total: queue.length, leftMs });
    const result = await runSlice(slice, timingOf(part, load, run.record.design), measuring);
    append(result);
    const reason = troubleWith(result);
    if (reason === null) continue;
    if (mayRepeat(result, tries) && (part.part !== 'soak' || tries < soakTriesMost)) {
      queue.push({ ...entry, tries: tries + 1 });
      continue;
    }
    given.add(round);
    append({ kind: 'after', at: now(clock), status: 'left', part: part.part, round, variantId, reason });
    request.events.warning(`${part.part}: ${variantId} could not be measured: ${reason}`);
  }
  return true;
}

type Timing = { readonly warmupMs: number; readonly sliceMs: number; readonly threads: number };

/** A soak asks of a model that has been at work for long: the first half of each slice is not counted. */
function timingOf({ part }: PartPlan, { threads, sliceMs }: AfterLoad, { warmupMs }: Design): Timing {
  if (part !== 'soak') return { threads, sliceMs, warmupMs };
  return { threads, sliceMs: sliceMs / 2, warmupMs: Math.max(warmupMs, sliceMs / 2) };
}

async function runSlice(slice: Slice, timing: Timing, { run, request, onServer }: Measuring): Promise<SliceResult> {
  const { candidates, deployment, instruments, record, workloads } = run;
  const { plan, signal } = request;
  const line = { kind: 'slice', slice, at: now(instruments.clock) } as const;
  const candidate = candidates.find(({ variant }) => variant.id === slice.variantId);
  const inForce =
    candidate === undefined
      ? { refused: 'it is no variant of this run' }
      : await deployment.putInForce(candidate, record.applied);
  if ('refused' in inForce) return { ...line, status: 'failed', failure: { reason: inForce.refused } };
  if (candidate !== undefined) onServer(inForce.server, { slice, candidate });
  const workload = workloadFor(workloads, slice.load);
  const measurement = await measureSlice(slice, inForce, timing, { plan, workload, instruments, signal });
  return { ...line, status: 'measured', measurement };
}

function now(clock: Clock): string {
  return clock.wallTime().toISOString();
}
