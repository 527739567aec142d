import type { VariantResult } from '../report/results.ts';
import type { Finding } from './finding.ts';
import { requestsFor } from './score.ts';

/** Pooled over all requests, a tail that few blocks have shows; in the mean over blocks it does not. */
const bimodalRatio = 1.2;
const outsideModelRatio = 0.3;
const requestsForP99 = requestsFor('latency.p99');

/** What the numbers of the variants themselves cast doubt on. */
export function diagnoseVariants(variants: readonly VariantResult[]): Finding[] {
  const measured = variants.filter(({ status }) => status === 'measured');
  return [...measured.flatMap(bimodalTail), ...measured.flatMap(fewRequests), ...measured.flatMap(outsideTheModel)];
}

function bimodalTail({ id, latencyNs }: VariantResult): Finding[] {
  const { p99, pooledP99 } = latencyNs;
  if (p99.point === null || pooledP99 === null || pooledP99 <= bimodalRatio * p99.point) return [];
  return [
    {
      kind: 'bimodal tail',
      variantId: id,
      what: 'a few blocks have a much longer tail than the others; the p99 over all requests by the estimate over blocks',
      value: (pooledP99 / p99.point).toFixed(1),
      advice: 'Look at the histograms, and measure again on a quieter host.',
    },
  ];
}

function fewRequests({ id, latencyNs }: VariantResult): Finding[] {
  if (latencyNs.requestsPerBlock >= requestsForP99) return [];
  return [
    {
      kind: 'few requests',
      variantId: id,
      what: 'too few requests in a block to claim anything about a p99, which is shown all the same',
      value: String(latencyNs.requestsPerBlock),
      advice: `A p99 needs ${requestsForP99} requests per block: more slices per block, or a higher load.`,
    },
  ];
}

function outsideTheModel({ id, baseline, latencyNs, server }: VariantResult): Finding[] {
  const mean = latencyNs.mean.point;
  if (!baseline || server === null || mean === null) return [];
  const inside = server.queueNs + server.computeInputNs + server.computeInferNs + server.computeOutputNs;
  if (inside >= outsideModelRatio * mean) return [];
  return [
    {
      kind: 'outside the model',
      variantId: id,
      what: "the server's frontend or the client is the limit, not the model; queue and compute by the latency",
      value: `${((inside / mean) * 100).toFixed(0)} %`,
      advice:
        'Settings of the model can change little here: try a flag of the server as a variant, server.http-thread-count (8 by default), over gRPC server.grpc-infer-thread-count (2).',
    },
  ];
}
