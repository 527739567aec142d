import { percentileOf, termsOf } from '../plan/objective.ts';
import type { Metric, Objective } from '../plan/plan.ts';
import { requestsNeeded } from '../stats/requests.ts';

/** What the objective makes of one block's (or slice's) metrics: their weighted logs, turned so that larger is better. */
export function scoreOf(objective: Objective, metricValue: (metric: Metric) => number): number {
  return termsOf(objective).reduce(
    (sum, { direction, metric, weight }) =>
      sum + (direction === 'maximize' ? weight : -weight) * Math.log(metricValue(metric)),
    0,
  );
}

const known = new Map<Metric, number>();

/** The requests that a block needs before something is claimed about a metric: 662 of a p99, 0 of what is no percentile. */
export function requestsFor(metric: Metric): number {
  const percentile = percentileOf(metric);
  const needed = known.get(metric) ?? (percentile === null ? 0 : requestsNeeded(percentile));
  known.set(metric, needed);
  return needed;
}

/** The requests that a block needs before something is claimed about an objective. */
export function requestsForObjective(objective: Objective): number {
  return Math.max(...termsOf(objective).map(({ metric }) => requestsFor(metric)));
}
