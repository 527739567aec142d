import { baselineId, type Objective } from '../plan/plan.ts';
import type { AfterResult, Results, VariantResult } from '../report/results.ts';
import { type DiagnosticKind, diagnose } from '../stats/diagnostics.ts';
import type { SliceValue } from '../stats/order-effects.ts';
import type { Decision } from './decision.ts';
import { diagnoseHost } from './diagnose-host.ts';
import { diagnoseLoads } from './diagnose-loads.ts';
import { diagnoseLosses } from './diagnose-losses.ts';
import { diagnoseServer } from './diagnose-server.ts';
import { diagnoseVariants } from './diagnose-variants.ts';
import { type Finding, mergeFindings } from './finding.ts';
import { type History, type HistoryBlock, validSlices } from './history.ts';
import { farFromFloor } from './noise-floor.ts';
import type { RunRecord } from './record.ts';
import { scoreOf } from './score.ts';
import { undecidableLimits } from './undecidable-limits.ts';
import { sliceMetric } from './values.ts';

/** Everything that casts doubt on a run, as data with advice: of the files, the statistics, the host, the client, the variants. */
export function diagnoseRun(
  record: RunRecord,
  history: History,
  decision: Decision,
  found: { readonly variants: readonly VariantResult[]; readonly after: AfterResult },
): Results['diagnostics'] {
  return mergeFindings([
    ...files(record),
    ...attachedServer(record),
    ...oneProcess(record),
    ...afterVerdict(found.after),
    ...unusualNoise(record, decision),
    ...shortWarmup(record),
    ...openLimits(record, found.variants),
    ...unboundThreads(record),
    ...statistical(record, history, decision),
    ...diagnoseHost(record, history),
    ...diagnoseLosses(record.design.objective, history, decision),
    ...diagnoseVariants(found.variants),
    ...diagnoseServer(record, history, found.variants),
    ...diagnoseLoads(record.plan, record.design.objective, found.variants),
  ]);
}

function files({ warnings }: RunRecord): Finding[] {
  const advice = 'Deploy what was measured, or measure what is deployed.';
  return warnings.map((value) => ({
    kind: 'files',
    variantId: null,
    what: 'files are not what they should be',
    value,
    advice,
  }));
}

function attachedServer({ serverWarnings = [] }: RunRecord): Finding[] {
  const advice = 'Measure on a server that nobody else uses, with the committed configuration on it.';
  const what = 'the server was there before, and is not as a sweep would have it';
  return serverWarnings.map((value) => ({ kind: 'server', variantId: null, what, value, advice }));
}

/** Blocks are what is replicated, and here the server is not. */
function oneProcess({ engine }: RunRecord): Finding[] {
  if (engine.sharedProcess !== true) return [];
  const advice =
    'Write engine.restartCommand into the plan, so that each block has a server process of its own; or repeat the sweep after the next restart.';
  const what = 'all blocks ran on one server process, so that a claim is about that process';
  return [{ kind: 'one server process', variantId: null, what, value: '', advice }];
}

function afterVerdict({ variantId, soak, client }: AfterResult): Finding[] {
  const findings: Finding[] = [];
  if (soak?.outcome === 'above') {
    findings.push({
      kind: 'short slices understate',
      variantId,
      what: 'its gain in long slices is above the interval that short ones gave',
      value: '',
      advice: 'The claim stands; for the size of the gain trust the long slices, and look at variants that came close.',
    });
  }
  for (const { transport, threads, ahead } of client?.loads.filter(({ ahead: ids }) => ids.length > 0) ?? []) {
    findings.push({
      kind: 'client-dependent',
      variantId,
      what: 'others are better than it with another client',
      value: `${transport} with ${threads === 1 ? 'one thread' : `${threads} threads`}: ${ahead.join(', ')}`,
      advice: 'Deploy it only for clients like the one of the plan, or measure with the clients that you have.',
    });
  }
  return findings;
}

function unusualNoise({ noiseFloor, design }: RunRecord, { residualSd }: Decision): Finding[] {
  if (noiseFloor === null || residualSd === null) return [];
  const what = farFromFloor(noiseFloor, { residualSd, slicesPerBlock: design.slicesPerBlock });
  if (what === null) return [];
  const advice = 'See what else the host did; if it has changed for good, tritune noise looks at it anew.';
  return [{ kind: 'noise floor', variantId: null, what, value: '', advice }];
}

/** The variants that were watched stand for the others: which of them is slow says little. */
function shortWarmup({ pilot }: RunRecord): Finding[] {
  const why = pilot?.warmup.why;
  if (why !== 'restless' && why !== 'bounded') return [];
  const what =
    why === 'restless'
      ? 'slices may begin before their variant has settled: the pilot still saw a change as late as it could tell'
      : 'slices begin before their variant has settled, as the budget allows no longer warm-up';
  const advice = 'Give the run a longer budget; the soak shows what a gain is once everything has settled.';
  return [{ kind: 'warm-up', variantId: null, what, value: '', advice }];
}

/** What was said before anything was measured, where it came true. */
function openLimits(record: RunRecord, variants: readonly VariantResult[]): Finding[] {
  const isOpen = (index: number): boolean =>
    variants.some(({ status, constraints }) => status === 'measured' && constraints[index]?.outcome === 'undecided');
  return undecidableLimits(record)
    .filter(({ index }) => isOpen(index))
    .map(({ what, advice }) => ({
      kind: 'undecidable limit',
      variantId: null,
      what: 'the plan has a limit that its blocks cannot decide',
      value: what,
      advice: `${advice.charAt(0).toUpperCase()}${advice.slice(1)}.`,
    }));
}

function unboundThreads({ placement: { unboundIds, serverCpuCount }, costs }: RunRecord): Finding[] {
  return unboundIds.map((variantId) => ({
    kind: 'unbound threads',
    variantId,
    what: `onnxruntime takes a thread for each core of the host, in every instance, where the server may use ${serverCpuCount === 1 ? 'one CPU' : `${serverCpuCount} CPUs`}`,
    value: `instances ${costs[variantId]?.[0] ?? 1}`,
    advice: 'Set parameters.intra_op_thread_count, and instances x threads to no more than these CPUs.',
  }));
}

function statistical(record: RunRecord, history: History, { arms, verdict, stage }: Decision): Finding[] {
  const baseline = arms.find(({ id }) => id === baselineId);
  if (baseline === undefined || verdict.kind === 'INVALID') return [];
  const found = diagnose({
    baseline,
    others: arms.filter(({ id }) => id !== baselineId),
    claimed: verdict.better,
    alpha: record.plan.alpha,
    slices: sliceValues(
      history.blocks.filter((block) => block.stage === stage),
      arms.map(({ id }) => id),
      record.design.objective,
    ),
  });
  return found.map(({ kind, variantId, value, threshold, advice }) => ({
    kind,
    variantId: variantId ?? null,
    what: `${inWords[kind]}, where ${threshold.toFixed(2)} is the limit`,
    value: value.toFixed(2),
    advice,
  }));
}

const inWords: Record<DiagnosticKind, string> = {
  autocorrelation: 'the correlation of differences in successive blocks',
  outlier: 'the distance of a block from the others (modified z score)',
  'sign-flip': 'the p value of a test without the normal distribution',
  position: 'the effect of the place in a block (t value)',
  'carry-over': 'the effect on what is measured just after (t value)',
  drift: "the trend of the baseline's level over the blocks (t value)",
  'unequal variance': 'the noise of the slices against that of the others (t value)',
};

function sliceValues(blocks: readonly HistoryBlock[], ids: readonly string[], objective: Objective): SliceValue[] {
  return blocks.flatMap(({ block, slices }) =>
    ids.flatMap((variantId) =>
      validSlices(slices, variantId).map(({ slice, measurement }) => ({
        block,
        order: slice.order,
        variantId,
        y: scoreOf(objective, (metric) => sliceMetric(measurement, metric)),
      })),
    ),
  );
}
