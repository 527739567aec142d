import { performance } from 'node:perf_hooks';
import { duration } from '../report/format.ts';
import { plainText } from '../report/plain-text.ts';
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
  let lastBlock = 0;
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
    slice: ({ variantId }, { block, blocks, done, total }) => {
      const now = performance.now();
      const leftMs = (record?.design.blockMs ?? 0) * (blocks - block + 1 - done / total);
      const text = `block ${block}/${blocks}, slice ${done + 1}/${total}: ${variantId}; ${duration(now - startMs)} so far, about ${duration(leftMs)} left`;
      if (output.isTTY) return live(text);
      if (block === lastBlock && now - lastLineMs < plainEveryMs) return;
      [lastBlock, lastLineMs] = [block, now];
      line(text);
    },
    warning: (message) => line(`warning: ${message}`),
    done: clear,
  };
}

function describeDesign({ plan, design, engine, looks, applied }: RunRecord): string {
  const accepted = looks.filter(({ outcome }) => outcome === 'accepted').length;
  const refused = looks.length - accepted;
  const parts = [
    `${engine.kind} engine, ${engine.kind === 'embedded' ? 'version' : 'Triton'} ${engine.version}, ${engine.backend}`,
    `${plural(accepted - 1, 'variant')} and the baseline${refused === 0 ? '' : ` (${refused} refused)`}`,
    `${plural(design.blocks, 'block')} with ${plural(design.slicesPerBlock, 'slice')} of each, by ${applied}`,
    `about ${duration(design.blocks * design.blockMs)}`,
  ];
  const cut =
    design.reducedBy === null ? '' : ` (the budget of ${duration(plan.budgetMs ?? 0)} allows no more than that)`;
  return `${parts.join('; ')}${cut}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
