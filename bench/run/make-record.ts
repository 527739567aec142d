import { basename, relative } from 'node:path';
import type { Placement } from '../engines/placement/choose.ts';
import { Failure } from '../failure.ts';
import type { Apply } from '../plan/plan.ts';
import { version } from '../version.ts';
import { type Candidate, costOf, instancesIn, type SetAside } from './candidates.ts';
import { type ApplyChoice, chooseApply, type Footprint } from './choose-apply.ts';
import type { Deployment } from './deployment.ts';
import { designFromPilot } from './design-from-pilot.ts';
import type { Environment } from './environment.ts';
import type { Instruments } from './instruments.ts';
import { measurePilot } from './measure-pilot.ts';
import { floorAbout, floorPlace, readNoiseFloor } from './noise-floor.ts';
import { checkPointers, type PointerCheck } from './pointers.ts';
import type { Preflight } from './preflight.ts';
import type { RunRecord } from './record.ts';
import type { ModelSource } from './repository.ts';
import type { SweepRequest } from './request.ts';
import { serverSets } from './server-sets.ts';
import { timingOf } from './timing.ts';
import { unboundIds } from './unbound-threads.ts';
import { inputFiles } from './workload-spec.ts';
import type { Workloads } from './workloads.ts';

/** What was prepared for a new run before its server was started. */
export type Prepared = {
  readonly request: SweepRequest;
  readonly source: ModelSource;
  readonly candidates: readonly Candidate[];
  readonly setAside: readonly SetAside[];
  readonly deployment: Deployment;
  /** How the variants were looked at. */
  readonly applied: Apply;
  readonly autoCompleteConfig: boolean;
  readonly environment: Environment;
  readonly placement: Placement;
  readonly sharedHost: RunRecord['sharedHost'];
  readonly inputMd5: string;
  readonly instruments: Instruments;
  /** On the clock of the instruments. */
  readonly startMs: number;
};

/** What one look at each variant on a running server showed. */
export type Seen = {
  readonly looks: readonly Preflight[];
  /** Of the accepted ones. */
  readonly footprints: readonly Footprint[];
  readonly workloads: Workloads;
  readonly serverStartMs: number;
  /** About the server, for the report. */
  readonly warnings: readonly string[];
};

/**
 * Measures the host's noise where the design depends on it, and fixes the design: what `run.json` says from then on.
 * @throws Failure (server) where the server takes none of the variants.
 */
export async function makeRecord(prepared: Prepared, seen: Seen): Promise<RunRecord> {
  const { request, source, candidates, setAside, deployment, environment, placement, startMs } = prepared;
  const { looks, workloads, serverStartMs } = seen;
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
  for (const warning of [...warnings, ...seen.warnings]) events.warning(warning);
  const costs = Object.fromEntries(
    candidates.map(({ variant, config }) => [variant.id, costOf(config, placement.serverCpuCount)]),
  );
  const timing = timingOf(plan, accepted, instancesIn(costs));
  const taken = candidates.filter(({ variant }) => accepted.some(({ variantId }) => variantId === variant.id));
  const flagSetCount = serverSets(taken, plan).length;
  const { applied, ...apply } = await settleApply(
    request.continuing === null
      ? chooseApply(plan, {
          looked: prepared.applied,
          looks: accepted,
          timing,
          footprints: seen.footprints,
          freeBytes: process.availableMemory(),
          flagSetCount,
          isAttached: engine.kind === 'remote',
        })
      : { ...request.continuing.earlier.record.apply, applied: prepared.applied },
    { candidates: taken, deployment, events },
  );
  const found = await measurePilot(prepared, {
    ...{ looks: accepted, candidates: taken, costs, timing, workloads, serverStartMs, applied, flagSetCount },
  });
  const kept = readNoiseFloor(floorPlace(request.stateFolder, environment, engine));
  const noiseFloor = floorAbout(plan.objective, kept);
  const usedMs = clock.nowMs() - startMs;
  return {
    schemaVersion: 1,
    tool: { version },
    startedAt: new Date(clock.wallTime().getTime() - (clock.nowMs() - startMs)).toISOString(),
    plan,
    planFile,
    planSource,
    command,
    folder: request.shownFolder,
    continues: request.continuing?.continues ?? null,
    engine,
    applied,
    apply,
    autoCompleteConfig: prepared.autoCompleteConfig,
    after: { soak: request.soak },
    design: designFromPilot(plan, {
      looks: accepted,
      timing,
      found,
      noiseFloor,
      serverStartMs,
      applied,
      flagSetCount,
      usedMs,
      soak: request.soak,
    }),
    looks,
    setAside,
    pilot: found?.pilot ?? null,
    noiseFloor,
    configs: Object.fromEntries(candidates.map(({ variant, configText }) => [variant.id, configText])),
    costs,
    environment: { ...environment, dvc: dvcState(pointers, source.folder) },
    placement: { ...placement, unboundIds: unboundIds(taken, placement) },
    sharedHost: prepared.sharedHost,
    inputMd5: prepared.inputMd5,
    warnings,
    ...(seen.warnings.length === 0 ? {} : { serverWarnings: seen.warnings }),
  };
}

/** By file: whether it is what its pointer says. */
function dvcState(pointers: readonly PointerCheck[], modelFolder: string): Record<string, string> {
  return Object.fromEntries(
    pointers.map(({ file, outcome }) => {
      const name = relative(modelFolder, file);
      return [name.startsWith('..') ? basename(file) : name, outcome];
    }),
  );
}

type Settling = {
  readonly candidates: readonly Candidate[];
  readonly deployment: Deployment;
  readonly events: SweepRequest['events'];
};

/** Copies that were chosen without being asked for are tried once, all of them on one server: else there is reloading. */
async function settleApply(choice: ApplyChoice, { candidates, deployment, events }: Settling): Promise<ApplyChoice> {
  if (choice.applied !== 'colocate' || choice.because === 'asked') return choice;
  events.preparing('loading all variants side by side');
  await deployment.fresh(candidates);
  for (const candidate of candidates) {
    const inForce = await deployment.putInForce(candidate, 'colocate');
    if (!('refused' in inForce)) continue;
    await deployment.fresh();
    return { ...choice, applied: 'reload', because: 'copies-refused' };
  }
  return choice;
}
