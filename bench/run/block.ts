import { Failure } from '../failure.ts';
import { clientLimits } from '../load/client-limits.ts';
import { blockSeed, orderByServer } from '../plan/blocks.ts';
import { type Apply, baselineId, type Plan, type Slice } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import type { Candidate } from './candidates.ts';
import type { Clock } from './clock.ts';
import type { Deployment } from './deployment.ts';
import type { Design } from './design.ts';
import type { Instruments } from './instruments.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import { loadIn } from './levels.ts';
import type { ServerWatch } from './server-lines.ts';
import { serversPerBlock } from './server-sets.ts';
import { measureSlice } from './slice.ts';
import { sliceTimes } from './slice-times.ts';
import { isUnfit } from './unfit.ts';
import { type Workloads, workloadFor } from './workloads.ts';

/** An invalid slice is measured again in the same block, twice at most. */
const triesMost = 3;
/**
 * Where only the client was short of a processor, the host was busy and the variant is not to blame: there is more patience,
 * with pauses in which what disturbed it may pass.
 */
const disturbedTriesMost = 6;
const disturbedPauseMs = 750;

/** Where a block stands in the sweep. */
export type BlockPlace = {
  readonly block: number;
  readonly attempt: number;
  readonly stage: 'screen' | 'confirm';
  readonly round: number;
};

export type SliceContext = {
  readonly plan: Plan;
  readonly design: Pick<Design, 'warmupMs' | 'sliceMs'>;
  readonly applied: Apply;
  readonly deployment: Deployment;
  readonly workloads: Workloads;
  /** Told of the server that a variant is in force on, before it is measured. */
  readonly onServer: ServerWatch;
  readonly instruments: Instruments;
  readonly signal: AbortSignal;
};

export type BlockContext = SliceContext & {
  readonly design: Design;
  /** Into the journal. */
  readonly append: (line: JournalLine) => void;
  /** On the clock of the instruments: no slice begins after it. */
  readonly lastStartMs: number;
  /** Told before each slice. */
  readonly onSlice: (slice: Slice, done: number, total: number) => void;
};

/**
 * Measures every active variant in the same number of slices, in random order, under one new server process; where flags of
 * the server differ, under one for each set of them, one after the other in random order. Returns the variants that left the
 * active set, or null where time ran out: many invalid slices can make a block much longer than planned. An unfinished block
 * leaves no `complete` line and so never counts.
 */
export async function measureBlock(
  { block, attempt, stage, round }: BlockPlace,
  active: readonly Candidate[],
  context: BlockContext,
): Promise<ReadonlyMap<string, string> | null> {
  const { plan, design, deployment, append, onSlice, lastStartMs } = context;
  const { clock } = context.instruments;
  const unstable = new Map<string, string>();
  await deployment.fresh(active);
  const queue = queueOf(active, { block, stage }, context);
  for (let position = 0; position < queue.length; position += 1) {
    const entry = queue[position];
    const candidate = active.find(({ variant }) => variant.id === entry?.variantId);
    if (entry === undefined || candidate === undefined || unstable.has(entry.variantId)) continue;
    const { variantId, tries } = entry;
    context.signal.throwIfAborted();
    await pauseBefore(tries, clock, context.signal);
    if (clock.nowMs() > lastStartMs) return null;
    const slice: Slice = {
      stage,
      round,
      block,
      attempt,
      order: position,
      variantId,
      load: loadIn({ plan, design }, variantId),
      applied: context.applied,
    };
    onSlice(slice, position, queue.length);
    const result = await runSlice(slice, candidate, context);
    append(result);
    const trouble = troubleWith(result);
    if (trouble === null) continue;
    if (mayRepeat(result, tries)) {
      repeatLater(queue, { ...entry, tries: tries + 1 });
      continue;
    }
    unstable.set(variantId, trouble);
    append({ kind: 'unstable', block, attempt, variantId, reason: trouble });
    if (variantId === baselineId) break;
  }
  append({ kind: 'block', block, attempt, status: 'complete', at: clock.wallTime().toISOString() });
  return unstable;
}

type Entry = { readonly variantId: string; readonly server: number; readonly tries: number };

/** The slices of a block in their order; `server` counts its processes. */
function queueOf(
  active: readonly Candidate[],
  { block, stage }: Pick<BlockPlace, 'block' | 'stage'>,
  { plan, design, applied }: BlockContext,
): Entry[] {
  const order = orderByServer(
    serversPerBlock(active, plan, applied).map((set) => set.map(({ variant }) => variant.id)),
    stage === 'screen' ? design.screenSlices : design.slicesPerBlock,
    seededRandom(blockSeed(plan.seed, block)),
  );
  return order.flatMap((slices, server) => slices.map(({ variantId }) => ({ variantId, server, tries: 1 })));
}

/** An invalid slice goes to the end of those of its server: what disturbed it, a neighbour for one, has then had time to pass. */
function repeatLater(queue: Entry[], entry: Entry): void {
  queue.splice(queue.findLastIndex(({ server }) => server === entry.server) + 1, 0, entry);
}

/** Puts a variant in force and measures one slice of it. @throws Failure (server) where that is the baseline and it is refused. */
export async function runSlice(slice: Slice, candidate: Candidate, context: SliceContext): Promise<SliceResult> {
  const { plan, design, deployment, applied, workloads, instruments, signal } = context;
  const line = { kind: 'slice', slice, at: instruments.clock.wallTime().toISOString() } as const;
  const { clock } = instruments;
  const startMs = clock.nowMs();
  const inForce = await deployment.putInForce(candidate, applied);
  const inForceMs = clock.nowMs() - startMs;
  if ('refused' in inForce) {
    if (slice.variantId === baselineId) {
      throw new Failure(
        'server',
        'baseline-refused',
        `the server no longer runs the committed config.pbtxt: ${inForce.refused}`,
      );
    }
    return { ...line, status: 'failed', failure: { reason: inForce.refused } };
  }
  context.onServer(inForce.server, { slice, candidate });
  const timing = { warmupMs: design.warmupMs, sliceMs: design.sliceMs[slice.variantId] ?? 300 };
  const workload = workloadFor(workloads, slice.load);
  const measurement = await measureSlice(slice, inForce, timing, { plan, workload, instruments, signal });
  const tookMs = sliceTimes(inForce, measurement, { inForceMs, wholeMs: clock.nowMs() - startMs });
  return { ...line, status: 'measured', measurement, tookMs };
}

/** Whether a slice that cannot be used is worth another try after so many. */
export function mayRepeat(result: SliceResult, tries: number): boolean {
  if (result.status === 'measured' && isUnfit(result.measurement.invalid)) return false;
  return tries < (isDisturbed(result) ? disturbedTriesMost : triesMost);
}

/** Waits before a try that only a busy host makes necessary. Rejects where `signal` is aborted. */
export async function pauseBefore(tries: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (tries > triesMost) await clock.wait(disturbedPauseMs * (tries - triesMost), signal);
}

/** Why a slice cannot be used; null where it can. */
export function troubleWith(result: SliceResult): string | null {
  if (result.status === 'failed') return result.failure.reason;
  return result.measurement.invalid.length === 0 ? null : result.measurement.invalid.join('; ');
}

/** Whether all that is wrong with a slice is that the client waited for a processor or was kept from sending. */
function isDisturbed(result: SliceResult): boolean {
  if (result.status === 'failed') return false;
  const limits = clientLimits(result.measurement);
  return limits.length > 0 && result.measurement.invalid.every((reason) => limits.includes(reason));
}
