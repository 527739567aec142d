import type { Timeline } from '../load/timeline.ts';
import { type Apply, baselineId, type Plan } from '../plan/plan.ts';
import { pilotShare } from '../stats/budget.ts';
import { blockCost } from './block-cost.ts';
import type { Candidate } from './candidates.ts';
import { availableMs } from './design.ts';
import { loadOf } from './load-of.ts';
import type { Prepared } from './make-record.ts';
import { type PilotFound, type PilotTimes, passesPerProcess, runPilot } from './pilot.ts';
import { scoreOf } from './score.ts';
import { serverSets } from './server-sets.ts';
import { type Measurement, measureSlice, type SliceTiming } from './slice.ts';
import { affordableSliceMs } from './slice-length.ts';
import { type AcceptedLook, sliceCostMs, type Timing } from './timing.ts';
import { sliceMetric } from './values.ts';
import { type Warmup, type Watched, warmupFrom } from './warmup.ts';
import { type Workloads, workloadFor } from './workloads.ts';

export type Piloting = {
  readonly looks: readonly AcceptedLook[];
  /** Those of the looks. */
  readonly candidates: readonly Candidate[];
  readonly costs: Readonly<Record<string, readonly number[]>>;
  /** As planned from the looks. */
  readonly timing: Timing;
  readonly workloads: Workloads;
  readonly serverStartMs: number;
  readonly applied: Apply;
  readonly flagSetCount: number;
};

/** Without a budget. */
const unboundedPilotMs = 30_000;
/** So many times its share may a pilot take, or there is none: its least passes are made whatever they take. */
const pilotOverdraft = 2;

/** A fixed design needs no pilot: nothing in it depends on the noise. Where each variant has its level, their ladder is the pilot. */
export async function measurePilot(prepared: Prepared, piloting: Piloting): Promise<PilotFound | null> {
  const { request, deployment, instruments, startMs } = prepared;
  const { clock } = instruments;
  const { plan, signal, events } = request;
  if (plan.blocks !== null || plan.objective.kind === 'capacity') return null;
  const { looks, candidates, timing, workloads, applied } = piloting;
  const pair = pilotPair(piloting, plan);
  const beside = applied === 'colocate' ? candidatesOf(pair, candidates) : [];
  const watchMs = watchLength(pair, timing);
  const beginMs = clock.nowMs();
  const pilotMs = plan.budgetMs === null ? unboundedPilotMs : pilotShare * (startMs + plan.budgetMs - beginMs);
  const expected = timesOf(pair, { ...piloting, watchMs });
  if (plan.budgetMs !== null && passesPerProcess * expected.passMs > pilotOverdraft * pilotMs) return null;
  const load = async (id: string, own: SliceTiming): Promise<Measurement | null> => {
    signal.throwIfAborted();
    const candidate = candidates.find(({ variant }) => variant.id === id);
    const inForce = candidate === undefined ? null : await deployment.putInForce(candidate, applied);
    if (candidate === undefined || inForce === null || 'refused' in inForce) return null;
    const sent = loadOf(plan, candidate.variant);
    const workload = workloadFor(workloads, sent);
    return measureSlice({ load: sent }, inForce, own, { plan, workload, instruments, signal });
  };
  const openMs = availableMs(plan, { usedMs: beginMs - startMs });
  const mostMs = mostWarmupShare * affordableSliceMs(looks, { ...piloting, availableMs: openMs });
  events.preparing('measuring the noise of this host, and how long variants take to settle');
  return runPilot({
    variantIds: pair.map(({ variantId }) => variantId),
    clock,
    untilMs: beginMs + pilotMs,
    expected,
    objectiveOf: (measurement) => scoreOf(plan.objective, (metric) => sliceMetric(measurement, metric)),
    measure: (id, warmupMs) => load(id, { warmupMs, sliceMs: timing.sliceMs[id] ?? 300 }),
    watch: async (id) => watched(await load(id, { warmupMs: timing.warmupMs, sliceMs: watchMs, timeline: true })),
    warmupOf: (seen: readonly Watched[]): Warmup => warmupFrom(seen, { plannedMs: timing.warmupMs, mostMs }),
    fresh: applied === 'restart' ? null : () => deployment.fresh(beside),
  });
}

/** Of the time that one slice may take, all in all. */
const mostWarmupShare = 0.5;

function candidatesOf(pair: readonly AcceptedLook[], candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ variant }) => pair.some(({ variantId }) => variantId === variant.id));
}

/** The variant that asks most of the host, and the baseline; other flags than its own would start a server for each slice. */
function pilotPair({ looks, candidates, costs, applied }: Piloting, plan: Plan): AcceptedLook[] {
  const threads = (variantId: string): number => costs[variantId]?.[1] ?? 0;
  const [withBaseline = []] = applied === 'restart' ? [candidates] : serverSets(candidates, plan);
  const [demanding] = looks
    .filter(({ variantId }) => variantId !== baselineId && withBaseline.some(({ variant }) => variant.id === variantId))
    .toSorted((a, b) => threads(b.variantId) - threads(a.variantId));
  return [
    ...(demanding === undefined ? [] : [demanding]),
    ...looks.filter(({ variantId }) => variantId === baselineId),
  ];
}

/** 50 bins: enough for means of five to tell a point in the first half of them. */
const leastWatchMs = 2_500;
const mostWatchMs = 10_000;
/** That many answers tell such a point where they come slowly. */
const leastAnswers = 200;

/** Of the window, which comes after a warm-up as planned. */
function watchLength(pair: readonly AcceptedLook[], { warmupMs, sliceMs }: Timing): number {
  const slices = pair.map(({ variantId }) => 3 * (warmupMs + (sliceMs[variantId] ?? 0)));
  const answers = pair.map(({ requestsPerSecond }) => (1_000 * leastAnswers) / requestsPerSecond);
  return Math.min(mostWatchMs, Math.max(leastWatchMs, ...slices, ...answers));
}

type Expecting = Piloting & { readonly watchMs: number };

function timesOf(pair: readonly AcceptedLook[], expecting: Expecting): PilotTimes {
  const { timing, watchMs } = expecting;
  const { setupMs, roundMs } = blockCost({ ...expecting, looks: pair });
  const before = pair.map((look) => sliceCostMs(look, timing) - (timing.sliceMs[look.variantId] ?? 0));
  return {
    passMs: roundMs(pair.length),
    watchMs: watchMs + Math.max(...before),
    freshMs: setupMs(pair.length),
  };
}

function watched(measurement: Measurement | null): Timeline | null {
  return measurement === null || measurement.invalid.length > 0 ? null : (measurement.timeline ?? null);
}
