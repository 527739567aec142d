import { duration } from './format.ts';
import { names } from './phrases.ts';
import type { Results } from './results.ts';

/** How long each slice warms up, and why so long, in one sentence. */
export function warmupSentence({ warmupMs, pilot }: Results['run']): string {
  const length = duration(warmupMs);
  if (pilot === null) return `${length}, from one look at each variant; no pilot watched how they settle.`;
  const { why, settledMs } = pilot.warmup;
  const told = Object.entries(settledMs).flatMap(([id, ms]) => (ms === null ? [] : [{ id, ms }]));
  const longestMs = Math.max(0, ...told.map(({ ms }) => ms));
  const slowest = names(told.filter(({ ms }) => ms === longestMs).map(({ id }) => id));
  const settled = longestMs === 0 ? 'at once' : `after ${duration(longestMs)} at the latest`;
  return {
    settled: `${length}: in the pilot ${slowest} settled after ${duration(longestMs)}, and half as much again is added.`,
    restless: `${length}: in the pilot ${slowest} still changed after ${duration(longestMs)}, as late as it could tell.`,
    bounded: `${length}, which is all that the budget allows: in the pilot ${slowest} settled after ${duration(longestMs)}.`,
    executions: `${length}, until each instance has executed often enough: in the pilot ${names(told.map(({ id }) => id))} settled ${settled}.`,
    unseen: `${length}, until each instance has executed often enough: the pilot saw too little to tell when variants settle.`,
  }[why];
}
