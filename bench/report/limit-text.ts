import { cpuSeconds, latency, rate } from './format.ts';
import { plainText } from './plain-text.ts';
import type { VariantResult } from './results.ts';

type Limit = Pick<VariantResult['constraints'][number], 'metric' | 'atMostNs' | 'atLeast' | 'atMostCpuSeconds'>;

/** "latency.p99 at most 20 ms", for people. */
export function limitText(limit: Limit): string {
  const { metric, atMostNs, atLeast, atMostCpuSeconds } = limit;
  const value = inItsUnit(limit, atMostNs ?? atLeast ?? atMostCpuSeconds);
  return `${plainText(metric)} ${atLeast === null ? 'at most' : 'at least'} ${value}`;
}

/** A value of what the limit is about. */
export function inItsUnit({ atMostNs, atLeast }: Limit, value: number | null): string {
  if (atMostNs !== null) return latency(value);
  return atLeast === null ? `${cpuSeconds(value)} per 1000` : rate(value);
}
