import { cpus } from 'node:os';
import { exitCodes, Failure } from '../failure.ts';
import type { InputData } from '../load/data/input-data.ts';
import { readInputData } from '../load/data/read-workload.ts';
import { isComplete } from '../modelconfig/compare.ts';
import { baselineId, type Plan } from '../plan/plan.ts';
import { pilotShare } from '../stats/budget.ts';
import { version } from '../version.ts';
import { loadOf } from './block.ts';
import { type Candidate, costOf, makeCandidates, type SetAside } from './candidates.ts';
import { Deployment } from './deployment.ts';
import { designRun } from './design.ts';
import { describeEnvironment, type Environment } from './environment.ts';
import { readJournal } from './journal.ts';
import { floorPlace, type NoiseFloor, readNoiseFloor } from './noise-floor.ts';
import { type Pilot, runPilot } from './pilot.ts';
import { checkPointers } from './pointers.ts';
import { type Preflight, preflight } from './preflight.ts';
import { type RunRecord, readRunRecord, writeRunRecord } from './record.ts';
import { type ModelSource, readModelSource, StagedModel, stagingFolder } from './repository.ts';
import type { SweepRequest } from './request.ts';
import { checkRunFolder, makeRunFolder } from './run-folder.ts';
import { lockRun } from './run-lock.ts';
import { scoreOf } from './score.ts';
import { measureSlice, type Workload } from './slice.ts';
import { type Timing, timingOf } from './timing.ts';
import { checkUnchanged } from './unchanged.ts';
import { sliceMetric } from './values.ts';
import { inputFiles, inputMd5Of, workloadSpec } from './workload-spec.ts';

/** All that the blocks need, with a server ready to start. Disposing of it ends the server and removes the staged model. */
export type PreparedRun = AsyncDisposable & {
  readonly record: RunRecord;
  /** The baseline and the variants that the server takes. */
  readonly candidates: readonly Candidate[];
  readonly deployment: Deployment;
  readonly workload: Workload;
  /** On the clock of performance.now(): no block begins that would end after it. */
  readonly deadlineMs: number;
};

/**
 * Checks everything that can be wrong before a server is started, then looks at each variant once and fixes the design.
 * When it fails, nothing of a new run folder is left.
 */
export async function prepareRun(request: SweepRequest): Promise<PreparedRun> {
  const { plan, folder, resume, signal, projectFolder } = request;
  const startMs = performance.now();
  const applied = applyOf(plan);
  if (!resume) checkRunFolder(folder);
  const source = readModelSource(plan.modelRepository, plan.model);
  const { measured: candidates, setAside } = makeCandidates(plan, source, cpus().length);
  const data = await readInputData(workloadSpec(plan));
  const inputMd5 = await inputMd5Of(plan);
  const environment = await describeEnvironment(source.folder, projectFolder);
  const previous = resume ? readRunRecord(folder) : undefined;
  if (previous !== undefined) checkUnchanged(previous, { candidates, environment, inputMd5 });
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  stack.defer(makeRunFolder(folder));
  stack.use(lockRun(folder));
  // Only the holder of the lock may look again: another run may have begun here meanwhile.
  if (!resume) checkRunFolder(folder);
  const staged = stack.use(new StagedModel(source, { folder: stagingFolder(folder), model: plan.model }));
  const autoCompleteConfig = !candidates.every(({ config }) => isComplete(config));
  const deployment = stack.use(deploy(request, { staged, autoCompleteConfig, previous }));
  const { looks, workload, serverStartMs } = await lookAt(
    previous === undefined ? candidates : candidates.slice(0, 1),
    {
      request,
      deployment,
      data,
      applied,
    },
  );
  const record =
    previous ??
    (await makeRecord({
      request,
      source,
      candidates,
      looks,
      deployment,
      serverStartMs,
      startMs,
      autoCompleteConfig,
      environment,
      inputMd5,
      setAside,
      workload,
      applied,
    }));
  if (previous === undefined) writeRunRecord(folder, record);
  const accepted = new Set(
    record.looks.filter(({ outcome }) => outcome === 'accepted').map(({ variantId }) => variantId),
  );
  const resources = stack.move();
  return {
    record,
    candidates: candidates.filter(({ variant }) => accepted.has(variant.id)),
    deployment,
    workload,
    deadlineMs:
      plan.budgetMs === null
        ? Number.POSITIVE_INFINITY
        : startMs + plan.budgetMs - (resume ? usedBefore(folder, record) : 0),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function deploy(
  { engine, plan, signal }: SweepRequest,
  made: { staged: StagedModel; autoCompleteConfig: boolean; previous: RunRecord | undefined },
): Deployment {
  const { staged, autoCompleteConfig, previous } = made;
  return new Deployment({
    engine,
    choice: plan.engine,
    staged,
    model: plan.model,
    autoCompleteConfig,
    signal,
    ...(previous === undefined ? {} : { expected: previous.engine }),
  });
}

/** Time of the budget that the run used until it was interrupted. */
function usedBefore(folder: string, { startedAt }: RunRecord): number {
  const last = readJournal(folder).findLast((line) => 'at' in line)?.at ?? startedAt;
  return Math.max(0, Date.parse(last) - Date.parse(startedAt));
}

type Looking = {
  request: SweepRequest;
  deployment: Deployment;
  data: InputData;
  applied: 'reload' | 'restart';
};

async function lookAt(
  candidates: readonly Candidate[],
  { request, deployment, data, applied }: Looking,
): Promise<{ looks: Preflight[]; workload: Workload; serverStartMs: number }> {
  const { plan, signal, events } = request;
  try {
    events.preparing('starting the server');
    const serverStartMs = await timed(() => deployment.start());
    const onVariant = (id: string): void => events.preparing(`looking at ${id}`);
    const seen = await preflight(candidates, { plan, data, deployment, apply: applied, signal, onVariant });
    return { ...seen, serverStartMs };
  } catch (error) {
    if (signal.aborted) throw withoutTrace(signal.reason, request);
    throw await deployment.causeOf(error);
  }
}

function withoutTrace(reason: unknown, { resume }: SweepRequest): unknown {
  if (!(reason instanceof Failure) || resume) return reason;
  const exit = reason.exitCode === exitCodes.terminated ? 'terminated' : 'interrupted';
  return new Failure(exit, reason.code, reason.message, { hint: 'nothing was measured yet, and nothing is kept' });
}

type Making = {
  request: SweepRequest;
  source: ModelSource;
  candidates: readonly Candidate[];
  looks: readonly Preflight[];
  deployment: Deployment;
  serverStartMs: number;
  startMs: number;
  autoCompleteConfig: boolean;
  environment: Environment;
  inputMd5: string;
  setAside: readonly SetAside[];
  workload: Workload;
  applied: 'reload' | 'restart';
};

async function makeRecord({
  request,
  source,
  candidates,
  looks,
  deployment,
  serverStartMs,
  startMs,
  autoCompleteConfig,
  environment,
  inputMd5,
  setAside,
  workload,
  applied,
}: Making): Promise<RunRecord> {
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
  const pilot = await pilotOf({ request, candidates, costs, deployment, timing, workload, applied, startMs });
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
    autoCompleteConfig,
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
    inputMd5,
    warnings,
  };
}

/** Where there was no time for a pilot, what the host was seen to have; null where it was never looked at. */
function sliceSdOf(floor: NoiseFloor | null): number | null {
  return floor === null ? null : floor.residualSd * Math.sqrt(floor.slicesPerBlock);
}

type Piloting = Pick<Making, 'request' | 'candidates' | 'deployment' | 'workload' | 'applied' | 'startMs'> & {
  costs: Readonly<Record<string, readonly number[]>>;
  timing: Timing;
};

/** A fixed design needs no pilot: nothing in it depends on the noise. */
async function pilotOf(making: Piloting): Promise<Pilot | null> {
  const { request, candidates, costs, deployment, timing, workload, applied, startMs } = making;
  const { plan, signal, events } = request;
  if (plan.blocks !== null) return null;
  const accepted = candidates.filter(({ variant }) => timing.sliceMs[variant.id] !== undefined);
  const demanding = accepted
    .slice(1)
    .toSorted((a, b) => (costs[b.variant.id]?.[1] ?? 0) - (costs[a.variant.id]?.[1] ?? 0))[0];
  const ids = [baselineId, ...(demanding === undefined ? [] : [demanding.variant.id])];
  events.preparing('measuring the noise of this host');
  return runPilot({
    variantIds: ids,
    untilMs: plan.budgetMs === null ? Number.POSITIVE_INFINITY : startMs + pilotShare * plan.budgetMs,
    objectiveOf: (measurement) => scoreOf(plan.objective, (metric) => sliceMetric(measurement, metric)),
    measure: async (id) => {
      signal.throwIfAborted();
      const candidate = accepted.find(({ variant }) => variant.id === id);
      const inForce = candidate === undefined ? null : await deployment.putInForce(candidate, applied);
      if (inForce === null || 'refused' in inForce) return null;
      const own = { warmupMs: timing.warmupMs, sliceMs: timing.sliceMs[id] ?? 300 };
      return measureSlice({ load: loadOf(plan) }, inForce, own, { plan, workload, signal });
    },
  });
}

/** @throws Failure (usage) for a plan whose way to put variants in force is not for its blocks. */
export function applyOf({ apply }: Plan): 'reload' | 'restart' {
  if (apply === 'colocate') {
    throw new Failure('usage', 'plan', 'apply: colocate is not for the blocks that a verdict rests on', {
      hint: 'write apply: auto, reload or restart',
    });
  }
  return apply === 'restart' ? 'restart' : 'reload';
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
