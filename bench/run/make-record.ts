import { cpus } from 'node:os';
import { Failure } from '../failure.ts';
import type { Applied } from '../plan/plan.ts';
import { version } from '../version.ts';
import { type Candidate, costOf, type SetAside } from './candidates.ts';
import type { Deployment } from './deployment.ts';
import { designFromPilot } from './design-from-pilot.ts';
import type { Environment } from './environment.ts';
import { measurePilot } from './measure-pilot.ts';
import { floorPlace, readNoiseFloor } from './noise-floor.ts';
import { checkPointers } from './pointers.ts';
import type { Preflight } from './preflight.ts';
import type { RunRecord } from './record.ts';
import type { ModelSource } from './repository.ts';
import type { SweepRequest } from './request.ts';
import { timingOf } from './timing.ts';
import { inputFiles } from './workload-spec.ts';
import type { Workloads } from './workloads.ts';

/** What was prepared for a new run before its server was started. */
export type Prepared = {
  readonly request: SweepRequest;
  readonly source: ModelSource;
  readonly candidates: readonly Candidate[];
  readonly setAside: readonly SetAside[];
  readonly deployment: Deployment;
  readonly applied: Applied;
  readonly autoCompleteConfig: boolean;
  readonly environment: Environment;
  readonly inputMd5: string;
  /** On the clock of performance.now(). */
  readonly startMs: number;
};

/** What one look at each variant on a running server showed. */
export type Seen = {
  readonly looks: readonly Preflight[];
  readonly workloads: Workloads;
  readonly serverStartMs: number;
};

/**
 * Measures the host's noise where the design depends on it, and fixes the design: what `run.json` says from then on.
 * @throws Failure (server) where the server takes none of the variants.
 */
export async function makeRecord(prepared: Prepared, { looks, workloads, serverStartMs }: Seen): Promise<RunRecord> {
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
  const found = await measurePilot(prepared, { looks: accepted, costs, timing, workloads, serverStartMs });
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
    folder: request.shownFolder,
    continues: request.continuing?.continues ?? null,
    engine,
    applied,
    autoCompleteConfig: prepared.autoCompleteConfig,
    after: { soak: request.soak },
    design: designFromPilot(plan, {
      looks: accepted,
      timing,
      found,
      noiseFloor,
      serverStartMs,
      usedMs,
      soak: request.soak,
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
