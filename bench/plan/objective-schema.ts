import { z } from 'zod';
import { defaultLevels, levelMost, levelsMost } from './levels.ts';
import { directionOf } from './objective.ts';
import type { Constraint, Metric, Objective } from './plan.ts';
import { durationMs } from './quantity-schema.ts';

const objectiveForms =
  'write { maximize: throughput }, { minimize: latency.p99 }, { weighted: { throughput: 0.7, latency.p99: 0.3 } } or { capacity: { where: { latency.p99: 5ms } } }';

const latencyMetrics = ['latency.mean', 'latency.p50', 'latency.p90', 'latency.p95', 'latency.p99'] as const;
const minimizable = [...latencyMetrics, 'cost'] as const;

const weightRange = 'a weight is a number above 0 and at most 1';
const weight = z.number({ error: weightRange }).gt(0, weightRange).max(1, weightRange).optional();

const weighted = z
  .strictObject(
    { throughput: weight, ...byLatency(weight), cost: weight },
    {
      error: 'weighted gives each metric its weight: { throughput: 0.7, latency.p99: 0.3 }',
    },
  )
  .superRefine((weights, context) => {
    const total = Object.values(weights).reduce<number>((sum, each) => sum + (each ?? 0), 0);
    const few = 'weighs two metrics at least; one alone is { maximize: throughput } or { minimize: latency.p99 }';
    const message = `the weights sum to ${Number(total.toFixed(9))}, and must sum to 1`;
    if (Object.keys(weights).length < 2) context.addIssue({ code: 'custom', message: few });
    else if (Math.abs(total - 1) > 1e-9) context.addIssue({ code: 'custom', message });
  });

const whereForm = 'where gives latencies their limits: { latency.p99: 5ms }';
const level = z
  .int({ error: `a level is a whole number of requests outstanding, from 1 to ${levelMost}` })
  .min(1, 'a level is at least 1')
  .max(levelMost, `a level is at most ${levelMost}`);

const capacity = z
  .strictObject(
    {
      where: z
        .strictObject(byLatency(durationMs.optional()), { error: whereForm })
        .refine((limits) => Object.keys(limits).length > 0, whereForm),
      levels: z
        .array(level, { error: 'levels is a list of requests outstanding: [1, 2, 4, 8, 16]' })
        .min(2, 'a variant chooses its level from two at least')
        .max(levelsMost, `at most ${levelsMost} levels`)
        .refine((levels) => levels.every((each, at) => each > (levels[at - 1] ?? 0)), 'levels ascend, none comes twice')
        .default([...defaultLevels]),
    },
    { error: 'write capacity: { where: { latency.p99: 5ms } }' },
  )
  .transform(({ where, levels }): Objective => {
    const limits = latencyMetrics.flatMap((metric) => {
      const atMostMs = where[metric];
      return atMostMs === undefined ? [] : [{ metric, atMostNs: atMostMs * 1e6 }];
    });
    return { kind: 'capacity', limits, levels };
  });

/** What better means, as a plan writes it. */
export const objective = z
  .strictObject(
    {
      maximize: z.literal('throughput', { error: 'only throughput can be maximized' }).optional(),
      minimize: z.enum(minimizable, { error: `minimize is one of ${minimizable.join(', ')}` }).optional(),
      weighted: weighted.optional(),
      capacity: capacity.optional(),
    },
    { error: objectiveForms },
  )
  .refine((value) => Object.keys(value).length === 1, `has one of these forms: ${objectiveForms}`)
  .transform(({ minimize, weighted: weights, capacity: asCapacity }): Objective => {
    if (asCapacity !== undefined) return asCapacity;
    if (minimize !== undefined) return { kind: 'single', direction: 'minimize', metric: minimize };
    if (weights === undefined) return { kind: 'single', direction: 'maximize', metric: 'throughput' };
    const terms = (Object.entries(weights) as [Metric, number][]).map(([metric, share]) => ({
      direction: directionOf(metric),
      metric,
      weight: share,
    }));
    return { kind: 'weighted', terms };
  });

const atMost = z.strictObject({ atMost: durationMs }, { error: 'write a limit such as { atMost: 20ms }' }).optional();
const atLeast = z
  .strictObject(
    { atLeast: z.number({ error: 'atLeast is a number of inferences per second' }).gt(0, 'atLeast is above 0') },
    { error: 'write a limit such as { atLeast: 1000 }, in inferences per second' },
  )
  .optional();

const costMessage = 'atMost of cost is a number of CPU seconds per 1000 inferences, above 0';
const atMostCost = z
  .strictObject(
    { atMost: z.number({ error: costMessage }).gt(0, costMessage) },
    { error: 'write a limit such as { atMost: 0.3 }, in CPU seconds per 1000 inferences' },
  )
  .optional();

/** Limits by metric, as a plan writes them: latencies as durations, throughput in inferences per second, cost in CPU seconds per 1000. */
export const constraints = z
  .strictObject(
    { throughput: atLeast, ...byLatency(atMost), cost: atMostCost },
    {
      error: 'constraints give metrics their limits: { latency.p99: { atMost: 20ms } }',
    },
  )
  .transform(({ throughput, cost, ...latencies }): Constraint[] => [
    ...latencyMetrics.flatMap((metric) => {
      const limit = latencies[metric];
      return limit === undefined ? [] : [{ metric, atMostNs: limit.atMost * 1e6 }];
    }),
    ...(throughput === undefined ? [] : [{ metric: 'throughput', atLeastPerSecond: throughput.atLeast } as const]),
    ...(cost === undefined ? [] : [{ metric: 'cost', atMostCpuSeconds: cost.atMost } as const]),
  ]);

function byLatency<Latency extends z.ZodType>(latency: Latency) {
  return {
    'latency.mean': latency,
    'latency.p50': latency,
    'latency.p90': latency,
    'latency.p95': latency,
    'latency.p99': latency,
  };
}
