import { share } from './format.ts';
import { inItsUnit, limitText } from './limit-text.ts';
import type { AfterResult } from './results.ts';

type Limit = NonNullable<AfterResult['soak']>['constraints'][number];

/** What long slices say of the plan's limits, as the end of a sentence about the soak; '' where there are none. */
export function limitsInSoak(limits: readonly Limit[]): string {
  if (limits.length === 0) return '';
  const fails = limits.filter(({ outcome }) => outcome === 'fails');
  const open = limits.filter(({ outcome }) => outcome === 'undecided');
  if (fails.length + open.length === 0) return '; it is beyond no limit there';
  const broken = fails.map((limit) => `${limitText(limit)} (${seen(limit)})`).join(', ');
  const unsure = open.map((limit) => `${limitText(limit)} (${seen(limit)})`).join(', ');
  return [
    ...(broken === '' ? [] : [`; it breaks ${broken}${baselineToo(fails)}`]),
    ...(unsure === '' ? [] : [`; whether it keeps ${unsure} is too uncertain to tell`]),
  ].join('');
}

/** ", as the baseline does" where that breaks each of them as well. */
export function baselineToo(limits: readonly Limit[]): string {
  return limits.every(({ baselineOutcome }) => baselineOutcome === 'fails') ? ', as the baseline does' : '';
}

function seen(limit: Limit): string {
  const { metric, value } = limit;
  if (value === null) return 'nothing was seen';
  if (/^latency\.p\d/.test(metric)) return `${share(value)} of its requests are above that`;
  return `it has ${inItsUnit(limit, value)}`;
}
