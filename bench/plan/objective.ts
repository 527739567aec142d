import type { Constraint, Metric, Objective, Plan, Term } from './plan.ts';

/** Throughput is better the larger it is, a latency and the cost the smaller. */
export function directionOf(metric: Metric): 'maximize' | 'minimize' {
  return metric === 'throughput' ? 'maximize' : 'minimize';
}

/** Every objective as weighted metrics; a single one has the weight 1. */
export function termsOf(objective: Objective): readonly Term[] {
  if (objective.kind === 'weighted') return objective.terms;
  if (objective.kind === 'capacity') return [{ direction: 'maximize', metric: 'throughput', weight: 1 }];
  const { direction, metric } = objective;
  return [{ direction, metric, weight: 1 }];
}

/** "maximize throughput", "weighted 0.7 throughput, 0.3 latency.p99", "capacity where latency.p99 at most 5 ms". */
export function objectiveText(objective: Objective): string {
  if (objective.kind === 'single') return `${objective.direction} ${objective.metric}`;
  if (objective.kind === 'capacity') return `capacity where ${objective.limits.map(constraintText).join(' and ')}`;
  return `weighted ${objective.terms.map(({ weight, metric }) => `${weight} ${metric}`).join(', ')}`;
}

/** Whether something is decided by what the server's processors spend. */
export function asksForCost({ objective, constraints }: Pick<Plan, 'objective' | 'constraints'>): boolean {
  return (
    termsOf(objective).some(({ metric }) => metric === 'cost') || constraints.some(({ metric }) => metric === 'cost')
  );
}

/** "latency.p99 at most 20 ms", "throughput at least 1000/s", "cost at most 0.3 CPU s per 1000". */
export function constraintText(constraint: Constraint): string {
  if (constraint.metric === 'cost') return `cost at most ${constraint.atMostCpuSeconds} CPU s per 1000`;
  return constraint.metric === 'throughput'
    ? `throughput at least ${constraint.atLeastPerSecond}/s`
    : `${constraint.metric} at most ${constraint.atMostNs / 1e6} ms`;
}

/** The percentile as a share: 0.99 of latency.p99; null of a metric that is none. */
export function percentileOf(metric: Metric): number | null {
  const digits = /^latency\.p(\d+)$/.exec(metric)?.[1];
  return digits === undefined ? null : Number(digits) / 100;
}

/**
 * The same objective about lower percentiles, each of which needs fewer requests, highest first: of p99 those of p95 and
 * p90. The objective itself is the first.
 */
export function withLowerPercentiles(objective: Objective): [Objective, ...Objective[]] {
  const lower: Objective[] = [];
  for (const highest of ['latency.p95', 'latency.p90'] as const) {
    const last = lower.at(-1) ?? objective;
    const capped = capPercentiles(last, highest);
    if (objectiveText(capped) !== objectiveText(last)) lower.push(capped);
  }
  return [objective, ...lower];
}

function capPercentiles(objective: Objective, highest: 'latency.p95' | 'latency.p90'): Objective {
  if (objective.kind === 'capacity') return objective;
  const cap = (metric: Metric): Metric =>
    (percentileOf(metric) ?? 0) > (percentileOf(highest) ?? 0) ? highest : metric;
  if (objective.kind === 'single') return { ...objective, metric: cap(objective.metric) };
  return { ...objective, terms: objective.terms.map((term) => ({ ...term, metric: cap(term.metric) })) };
}
