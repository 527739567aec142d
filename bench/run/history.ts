import { type AfterHistory, readAfter } from './after-history.ts';
import type { JournalLine, SliceResult } from './journal.ts';
import type { FrozenLevels } from './levels.ts';

export type MeasuredSlice = SliceResult & { status: 'measured' };

export type HistoryBlock = {
  readonly block: number;
  readonly stage: 'screen' | 'confirm';
  /** Of the screen, from 1; 1 in confirm. */
  readonly round: number;
  readonly slices: readonly SliceResult[];
};

/** What a journal says of the run so far: the blocks that count, and who left. */
export type History = {
  /** Complete blocks in order; only these enter estimates. */
  readonly blocks: readonly HistoryBlock[];
  readonly unstable: ReadonlyMap<string, string>;
  /** The attempt that an unfinished block was in, by block. */
  readonly attempts: ReadonlyMap<number, number>;
  /** Every slice ever measured for the verdict, those of superseded blocks included. */
  readonly sliceCount: number;
  /** The slices that the level of each variant was looked for with, in order; they enter no estimate. */
  readonly ladder: readonly SliceResult[];
  /** What was fixed by them; null before, and where all variants have the plan's load. */
  readonly levels: FrozenLevels | null;
  /** Why nothing more was to be measured for the verdict; null where the run was interrupted or still goes on. */
  readonly ended: 'blocks' | 'decided' | 'budget' | 'unstable' | null;
  /** Blocks at whose end other runs measured on the host too. */
  readonly besideOthers: readonly number[];
  /** What was measured since. */
  readonly after: AfterHistory;
};

export function readHistory(all: readonly JournalLine[]): History {
  const ladder = all.filter((line) => line.kind === 'slice' && isOfLadder(line)) as SliceResult[];
  const lines = all.filter(
    (line) =>
      line.kind !== 'server' &&
      line.kind !== 'beside' &&
      line.kind !== 'after' &&
      line.kind !== 'resumed' &&
      !(line.kind === 'slice' && (line.slice.stage === 'after' || isOfLadder(line))),
  );
  const slices = lines.filter((line) => line.kind === 'slice');
  const complete = lines.filter((line) => line.kind === 'block' && line.status === 'complete') as (JournalLine & {
    kind: 'block';
  })[];
  const attempts = new Map<number, number>();
  for (const { slice } of slices) attempts.set(slice.block, Math.max(attempts.get(slice.block) ?? 0, slice.attempt));
  const counted = new Map(complete.map(({ block, attempt }) => [block, attempt]));
  const unstable = lines.filter(
    (line) => line.kind === 'unstable' && counted.get(line.block) === line.attempt,
  ) as (JournalLine & { kind: 'unstable' })[];
  const byBlock = Map.groupBy(slices, ({ slice }) => slice.block);
  const last = lines.at(-1);
  return {
    blocks: [...counted]
      .sort(([a], [b]) => a - b)
      .map(([block, attempt]) =>
        blockOf(
          block,
          (byBlock.get(block) ?? []).filter(({ slice }) => slice.attempt === attempt),
        ),
      ),
    unstable: new Map(unstable.map(({ variantId, reason }) => [variantId, reason])),
    attempts,
    sliceCount: slices.length,
    ladder,
    levels: all.findLast((line) => line.kind === 'levels') ?? null,
    ended: last?.kind === 'end' ? last.reason : null,
    besideOthers: [...new Set(all.flatMap((line) => (line.kind === 'beside' ? line.block : [])))],
    after: readAfter(all),
  };
}

function isOfLadder({ slice: { stage, round } }: SliceResult): boolean {
  return stage === 'screen' && round === 0;
}

function blockOf(block: number, slices: readonly SliceResult[]): HistoryBlock {
  const { stage, round } = slices[0]?.slice ?? { stage: 'confirm', round: 1 };
  return stage === 'screen' ? { block, stage, round, slices } : { block, stage: 'confirm', round: 1, slices };
}

/** The slices of one variant in a block that may be used, in the order they were measured. */
export function validSlices(slices: readonly SliceResult[], variantId: string): MeasuredSlice[] {
  return slices.filter(
    (line): line is MeasuredSlice =>
      line.status === 'measured' && line.slice.variantId === variantId && line.measurement.invalid.length === 0,
  );
}

/** The slices of one variant in a block in which requests failed. */
export function failingSlices(slices: readonly SliceResult[], variantId: string): MeasuredSlice[] {
  return slices.filter(
    (line): line is MeasuredSlice =>
      line.status === 'measured' && line.slice.variantId === variantId && failedCount(line) > 0,
  );
}

/** Requests of a slice that failed, of whatever kind, its warm-up included. */
export function failedCount({ measurement: { errors } }: MeasuredSlice): number {
  return Object.values(errors).reduce((sum, count) => sum + count, 0);
}
