import { baselineId, type Metric } from '../plan/plan.ts';
import type { Results, VariantResult } from '../report/results.ts';
import { diagnose } from '../stats/diagnostics.ts';
import type { SliceValue } from '../stats/order-effects.ts';
import { requestsForP99 } from './contest.ts';
import type { Decision } from './decision.ts';
import { type History, type HistoryBlock, validSlices } from './history.ts';
import { farFromFloor } from './noise-floor.ts';
import type { RunRecord } from './record.ts';
import { sliceMetric } from './values.ts';

type Diagnostic = Results['diagnostics'][number];

/** Everything that casts doubt on a run, as data with advice: of the statistics, of the measurement, of the files. */
export function diagnoseRun(
  record: RunRecord,
  history: History,
  decision: Decision,
  variants: readonly VariantResult[],
): Diagnostic[] {
  const general = record.warnings.map((message) => ({
    kind: 'files',
    variantId: null,
    message,
    advice: 'Deploy what was measured, or measure what is deployed.',
  }));
  return [
    ...general,
    ...unusualNoise(record, decision),
    ...statistical(record, history, decision),
    ...variants.flatMap(doubtsAbout),
  ];
}

function unusualNoise({ noiseFloor, design }: RunRecord, { residualSd }: Decision): Diagnostic[] {
  if (noiseFloor === null || residualSd === null) return [];
  const message = farFromFloor(noiseFloor, { residualSd, slicesPerBlock: design.slicesPerBlock });
  if (message === null) return [];
  const advice = 'See what else the host did; if it has changed for good, tritune noise looks at it anew.';
  return [{ kind: 'noise floor', variantId: null, message, advice }];
}

function statistical(record: RunRecord, history: History, { arms, verdict, stage }: Decision): Diagnostic[] {
  const baseline = arms.find(({ id }) => id === baselineId);
  if (baseline === undefined || verdict.kind === 'INVALID') return [];
  const others = arms.filter(({ id }) => id !== baselineId);
  const found = diagnose({
    baseline,
    others,
    claimed: verdict.better,
    alpha: record.plan.alpha,
    slices: sliceValues(
      history.blocks.filter((block) => block.stage === stage),
      arms.map(({ id }) => id),
      record.plan.objective.metric,
    ),
  });
  return found.map(({ kind, variantId, value, threshold, advice }) => ({
    kind,
    variantId: variantId ?? null,
    message: `${kind}: ${value.toFixed(2)} where ${threshold.toFixed(2)} is the limit`,
    advice,
  }));
}

function sliceValues(blocks: readonly HistoryBlock[], ids: readonly string[], metric: Metric): SliceValue[] {
  return blocks.flatMap(({ block, slices }) =>
    ids.flatMap((variantId) =>
      validSlices(slices, variantId).map(({ slice, measurement }) => ({
        block,
        order: slice.order,
        variantId,
        y: Math.log(sliceMetric(measurement, metric)),
      })),
    ),
  );
}

/** Pooled over all requests, a tail that few blocks have shows; in the mean over blocks it does not. */
const bimodalRatio = 1.2;
const outsideModelRatio = 0.3;

function doubtsAbout({ id, latencyNs, server, status, sliceMs }: VariantResult): Diagnostic[] {
  if (status !== 'measured') return [];
  const doubts: Diagnostic[] = [];
  const estimated = latencyNs.p99.point;
  if (estimated !== null && latencyNs.pooledP99 !== null && latencyNs.pooledP99 > bimodalRatio * estimated) {
    doubts.push({
      kind: 'bimodal tail',
      variantId: id,
      message: `its p99 over all requests is ${(latencyNs.pooledP99 / estimated).toFixed(1)} times the estimate over blocks: a few blocks have a much longer tail`,
      advice: 'Look at its histogram, and measure again on a quieter host.',
    });
  }
  if (latencyNs.requestsPerBlock < requestsForP99) {
    doubts.push({
      kind: 'few requests',
      variantId: id,
      message: `only ${latencyNs.requestsPerBlock} requests in a block: its p99 is shown, but nothing is claimed about it`,
      advice: `A p99 needs ${requestsForP99} requests per block: more slices per block${sliceMs === null ? '' : `, or longer ones than ${sliceMs} ms`}.`,
    });
  }
  const inside =
    server === null ? null : server.queueNs + server.computeInputNs + server.computeInferNs + server.computeOutputNs;
  if (
    id === baselineId &&
    inside !== null &&
    latencyNs.mean.point !== null &&
    inside < outsideModelRatio * latencyNs.mean.point
  ) {
    doubts.push({
      kind: 'outside the model',
      variantId: id,
      message: `queue and compute are only ${((inside / latencyNs.mean.point) * 100).toFixed(0)} % of its latency: the server's frontend or the client is the limit, not the model`,
      advice: 'Settings of the model can change little here: try the server flag --http-thread-count (8 by default).',
    });
  }
  return doubts;
}
