import { termsOf } from '../plan/objective.ts';
import { baselineId, type Objective, type Plan } from '../plan/plan.ts';
import type { VariantResult } from '../report/results.ts';
import type { Finding } from './finding.ts';
import { loadOfId } from './load-of.ts';

/** What latencies of variants under other loads than the baseline's do not say. */
export function diagnoseLoads(
  plan: Plan,
  objective: Objective,
  variants: readonly Pick<VariantResult, 'id' | 'status'>[],
): Finding[] {
  if (termsOf(objective).every(({ metric }) => metric === 'throughput' || metric === 'cost')) return [];
  const baseline = loadOfId(plan, baselineId);
  return variants
    .filter(({ status }) => status === 'measured' || status === 'screened out')
    .flatMap(({ id }): Finding[] => {
      const { pacing, batchSize } = loadOfId(plan, id);
      const [was, is] = [baseline.pacing.concurrency, pacing.concurrency];
      return [
        ...(is === was ? [] : [{ ...otherConcurrency, variantId: id, value: `${is} against ${was}` }]),
        ...(batchSize === baseline.batchSize
          ? []
          : [{ ...otherBatch, variantId: id, value: `${batchSize} against ${baseline.batchSize}` }]),
      ];
    });
}

const otherConcurrency = {
  kind: 'latency of other loads',
  what: "in a closed loop the mean latency is the requests outstanding divided by their rate (Little's law), so that fewer outstanding are quicker whatever the server does; outstanding",
  advice: 'Read the throughput beside the latency, or compare latencies of one concurrency.',
};

const otherBatch = {
  kind: 'latency of other batches',
  what: 'a latency is that of a whole request, which holds more or fewer inferences than one of the baseline; batch',
  advice: 'Read the throughput, which counts inferences, beside the latency.',
};
