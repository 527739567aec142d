import { blockSeed } from '../plan/blocks.ts';
import type { CapacityObjective, Slice } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import { ladderShare } from '../stats/budget.ts';
import { nextLevels } from '../stats/ladder.ts';
import { byServer } from './after-order.ts';
import { pauseBefore, runSlice, troubleWith } from './block.ts';
import { freezeLevels } from './freeze-levels.ts';
import { readHistory } from './history.ts';
import { Journal, type JournalLine, readJournal, type SliceResult } from './journal.ts';
import { climbersOf, levelOf, limitsOf, usableSlices } from './ladder.ts';
import { passesPerServer } from './ladder-noise.ts';
import { atLevel, frozen } from './levels.ts';
import { loadOf } from './load-of.ts';
import type { PreparedRun } from './prepare.ts';
import type { SweepRequest } from './request.ts';
import { requestsFor } from './score.ts';
import { type ServerWatch, watchServers } from './server-lines.ts';
import { serversPerBlock } from './server-sets.ts';

const leastSliceMs = 200;
const longestSliceMs = 3_000;
const cyclesPerSlice = 10;
/** Three slices show that a level holds. */
const slicesToShow = 3;

/**
 * Where the objective is a capacity: finds the level of each variant and fixes the design that goes with them, unless the
 * journal has them already; what was measured before an interruption counts. Gives the run with that design.
 */
export async function measureLevels(run: PreparedRun, request: SweepRequest): Promise<PreparedRun> {
  const { objective } = run.record.plan;
  if (objective.kind !== 'capacity') return run;
  const { clock } = run.instruments;
  using journal = new Journal(request.folder);
  const lines = readJournal(request.folder);
  const append = (line: JournalLine): void => {
    journal.append(line);
    lines.push(line);
  };
  if (readHistory(lines).levels === null) {
    const onServer = watchServers(append, clock);
    await climb({ run, request, objective, append, onServer, ladder: [...readHistory(lines).ladder] });
    append({
      kind: 'levels',
      at: clock.wallTime().toISOString(),
      ...freezeLevels(run, objective, readHistory(lines).ladder),
    });
  }
  return { ...run, record: frozen(run.record, readHistory(lines)) };
}

type Climbing = {
  readonly run: PreparedRun;
  readonly request: SweepRequest;
  readonly objective: CapacityObjective;
  readonly append: (line: JournalLine) => void;
  readonly onServer: ServerWatch;
  /** Grows with every slice. */
  readonly ladder: SliceResult[];
};

/**
 * One slice of each variant that is not at its end, in random order, again and again; where flags of the server differ, those
 * that share a server right after one another.
 */
async function climb(climbing: Climbing): Promise<void> {
  const { run, request, objective, append, ladder } = climbing;
  const { record, candidates, deployment, instruments, deadlineMs } = run;
  const { plan } = record;
  const { clock } = instruments;
  const startMs = clock.nowMs();
  const endMs = startMs + ladderShare * (deadlineMs - startMs);
  const passesBefore = ladder.at(-1)?.slice.block ?? 0;
  const sets = serversPerBlock(candidates, plan, record.applied).map((set) => set.map(({ variant }) => variant.id));
  // Before an interruption all of them lay side by side, and now but the one that was looked at.
  if (passesBefore > 0 && record.applied === 'colocate') await deployment.fresh(candidates);
  for (let pass = passesBefore + 1; ; pass += 1) {
    const next = nextLevels(objective.levels, climbersOf(record, ladder));
    if (next.length === 0) return;
    if (pass % passesPerServer === 0) await deployment.fresh(candidates);
    const random = seededRandom(blockSeed(plan.seed, firstSeed + pass)).permutation(next.length);
    const order = random.flatMap((index) => next[index] ?? []).map(({ id, level }) => ({ variantId: id, level }));
    for (const [position, { variantId: id, level }] of byServer(order, sets).entries()) {
      request.signal.throwIfAborted();
      if (clock.nowMs() > endMs) return;
      const result = await measure({ id, level, pass, position, total: next.length }, climbing);
      append(result);
      ladder.push(result);
    }
  }
}

/** Beyond the blocks of any verdict and of what follows it. */
const firstSeed = 2 ** 19 + 2 ** 17;

type Rung = {
  readonly id: string;
  readonly level: number;
  readonly pass: number;
  readonly position: number;
  readonly total: number;
};

async function measure(
  { id, level, pass, position, total }: Rung,
  { run, request, onServer, ladder }: Climbing,
): Promise<SliceResult> {
  const { record, candidates, deployment, instruments, workloads } = run;
  const { plan, applied, design } = record;
  const candidate = candidates.find(({ variant }) => variant.id === id);
  if (candidate === undefined) throw new Error(`${id} is no variant of this run`);
  const invalid = ladder.filter(
    (line) => line.slice.variantId === id && levelOf(line) === level && troubleWith(line) !== null,
  );
  await pauseBefore(invalid.length + 1, instruments.clock, request.signal);
  const slice: Slice = {
    stage: 'screen',
    round: 0,
    block: pass,
    attempt: 1,
    order: position,
    variantId: id,
    load: atLevel(loadOf(plan, candidate.variant), level),
    applied,
  };
  request.events.slice(slice, { block: pass, blocks: 0, done: position, total });
  const timing = { warmupMs: design.warmupMs, sliceMs: { [id]: sliceMsAt({ id, level }, run, ladder) } };
  const { signal } = request;
  return runSlice(slice, candidate, {
    ...{ plan, design: timing, applied, deployment, workloads, instruments },
    ...{ onServer, signal },
  });
}

/**
 * Long enough for ten cycles, and for three slices to hold the requests of a percentile, as far as the last slice of the variant
 * tells, or the look at it.
 */
function sliceMsAt(
  { id, level }: Pick<Rung, 'id' | 'level'>,
  { record }: PreparedRun,
  ladder: readonly SliceResult[],
): number {
  const last = usableSlices(ladder, id).at(-1);
  const look = record.looks.find(({ variantId }) => variantId === id);
  const seen = look?.outcome === 'accepted' ? look : { latencyMs: 1, requestsPerSecond: 1_000 };
  const from = last === undefined ? record.plan.load.concurrency : levelOf(last);
  const rate = last?.measurement.requestsPerSecond ?? seen.requestsPerSecond;
  const cycleMs = last === undefined ? seen.latencyMs : last.measurement.latency.p50Ns / 1e6;
  const grown = level / Math.max(1, from);
  const requests = Math.max(0, ...limitsOf(record.plan).map(({ metric }) => requestsFor(metric)));
  const neededMs = (1_000 * requests) / slicesToShow / (rate * Math.min(1, grown));
  const longMs = Math.max(leastSliceMs, cyclesPerSlice * cycleMs * Math.max(1, grown), neededMs);
  return Math.ceil(Math.min(longestSliceMs, longMs));
}
