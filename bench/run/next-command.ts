import { blocksMost } from '../report/sentence.ts';
import { procedureRules } from '../stats/procedure.ts';
import { carriedOver } from './carried-over.ts';
import type { Decision } from './decision.ts';
import { closingMs } from './design.ts';
import type { History } from './history.ts';
import type { RunRecord } from './record.ts';
import { shellWord } from './shell-word.ts';
import { mostSlices } from './slice-count.ts';
import { reserveShare } from './soak-reserve.ts';

/**
 * What gives an undecided verdict the blocks that it still needs: the run itself where it was interrupted, else a further
 * attempt, on fresh blocks, at what is worth measuring again. Never the same plan once more, as if this run had not been.
 */
export function nextCommand(record: RunRecord, history: History, decision: Decision): string | null {
  const { verdict } = decision;
  const { blocksNeeded } = verdict;
  const folder = shellWord(record.folder);
  if (verdict.kind !== 'INCONCLUSIVE' || verdict.reason === 'no-variants') return null;
  if (history.ended === null) return `npm run sweep -- --resume ${folder}`;
  const again = `npm run sweep -- --continue ${folder}`;
  if (blocksNeeded === undefined) return again;
  if (blocksNeeded > blocksMost) return null;
  const firstAt = history.blocks[0]?.slices[0]?.at ?? record.startedAt;
  const preparingMs = Math.max(0, Date.parse(firstAt) - Date.parse(record.startedAt));
  const neededMs = preparingMs + timeOfBlocks(blocksNeeded, record, decision, true) + closingMs;
  const { slicesPerBlock } = record.design;
  // More slices in each block are as good as more blocks, and a design with time for them takes them by itself.
  const fixed = blocksNeeded * slicesPerBlock > (procedureRules.looks.at(-1) ?? 0) * mostSlices;
  const blocks = fixed ? ` --blocks ${blocksNeeded} --slices ${slicesPerBlock}` : '';
  const budgetMs = neededMs / (record.after.soak && !fixed ? 1 - reserveShare : 1);
  return `${again}${blocks} --budget ${Math.ceil(budgetMs / 60_000) + 1}m`;
}

/** What so many blocks take: of the run itself while it may go on, else of what is measured again. */
export function timeOfBlocks(blocks: number, record: RunRecord, decision: Decision, ended: boolean): number {
  const { design } = record;
  if (!ended) return blocks * design.blockMs;
  const { verdict, stage, arms } = decision;
  return blocks * (carriedOver({ record, verdict, stage, arms }).length + 1) * design.trialMs;
}
