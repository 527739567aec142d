import type { CapacityObjective, Plan, Slice } from '../plan/plan.ts';
import { seededRandom } from '../random.ts';
import { nextLevels } from '../stats/ladder.ts';
import { contestOf, nextOf } from './contest.ts';
import { freezeLevels } from './freeze-levels.ts';
import { readHistory } from './history.ts';
import { hostInstruments } from './instruments.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import { climbersOf } from './ladder.ts';
import { frozen } from './levels.ts';
import type { RunRecord } from './record.ts';
import { normal, sliceLine } from './run.fixture.ts';
import { stagedRecord } from './staged-run.fixture.ts';

/** A variant that serves `ratio` of what others do, and keeps the limit up to `most` outstanding, in the blocks to `mostInBlocks`. */
export type CapacityArm = {
  readonly id: string;
  readonly ratio: number;
  readonly most: number;
  readonly mostInBlocks?: number;
};

const limitNs = 5e6;
export const capacity: CapacityObjective = {
  kind: 'capacity',
  limits: [{ metric: 'latency.p99', atMostNs: limitNs }],
  levels: [1, 2, 4, 6, 8, 12, 16],
};

const at = '2026-01-01T00:00:01.000Z';
const requestCount = 800;

export type CapacityRun = { readonly record: RunRecord; readonly lines: JournalLine[]; readonly ladder: number };

/** What a sweep for capacity leaves, its ladder and its blocks measured as it is told; `ladder` counts the ladder's lines. */
export function syntheticCapacityRun(
  arms: readonly CapacityArm[],
  { sd = 0.01, plan = {} as Partial<Plan> } = {},
): CapacityRun {
  const record = stagedRecord({
    arms,
    plan: { objective: capacity, constraints: capacity.limits, slicesPerBlock: 8, ...plan },
  });
  const random = seededRandom(1);
  const rates = new Map(arms.map((arm) => [arm.id, arm]));
  const lines: JournalLine[] = [];
  const measure = (
    slice: Pick<Slice, 'stage' | 'round' | 'block' | 'order' | 'variantId'>,
    level: number,
  ): SliceResult => {
    const arm = rates.get(slice.variantId);
    const most = (slice.round === 0 ? arm?.most : (arm?.mostInBlocks ?? arm?.most)) ?? 0;
    const rate = 1_000 * (arm?.ratio ?? 1) * (level / (level + 2)) * Math.exp(sd * normal(random));
    return atLevelOf(slice, { level, rate, slow: level > most });
  };
  for (let pass = 1; ; pass += 1) {
    const next = nextLevels(capacity.levels, climbersOf(record, readHistory(lines).ladder));
    if (next.length === 0) break;
    for (const [order, { id, level }] of next.entries())
      lines.push(measure({ stage: 'screen', round: 0, block: pass, order, variantId: id }, level));
  }
  const ladder = lines.length;
  const prepared = { record, serverStartMs: 500, instruments: hostInstruments, deadlineMs: Number.POSITIVE_INFINITY };
  lines.push({ kind: 'levels', at, ...freezeLevels(prepared, capacity, readHistory(lines).ladder) });
  const inForce = frozen(record, readHistory(lines));
  for (let block = 1; ; block += 1) {
    const next = nextOf(inForce, contestOf(inForce, readHistory(lines)), Number.POSITIVE_INFINITY);
    if (next.kind === 'done') break;
    const { stage, round, active } = next;
    const slices = stage === 'screen' ? inForce.design.screenSlices : inForce.design.slicesPerBlock;
    const order = Array.from({ length: slices }, () => active).flat();
    for (const [position, variantId] of order.entries())
      lines.push(measure({ stage, round, block, order: position, variantId }, inForce.design.levels?.[variantId] ?? 0));
    lines.push({ kind: 'block', block, attempt: 1, status: 'complete', at });
  }
  lines.push({ kind: 'end', reason: 'decided', at });
  return { record, lines, ladder };
}

type Shown = { readonly level: number; readonly rate: number; readonly slow: boolean };

/** One slice at a level; of a slow one half of the requests are above the limit. */
function atLevelOf(
  { stage, round, block, order, variantId }: Pick<Slice, 'stage' | 'round' | 'block' | 'order' | 'variantId'>,
  { level, rate, slow }: Shown,
): SliceResult {
  const latenciesNs = Array.from({ length: requestCount }, (_, index) =>
    slow && index % 2 === 0 ? 2 * limitNs : limitNs / 5,
  );
  const made = { block, order, variantId, at, rate, latenciesNs, round };
  const line = sliceLine(stage === 'confirm' ? made : { ...made, stage: 'screen' });
  if (line.status === 'failed') return line;
  const aboveLimits = [{ limitNs, count: slow ? requestCount / 2 : 0 }];
  return {
    ...line,
    slice: { ...line.slice, load: { ...line.slice.load, pacing: { kind: 'closed', concurrency: level } } },
    measurement: { ...line.measurement, pacing: { kind: 'closed', concurrency: level }, aboveLimits },
  };
}
