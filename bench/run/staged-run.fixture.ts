import { seededRandom } from '../random.ts';
import { screenRounds } from '../stats/screen.ts';
import { contestOf, nextOf } from './contest.ts';
import { readHistory } from './history.ts';
import type { JournalLine } from './journal.ts';
import type { RunRecord } from './record.ts';
import { normal, type SyntheticRun, sliceLine, syntheticRecord } from './run.fixture.ts';

/** A staged run that never was: the first arm is the baseline, `sd` the noise of a variant in a block. */
export type SyntheticStagedRun = Pick<
  SyntheticRun,
  'arms' | 'sd' | 'seed' | 'plan' | 'transferable' | 'requestCount'
> & {
  /** How many trials (one variant in one block) its budget pays for; as many as it wants unless told. */
  readonly trials?: number;
};

export const confirmLooks = [8, 12, 17, 23, 30];
const at = '2026-01-01T00:00:01.000Z';
const concurrency = 8;

/** What a sweep leaves that measures block after block as it is told; `steps` are what it was told. */
export function syntheticStagedRun(run: SyntheticStagedRun): {
  record: RunRecord;
  lines: JournalLine[];
  steps: string[];
} {
  const record = stagedRecord(run);
  const random = seededRandom(run.seed ?? 1);
  const ratios = new Map(run.arms.map(({ id, ratio }) => [id, ratio]));
  const lines: JournalLine[] = [];
  const steps: string[] = [];
  let left = run.trials ?? Number.POSITIVE_INFINITY;
  for (let block = 1; ; block += 1) {
    const next = nextOf(record, contestOf(record, readHistory(lines)), left);
    if (next.kind === 'done') break;
    const { stage, round, active } = next;
    steps.push(`${stage} ${round}: ${active.join()}`);
    for (const [order, variantId] of active.entries()) {
      const rate = 4_000 * (ratios.get(variantId) ?? 1) * Math.exp(run.sd * normal(random));
      const meanNs = (concurrency / rate) * 1e9;
      const latenciesNs = Array.from({ length: run.requestCount ?? 20 }, () => meanNs * (0.7 + 0.6 * random.next()));
      lines.push(sliceLine({ block, order, variantId, at, rate, latenciesNs, stage, round }));
    }
    lines.push({ kind: 'block', block, attempt: 1, status: 'complete', at });
    left -= active.length;
  }
  lines.push({ kind: 'end', reason: left <= 0 ? 'budget' : 'decided', at });
  return { record, lines, steps };
}

/** A record of a plan without `blocks`. */
export function stagedRecord({ arms, plan, transferable }: Omit<SyntheticStagedRun, 'sd'>): RunRecord {
  const most = confirmLooks.at(-1) ?? 0;
  const made = syntheticRecord({
    arms,
    blocks: most,
    slicesPerBlock: 1,
    sd: 0,
    plan: { blocks: null, ...plan },
    ...(transferable === undefined ? {} : { transferable }),
  });
  const variantCount = arms.length - 1;
  const finalists = variantCount <= 3 ? variantCount : 2;
  const screenBlocks = screenRounds(variantCount, finalists).reduce((sum, { blocks }) => sum + blocks, 0);
  return { ...made, design: { ...made.design, procedure: 'staged', confirmLooks, screenBlocks, finalists } };
}
