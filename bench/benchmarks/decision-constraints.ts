import type { Random } from '../random.ts';
import { checkShareAbove, type RequestCounts } from '../stats/constraints.ts';
import { normalQuantile } from '../stats/normal.ts';
import { procedureRules } from '../stats/procedure.ts';
import type { Tally } from './decision-tally.ts';

const slicesPerBlock = 4;
const requestsPerSlice = 3000;

/**
 * How a "p99 <= limit" is broken: `edge`, 1.02 % of all requests are above the limit, more in some slices than in others;
 * `stalls`, one slice in twenty stalls by 30 ms for a quarter of its requests, and hardly any other request is above it.
 */
export type Breach = 'edge' | 'stalls';

/**
 * One variant that breaks its constraint, seen at each look of a sweep: whether it was held to keep it at any of them.
 * `blind`: without the rule on the number of slices.
 */
export function breach(kind: Breach, random: Random): Tally {
  const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
  const blocks: RequestCounts[] = [];
  let [passed, passedBlind] = [0, 0];
  for (const look of procedureRules.looks) {
    while (blocks.length < look) {
      const slices = Array.from({ length: slicesPerBlock }, () => shareOf(kind, random, normal));
      const above = slices.reduce(
        (sum, share) => sum + Math.min(requestsPerSlice, Math.round(share * requestsPerSlice)),
        0,
      );
      blocks.push({ aboveLimit: above, failed: 0, total: slicesPerBlock * requestsPerSlice });
    }
    const rules = { alpha: 0.05, constraintCount: 1, variantCount: 2 };
    if (checkShareAbove(blocks, 0.01, { ...rules, slicesPerBlock }).outcome === 'holds') passed = 1;
    if (checkShareAbove(blocks, 0.01, rules).outcome === 'holds') passedBlind = 1;
  }
  return { sweeps: 1, passed, passedBlind };
}

function shareOf(kind: Breach, random: Random, normal: () => number): number {
  if (kind === 'stalls') return random.next() < 0.05 ? 0.25 : 0.0005;
  return 0.0102 * Math.exp(0.3 * normal() - 0.045);
}
