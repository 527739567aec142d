import { names } from './phrases.ts';
import type { Results } from './results.ts';

/**
 * A claim beside an interval that reaches down to zero, explained: claims and intervals each have the run's error, but the
 * claims are tested one after the other, and the intervals allow for all finalists and looks at once.
 */
export function claimBesideInterval({ variants, verdict }: Results): string[] {
  const baseline = variants.find((variant) => variant.baseline);
  // There a variant counts as better since it holds what the baseline fails, whatever its gain.
  if (verdict.kind === 'INVALID' || baseline?.constraints.some(({ outcome }) => outcome === 'fails')) return [];
  const wide = variants.filter(({ comparison }) => comparison?.better === true && (comparison.gain.lower ?? 1) <= 0);
  if (wide.length === 0) return [];
  const [whose, is] = wide.length === 1 ? ['its interval reaches', 'is'] : ['their intervals reach', 'are'];
  return [
    `${names(wide.map(({ id }) => id))} ${is} claimed to be better although ${whose} down to no gain: claims are tested one after the other (Holm), each with the error that those before it leave, and stand from the look at which they are made; intervals allow for all finalists and looks at once and are wider. That there is a gain is claimed, how small it may be is not known.`,
  ];
}
