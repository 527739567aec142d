import { share } from './format.ts';
import type { Results } from './results.ts';

/** A gain can be there without a doubt, and yet be one that the plan says does not matter: one sentence, or none. */
export function withinMargin({ verdict, variants }: Results): string[] {
  const { better, pick, practicalMargin } = verdict;
  const { gain } = variants.find(({ id }) => id === pick)?.comparison ?? {};
  const { lower = null, upper = null } = gain ?? {};
  if (!better.includes(pick) || lower === null || upper === null) return [];
  if (lower <= 0 || upper > practicalMargin) return [];
  return [
    `Its gain is there, but all of its interval lies within the practical margin of ${share(practicalMargin)}: by the plan's own measure the change is not worth making.`,
  ];
}
