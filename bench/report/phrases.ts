import { count } from './format.ts';
import { clipped, plainText } from './plain-text.ts';
import type { Results } from './results.ts';

/** "closed loop, 8 outstanding, batch 1, HTTP, engine local 2.51.0 (python-based onnxruntime backend)". */
export function loadInWords({ plan, engine }: Results): string {
  const name = ['engine', engine.kind, engine.version].filter((word) => word !== '').join(' ');
  return plainText(`${plan.load.description}, ${name}${engine.backend === '' ? '' : ` (${engine.backend})`}`);
}

/** "throughput", "p99 latency", "capacity", "the weighted objective (0.7 throughput, 0.3 p99 latency)": what the objective is about. */
export function metricInWords(objective: string): string {
  if (isCapacity(objective)) return 'capacity';
  const metric = plainText(objective.replace(/^(maximize|minimize|weighted) /, ''));
  const words = metric.replaceAll(/\blatency\.(\w+)/g, '$1 latency');
  return isWeighted(objective) ? `the weighted objective (${words})` : words;
}

export function isWeighted(objective: string): boolean {
  return objective.startsWith('weighted ');
}

export function isCapacity(objective: string): boolean {
  return objective.startsWith('capacity ');
}

/** "p99 latency at most 5 ms": what a capacity must keep. */
export function limitInWords(objective: string): string {
  return plainText(objective.replace(/^capacity where /, '')).replaceAll(/\blatency\.(\w+)/g, '$1 latency');
}

/** How a gain is computed, as part of a sentence. */
export function gainInWords(objective: string): string {
  if (isWeighted(objective) && /\bcost\b/.test(objective))
    return "the weighted geometric mean of the variant's throughput divided by the baseline's, and of latencies and the cost the other way round";
  if (isWeighted(objective))
    return "the weighted geometric mean of the variant's throughput divided by the baseline's, and of a latency the other way round";
  if (isCapacity(objective)) return "the variant's throughput at its own level divided by the baseline's at its own";
  return objective.startsWith('minimize')
    ? "the baseline's value divided by the variant's"
    : "the variant's value divided by the baseline's";
}

/** `1 block`, `12 blocks`. */
export function blocksInWords(blocks: number): string {
  return `${count(blocks)} ${blocks === 1 ? 'block' : 'blocks'}`;
}

/** A list that stays readable whatever the number of names. */
export function names(ids: readonly string[]): string {
  const shown = ids.slice(0, 8).map(name);
  if (ids.length > shown.length) return `${shown.join(', ')} and ${count(ids.length - shown.length)} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

/** An id, safe to print and not too long. */
export function name(id: string): string {
  return clipped(plainText(id), 60);
}

/** A free text as part of a sentence: one line, without its own full stop. */
export function clause(text: string): string {
  return clipped(plainText(text).trim().replace(/\.+$/, ''), 600);
}

/** What a verdict's `reason` means; null where it has none. Codes that are not known are shown as they stand. */
export function reasonInWords(reason: string | null): string | null {
  if (reason === null || reason === '') return null;
  return reasons.get(reason) ?? clause(reason);
}

const reasons = new Map([
  ['budget', 'the budget ended before the data could decide'],
  ['looks', 'all planned blocks were measured, and they do not decide'],
  ['blocks', 'too few blocks were measured'],
  ['constraints', 'no better variant is shown to hold the constraints'],
  ['requests', 'a block holds too few requests for the percentile: more slices per block are needed, or a higher load'],
  ['no-level', 'no variant beside the baseline was shown to keep the limits at any level'],
  [
    'baseline-level',
    'the level that was chosen for the baseline breaks a limit in the blocks, so that it seemed to serve more than it may',
  ],
  ['no-variants', 'no variant beside the baseline could be measured'],
]);
