import { seededRandom } from '../random.ts';
import { afterOrder } from './after-order.ts';
import type { AfterPlan, PartPlan } from './after-plan.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import type { RunRecord } from './record.ts';
import { normal, type SyntheticRun, sliceLine, syntheticRun } from './run.fixture.ts';

const at = '2026-01-01T02:00:00.000Z';

/** A staged run that ended in a claim of `fast`. */
export function claimedRun(changes: Partial<SyntheticRun> = {}): { record: RunRecord; lines: JournalLine[] } {
  const { record, lines } = syntheticRun({
    arms: [
      { id: 'baseline', ratio: 1 },
      { id: 'fast', ratio: 1.05 },
      { id: 'other', ratio: 1 },
    ],
    blocks: 8,
    sd: 0.01,
    requestCount: 20,
    ...changes,
  });
  const design = { ...record.design, procedure: 'staged', confirmLooks: [8, 12, 17, 23, 30] } as const;
  return { record: { ...record, design }, lines };
}

const own = { batchSize: 1, transport: 'http' } as const;
const closed = (concurrency: number) => ({
  load: { ...own, pacing: { kind: 'closed' as const, concurrency } },
  threads: 1,
});

export const soakPlan: PartPlan = {
  part: 'soak',
  variantIds: ['baseline', 'fast'],
  loads: [{ ...closed(8), sliceMs: 30_000 }],
  blocks: 4,
};

export const rangePlan: PartPlan = {
  part: 'range',
  variantIds: ['baseline', 'fast'],
  loads: [
    ...[4, 16, 32].map((level) => ({ ...closed(level), sliceMs: 300 })),
    { load: { ...own, pacing: { kind: 'poisson', requestsPerSecond: 2_800 } }, threads: 1, sliceMs: 300 },
  ],
  blocks: 8,
};

export const clientPlan: PartPlan = {
  part: 'client',
  variantIds: ['baseline', 'fast', 'other'],
  loads: [{ load: { ...closed(8).load, transport: 'grpc' }, threads: 1, sliceMs: 300 }],
  blocks: 8,
};

export function planned(parts: readonly PartPlan[], skipped: AfterPlan['skipped'] = []): JournalLine {
  return { kind: 'after', at, status: 'planned', plan: { pick: 'fast', parts, skipped } };
}

/** The slices of a part as they are measured; `ratio` is what a variant serves by the baseline under a load, from 1. */
export function measuredPart(
  plan: PartPlan,
  ratio: (variantId: string, round: number) => number,
  { sd = 0.01, seed = 3 }: { sd?: number; seed?: number } = {},
): SliceResult[] {
  const random = seededRandom(seed);
  return Array.from({ length: plan.blocks }, (_, index) => index + 1).flatMap((block) =>
    afterOrder(plan, block, 1).map(({ round, variantId }, order) => {
      const rate = 4_000 * ratio(variantId, round) * Math.exp(sd * normal(random));
      return afterLine(plan, { round, block, order, variantId, rate });
    }),
  );
}

type Made = {
  readonly round: number;
  readonly block: number;
  readonly order: number;
  readonly variantId: string;
  readonly rate: number;
  readonly attempt?: number;
  readonly invalid?: readonly string[];
};

export function afterLine({ part, loads }: PartPlan, made: Made): SliceResult {
  const meanNs = (8 / made.rate) * 1e9;
  const line = sliceLine({ ...made, at, latenciesNs: Array<number>(20).fill(meanNs) });
  const load = loads[made.round - 1]?.load ?? line.slice.load;
  return { ...line, slice: { ...line.slice, stage: 'after', after: part, load } };
}

export function ended(part: PartPlan['part'], reason: 'complete' | 'budget' = 'complete'): JournalLine {
  return { kind: 'after', at, status: 'ended', part, reason };
}
