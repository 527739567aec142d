import { memorySize, share } from './format.ts';
import { clipped, plainText } from './plain-text.ts';
import type { ApplyReason, Results, VariantResult } from './results.ts';

type Applied = Results['run']['applied'];

/** How variants came into force, and why so: one sentence. */
export function appliedSentence({ run: { applied }, engine }: Pick<Results, 'run' | 'engine'>): string {
  const stayed = applied.way === 'keep' && engine.kind === 'remote';
  const way = stayed ? 'The model stayed loaded as the server had it (keep)' : ways[applied.way];
  return `${way}: ${reasons[applied.because](applied)}.`;
}

/** "auto: colocate": what the plan says, and what came of it. */
export function applyInWords({ plan, run }: Results): string {
  return plan.apply === run.applied.way ? plan.apply : `${plan.apply}: ${run.applied.way}`;
}

/** How the server is started for a variant that differs in its flags. */
export function startWith({ serverFlags }: Pick<VariantResult, 'serverFlags'>): string {
  if (serverFlags.length === 0) return 'start the server without the flags that this variant leaves out';
  return `start the server with ${flagsInWords(serverFlags)}`;
}

/** Flags as a shell takes them. */
function flagsInWords(flags: readonly string[]): string {
  const quoted = (word: string): string => (/^[\w./:,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return clipped(flags.map((flag) => quoted(plainText(flag))).join(' '), 600);
}

const ways: Record<Applied['way'], string> = {
  reload: 'Each slice loaded its variant anew (reload)',
  restart: 'Each slice had a server process of its own (restart)',
  keep: 'The model was loaded when the server of a block started, and stayed (keep)',
  colocate: 'The variants lay loaded side by side on one server (colocate), and a slice only chose among them',
};

const reasons: Record<ApplyReason, (applied: Applied) => string> = {
  asked: () => 'the plan says so',
  'load-alone': () => 'the variants differ in their load alone',
  'load-cost': (applied) =>
    `a load for each slice would have taken ${share(applied.loadRatio)} of the rest of it, and the copies fit the memory (${memory(applied)})`,
  attached: ({ loadRatio }) =>
    `a server that was there before has one configuration of the model at a time; a load takes ${share(loadRatio)} of the rest of a slice`,
  'cheap-load': ({ loadRatio }) => `a load takes ${share(loadRatio)} of the rest of a slice`,
  'one-slice': () => 'each variant is measured once in a block, so that side by side would save no load',
  flags: () => 'variants differ in flags of the server, so that they cannot all lie side by side on one',
  gpu: () => 'instances lie on a GPU, whose memory copies might not fit',
  memory: (applied) => `side by side the copies would take too much of the memory (${memory(applied)})`,
  'memory-unknown': () => 'the memory that copies side by side would take is not known',
  'copies-refused': () => 'the server did not take all variants side by side',
};

function memory({ neededBytes, freeBytes }: Applied): string {
  return `${memorySize(neededBytes)} of ${memorySize(freeBytes)} free`;
}
