import { performance } from 'node:perf_hooks';
import { objectiveText } from '../plan/objective.ts';
import { duration, share } from '../report/format.ts';
import { plainText } from '../report/plain-text.ts';
import { longestAfterMs } from '../run/after-plan.ts';
import type { RunRecord } from '../run/record.ts';
import type { SweepEvents } from '../run/request.ts';
import type { Output } from './host.ts';

/** On a pipe a line at most this often, beside one for each block. */
const plainEveryMs = 15_000;

/** Tells a sweep's progress: one line that is written over on a terminal, plain lines elsewhere, nothing with `quiet`. */
export function sweepProgress(output: Output, quiet: boolean): SweepEvents & { done(): void } {
  if (quiet) return { preparing() {}, designed() {}, slice() {}, warning() {}, done() {} };
  const startMs = performance.now();
  let record: RunRecord | undefined;
  let lastLineMs = Number.NEGATIVE_INFINITY;
  let lastBlock = '';
  let drawn = false;
  const clear = (): void => {
    if (drawn) output.write('\r\u001b[K');
    drawn = false;
  };
  const line = (text: string): void => {
    clear();
    output.write(`${plainText(text)}\n`);
  };
  const live = (text: string): void => {
    output.write(`\r\u001b[K${plainText(text).slice(0, Math.max(20, output.columns - 1))}`);
    drawn = true;
  };
  return {
    preparing: (what) => (output.isTTY ? live(what) : line(what)),
    designed: (made) => {
      record = made;
      line(describeDesign(made));
    },
    slice: ({ variantId, stage, round, load, after }, { block, blocks, done, total, leftMs: known }) => {
      const now = performance.now();
      const screening = stage === 'screen';
      const climbing = screening && round === 0;
      const expectedMs =
        record === undefined || screening ? null : record.design.blockMs * (blocks - block + 1 - done / total);
      const leftMs = known ?? expectedMs;
      const where = `${after === undefined ? '' : `${after}, `}${screening ? 'screen ' : ''}block ${block}/${Math.max(block, blocks)}, slice ${done + 1}/${total}`;
      // Blocks beyond those planned come while the budget lasts.
      const left = leftMs === null || leftMs <= 0 ? '' : `, at most ${duration(leftMs)} left`;
      const at = climbing && load.pacing.kind === 'closed' ? ` with ${load.pacing.concurrency} outstanding` : '';
      const text = `${climbing ? `finding the levels, pass ${block}, slice ${done + 1}/${total}` : where}: ${variantId}${at}; ${duration(now - startMs)} so far${left}`;
      if (output.isTTY) return live(text);
      const here = climbing ? 'levels' : `${after ?? stage} ${block}`;
      if (here === lastBlock && now - lastLineMs < plainEveryMs) return;
      [lastBlock, lastLineMs] = [here, now];
      line(text);
    },
    warning: (message) => line(`warning: ${message}`),
    done: clear,
  };
}

function describeDesign(record: RunRecord): string {
  const { engine, looks, setAside, design } = record;
  const accepted = looks.filter(({ outcome }) => outcome === 'accepted').length;
  const left = [
    ...(looks.length > accepted
      ? [`${looks.length - accepted} refused${design.levels === null ? '' : ' or over the limit'}`]
      : []),
    ...(setAside.length > 0 ? [`${setAside.length} set aside`] : []),
  ];
  const parts = [
    `${engine.kind} engine, ${engine.kind === 'embedded' ? 'version' : 'Triton'} ${engine.version}, ${engine.backend}`,
    `${plural(accepted - 1, 'variant')} and the baseline${left.length === 0 ? '' : ` (${left.join(', ')})`}`,
    ...attempt(record),
    ...lowerPercentile(record),
    ...describeLevels(record),
    ...describeStages(record),
  ];
  return parts.join('; ');
}

/** The levels that were chosen, of the first few variants. */
function describeLevels({ design: { levels } }: RunRecord): string[] {
  if (levels === null) return [];
  const all = Object.entries(levels).map(([id, level]) => `${id} ${level}`);
  const more = all.length > 8 ? ` and ${all.length - 8} more` : '';
  return [`levels: ${all.slice(0, 8).join(', ')}${more} outstanding`];
}

function attempt({ continues, plan }: RunRecord): string[] {
  if (continues === null) return [];
  return [
    `attempt ${continues.attempt} at alpha ${share(plan.alpha)}, which measures ${continues.carried.join(', ')} again`,
  ];
}

/** Said before it is measured where the budget pays for too few requests of what the plan asks for. */
function lowerPercentile({ plan, design }: RunRecord): string[] {
  const [asked, decided] = [plan.objective, design.objective].map(objectiveText);
  return asked === decided ? [] : [`decides on ${decided} instead of ${asked}: the budget pays for too few requests`];
}

/** What the design can be expected to find, said before it is measured. */
function describeStages(record: RunRecord): string[] {
  const { plan, design, applied } = record;
  const slices = `${plural(design.slicesPerBlock, 'slice')} of each, ${applied === 'keep' ? 'the model stays loaded' : `by ${applied}`}`;
  const cut =
    design.reduced.length === 0 ? '' : ` (the budget of ${duration(plan.budgetMs ?? 0)} allows no more than that)`;
  if (design.procedure === 'fixed')
    return [
      `${plural(design.blocks, 'block')} with ${slices}`,
      `about ${duration(design.blocks * design.blockMs)}${cut}`,
    ];
  const screen =
    design.screenBlocks === 0
      ? []
      : [
          `screen: ${plural(design.screenBlocks, 'block')} with ${plural(design.screenSlices, 'slice')} of each to find the best ${design.finalists}`,
        ];
  return [
    ...screen,
    `confirm: at most ${plural(design.blocks, 'block')} with ${slices}${cut}`,
    ...(record.plan.expectEqual
      ? []
      : [`after a claim up to ${duration(longestAfterMs(record))} more, ${afterwards(record)}`]),
    design.resolvable === null
      ? 'what that resolves is not known: there was no time for a pilot'
      : `differences of ${share(Math.expm1(design.resolvable))} and more are found with 80 % power`,
  ];
}

function afterwards({ after, plan }: RunRecord): string {
  const what = `${after.soak ? 'soak, ' : ''}range and client`;
  return plan.budgetMs === null ? what : `as the budget allows (${what})`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
