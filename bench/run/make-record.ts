import { cpus } from 'node:os';
import { Failure } from '../failure.ts';
import { baselineId } from '../plan/plan.ts';
import { pilotShare } from '../stats/budget.ts';
import { version } from '../version.ts';
import { loadOf } from './block.ts';
import { type Candidate, costOf, type SetAside } from './candidates.ts';
import type { Deployment } from './deployment.ts';
import { designRun } from './design.ts';
import type { Environment } from './environment.ts';
import type { Instruments } from './instruments.ts';
import { floorPlace, type NoiseFloor, readNoiseFloor } from './noise-floor.ts';
import { leastPasses, type Pilot, runPilot } from './pilot.ts';
import { checkPointers } from './pointers.ts';
import type { Preflight } from './preflight.ts';
import type { RunRecord } from './record.ts';
import type { ModelSource } from './repository.ts';
import type { SweepRequest } from './request.ts';
import { scoreOf } from './score.ts';
import { measureSlice, type Workload } from './slice.ts';
import { type AcceptedLook, sliceCostMs, type Timing, timingOf } from './timing.ts';
import { sliceMetric } from './values.ts';
import { inputFiles } from './workload-spec.ts';

/** What was prepared for a new run before its server was started. */
export type Prepared = {
  readonly request: SweepRequest;
  readonly source: ModelSource;
  readonly candidates: readonly Candidate[];
  readonly setAside: readonly SetAside[];
  readonly deployment: Deployment;
  readonly applied: 'reload' | 'restart';
  readonly autoCompleteConfig: boolean;
  readonly environment: Environment;
  readonly inputMd5: string;
  readonly instruments: Instruments;
  /** On the clock of the instruments. */
  readonly startMs: number;
};

/** What one look at each variant on a running server showed. */
export type Seen = {
  readonly looks: readonly Preflight[];
  readonly workload: Workload;
  readonly serverStartMs: number;
};

/**
 * Measures the host's noise where the design depends on it, and fixes the design: what `run.json` says from then on.
 * @throws Failure (server) where the server takes none of the variants.
 */
export async function makeRecord(prepared: Prepared, { looks, workload, serverStartMs }: Seen): Promise<RunRecord> {
  const { request, source, candidates, setAside, deployment, applied, environment, startMs } = prepared;
  const { plan, planFile, planSource, command, events } = request;
  const { clock } = prepared.instruments;
  const accepted = looks.filter((look) => look.outcome === 'accepted');
  if (accepted.length < 2) {
    const reasons = looks.flatMap((look) => (look.outcome === 'refused' ? [`${look.variantId}: ${look.reason}`] : []));
    throw new Failure('server', 'all-refused', 'the server takes none of the variants', {
      hint: [...reasons.slice(0, 10), 'nothing is left to compare with the baseline: change the settings'].join('\n'),
    });
  }
  const engine = deployment.identity;
  if (engine === undefined) throw new Error('the server was started, but its identity is not known');
  const pointers = await checkPointers(source.folder, inputFiles(plan));
  const warnings = pointers.filter(({ outcome }) => outcome !== 'same').map(({ detail }) => detail);
  for (const warning of warnings) events.warning(warning);
  const costs = Object.fromEntries(
    candidates.map(({ variant, config }) => [variant.id, costOf(config, cpus().length)]),
  );
  const instances = Object.fromEntries(Object.entries(costs).map(([id, cost]) => [id, cost[0] ?? 1]));
  const timing = timingOf(plan, accepted, instances);
  const pilot = await pilotOf(prepared, { costs, looks: accepted, timing, workload });
  const noiseFloor = readNoiseFloor(floorPlace(request.stateFolder, environment, engine));
  const usedMs = clock.nowMs() - startMs;
  return {
    schemaVersion: 1,
    tool: { version },
    startedAt: new Date(clock.wallTime().getTime() - (clock.nowMs() - startMs)).toISOString(),
    plan,
    planFile,
    planSource,
    command,
    engine,
    applied,
    autoCompleteConfig: prepared.autoCompleteConfig,
    after: { soak: request.soak },
    design: designRun(plan, {
      looks: accepted,
      timing,
      sliceSd: pilot?.sliceSd ?? sliceSdOf(noiseFloor),
      serverStartMs,
      usedMs,
    }),
    looks,
    setAside,
    pilot,
    noiseFloor,
    configs: Object.fromEntries(candidates.map(({ variant, configText }) => [variant.id, configText])),
    costs,
    environment,
    inputMd5: prepared.inputMd5,
    warnings,
  };
}

/** Where there was no time for a pilot, what the host was seen to have; null where it was never looked at. */
function sliceSdOf(floor: NoiseFloor | null): number | null {
  return floor === null ? null : floor.residualSd * Math.sqrt(floor.slicesPerBlock);
}

type Piloting = {
  readonly costs: Readonly<Record<string, readonly number[]>>;
  readonly looks: readonly AcceptedLook[];
  readonly timing: Timing;
  readonly workload: Workload;
};

/** So many times its share may a pilot take, or there is none: its least passes are made whatever they take. */
const pilotOverdraft = 2;

/** A fixed design needs no pilot: nothing in it depends on the noise. */
async function pilotOf(prepared: Prepared, { costs, looks, timing, workload }: Piloting): Promise<Pilot | null> {
  const { request, candidates, deployment, applied, instruments, startMs } = prepared;
  const { plan, signal, events } = request;
  if (plan.blocks !== null) return null;
  const accepted = candidates.filter(({ variant }) => timing.sliceMs[variant.id] !== undefined);
  const demanding = accepted
    .slice(1)
    .toSorted((a, b) => (costs[b.variant.id]?.[1] ?? 0) - (costs[a.variant.id]?.[1] ?? 0))[0];
  const ids = [baselineId, ...(demanding === undefined ? [] : [demanding.variant.id])];
  const own = looks.filter(({ variantId }) => ids.includes(variantId));
  const leastMs = leastPasses * own.reduce((sum, look) => sum + sliceCostMs(look, timing), 0);
  if (plan.budgetMs !== null && leastMs > pilotOverdraft * pilotShare * plan.budgetMs) return null;
  events.preparing('measuring the noise of this host');
  return runPilot({
    variantIds: ids,
    clock: instruments.clock,
    untilMs: plan.budgetMs === null ? Number.POSITIVE_INFINITY : startMs + pilotShare * plan.budgetMs,
    objectiveOf: (measurement) => scoreOf(plan.objective, (metric) => sliceMetric(measurement, metric)),
    measure: async (id) => {
      signal.throwIfAborted();
      const candidate = accepted.find(({ variant }) => variant.id === id);
      const inForce = candidate === undefined ? null : await deployment.putInForce(candidate, applied);
      if (inForce === null || 'refused' in inForce) return null;
      const slice = { warmupMs: timing.warmupMs, sliceMs: timing.sliceMs[id] ?? 300 };
      return measureSlice({ load: loadOf(plan) }, inForce, slice, { plan, workload, instruments, signal });
    },
  });
}
