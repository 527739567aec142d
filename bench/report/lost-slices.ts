import { name } from './phrases.ts';
import type { Results } from './results.ts';

/** A claim that rests on a variant's better moments is not left without a word: one sentence, or none. */
export function lostSlices({ diagnostics, verdict }: Results): string[] {
  const { better, pick } = verdict;
  const lost = diagnostics.find(({ kind }) => kind === 'lost slices')?.variantIds ?? [];
  if (!better.includes(pick) || !lost.includes(pick)) return [];
  return [
    `Doubtful: many more slices of ${name(pick)} than of the baseline were left out since the client waited for a processor, so that its gain is that of its better moments; the diagnostics have it with these slices counted in.`,
  ];
}
