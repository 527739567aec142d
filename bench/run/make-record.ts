import { cpus } from 'node:os';
import { Failure } from '../failure.ts';
import type { Plan } from '../plan/plan.ts';
import { type Evidence, type Noise, noiseFrom } from '../stats/components.ts';
import { version } from '../version.ts';
import { type Candidate, costOf, type SetAside } from './candidates.ts';
import type { Deployment } from './deployment.ts';
import { closingMs, type Design, designRun } from './design.ts';
import type { Environment } from './environment.ts';
import { measurePilot } from './measure-pilot.ts';
import { floorEvidence, floorPlace, type NoiseFloor, readNoiseFloor } from './noise-floor.ts';
import type { PilotFound } from './pilot.ts';
import { checkPointers } from './pointers.ts';
import type { Preflight } from './preflight.ts';
import type { RunRecord } from './record.ts';
import type { ModelSource } from './repository.ts';
import type { SweepRequest } from './request.ts';
import type { Workload } from './slice.ts';
import { affordable, lengthened } from './slice-length.ts';
import { type AcceptedLook, type Timing, timingOf } from './timing.ts';
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
  /** On the clock of performance.now(). */
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
  const found = await measurePilot(prepared, { looks: accepted, costs, timing, workload, serverStartMs });
  const noiseFloor = readNoiseFloor(floorPlace(request.stateFolder, environment, engine));
  const usedMs = performance.now() - startMs;
  return {
    schemaVersion: 1,
    tool: { version },
    startedAt: new Date(Date.now() - (performance.now() - startMs)).toISOString(),
    plan,
    planFile,
    planSource,
    command,
    engine,
    applied,
    autoCompleteConfig: prepared.autoCompleteConfig,
    after: { soak: request.soak },
    design: designFrom(plan, {
      looks: accepted,
      timing,
      found,
      noise: noiseOf(found?.evidence ?? null, noiseFloor, plan),
      serverStartMs,
      usedMs,
    }),
    looks,
    setAside,
    pilot: found?.pilot ?? null,
    noiseFloor,
    configs: Object.fromEntries(candidates.map(({ variant, configText }) => [variant.id, configText])),
    costs,
    environment,
    inputMd5: prepared.inputMd5,
    warnings,
  };
}

/**
 * The pilot's evidence together with that of the host's noise floor, which knows more blocks but another day; the floor alone
 * where there was no time for a pilot. Null where the host was never looked at.
 */
function noiseOf(pilot: readonly Evidence[] | null, floor: NoiseFloor | null, { model }: Plan): Noise | null {
  const kept = floor === null || (pilot !== null && floor.model !== model) ? [] : [floorEvidence(floor)];
  return noiseFrom([...(pilot ?? []), ...kept]);
}

type Designing = {
  readonly looks: readonly AcceptedLook[];
  readonly timing: Timing;
  readonly found: PilotFound | null;
  readonly noise: Noise | null;
  readonly serverStartMs: number;
  readonly usedMs: number;
};

/** With the warm-up and the slices that the pilot asks for, as far as the budget pays for them. */
function designFrom(plan: Plan, { looks, timing, found, ...costs }: Designing): Design {
  if (plan.blocks !== null) return designRun(plan, { looks, timing, ...costs });
  const wanted =
    found === null
      ? timing
      : lengthened({ ...timing, warmupMs: found.pilot.warmup.ms }, looks, found.pilot.samplingRatio);
  const { serverStartMs, usedMs } = costs;
  const availableMs = plan.budgetMs === null ? Number.POSITIVE_INFINITY : plan.budgetMs - usedMs - closingMs;
  const paid = affordable(wanted, looks, { serverStartMs, availableMs });
  const design = designRun(plan, { looks, timing: paid, ...costs });
  const isCut = looks.some(({ variantId }) => (paid.sliceMs[variantId] ?? 0) < (timing.sliceMs[variantId] ?? 0));
  return isCut ? { ...design, reduced: ['slice length', ...design.reduced] } : design;
}
