import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { readCsv } from '../load/input.ts';
import { isComplete } from '../modelconfig/compare.ts';
import type { Plan } from '../plan/plan.ts';
import { version } from '../version.ts';
import { type Candidate, costOf, makeCandidates } from './candidates.ts';
import { Deployment } from './deployment.ts';
import { designRun } from './design.ts';
import { describeEnvironment } from './environment.ts';
import { checkPointers } from './pointers.ts';
import { type Preflight, preflight } from './preflight.ts';
import { hasRunRecord, type RunRecord, readRunRecord, writeRunRecord } from './record.ts';
import { type ModelSource, readModelSource, StagedModel } from './repository.ts';
import type { Workload } from './slice.ts';
import type { SweepRequest } from './sweep.ts';

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
  const { plan, folder, resume } = request;
  const startMs = performance.now();
  if (!resume) checkFolder(folder);
  const source = readModelSource(plan.modelRepository, plan.model);
  const candidates = makeCandidates(plan, source);
  const rows = await readCsv(plan.load.input);
  const previous = resume ? readRunRecord(folder) : undefined;
  if (previous !== undefined) checkUnchanged(previous, candidates, folder);
  await using stack = new AsyncDisposableStack();
  if (!resume) stack.defer(() => removeUnfinished(folder));
  makeFolder(folder);
  const staged = stack.use(new StagedModel(source, { folder: join(folder, 'repository'), model: plan.model }));
  const autoCompleteConfig = !candidates.every(({ config }) => isComplete(config));
  const { engine, signal, events } = request;
  const deployment = stack.use(
    new Deployment({ engine, choice: plan.engine, staged, model: plan.model, autoCompleteConfig, signal }),
  );
  const applied = applyOf(plan);
  events.preparing('starting the server');
  const serverStartMs = await timed(() => deployment.start());
  const { looks, workload } = await preflight(previous === undefined ? candidates : candidates.slice(0, 1), {
    plan,
    rows,
    deployment,
    apply: applied,
    signal,
    onVariant: (id) => events.preparing(`looking at ${id}`),
  });
  const record =
    previous ??
    (await makeRecord({ request, source, candidates, looks, deployment, serverStartMs, startMs, autoCompleteConfig }));
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
    deadlineMs: plan.budgetMs === null || resume ? Number.POSITIVE_INFINITY : startMs + plan.budgetMs,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
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
}: Making): Promise<RunRecord> {
  const { plan, planFile, planSource, command, events, projectFolder } = request;
  const accepted = looks.filter((look) => look.outcome === 'accepted');
  if (accepted.length < 2) {
    const reasons = looks.flatMap((look) => (look.outcome === 'refused' ? [`${look.variantId}: ${look.reason}`] : []));
    throw new Failure('server', 'all-refused', `the server takes none of the variants: ${reasons.join('; ')}`, {
      hint: 'nothing is left to compare with the baseline: change the settings',
    });
  }
  const engine = deployment.identity;
  if (engine === undefined) throw new Error('the server was started, but its identity is not known');
  const pointers = await checkPointers(source.folder, [plan.load.input]);
  const warnings = pointers.filter(({ outcome }) => outcome !== 'same').map(({ detail }) => detail);
  for (const warning of warnings) events.warning(warning);
  const costs = Object.fromEntries(
    candidates.map(({ variant, config }) => [variant.id, costOf(config, cpus().length)]),
  );
  const instances = Object.fromEntries(Object.entries(costs).map(([id, cost]) => [id, cost[0] ?? 1]));
  return {
    schemaVersion: 1,
    tool: { version },
    startedAt: new Date(Date.now() - (performance.now() - startMs)).toISOString(),
    plan,
    planFile,
    planSource,
    command,
    engine,
    applied: applyOf(plan),
    autoCompleteConfig,
    design: designRun(plan, { looks: accepted, instances, serverStartMs, usedMs: performance.now() - startMs }),
    looks,
    configs: Object.fromEntries(candidates.map(({ variant, configText }) => [variant.id, configText])),
    costs,
    environment: await describeEnvironment(source.folder, projectFolder),
    warnings,
  };
}

function applyOf({ apply }: Plan): 'reload' | 'restart' {
  if (apply === 'colocate') {
    throw new Failure('usage', 'plan', 'apply: colocate is not for the blocks that a verdict rests on', {
      hint: 'write apply: auto, reload or restart',
    });
  }
  return apply === 'restart' ? 'restart' : 'reload';
}

function checkFolder(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new Failure('usage', 'out', `${folder} is not empty`, {
      hint: hasRunRecord(folder)
        ? `go on with it: tritune sweep --resume ${folder}`
        : 'name a folder that does not exist yet',
    });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Failure('usage', 'out', `${folder} cannot be made: ${messageOf(error)}`, { cause: error });
  }
}

function removeUnfinished(folder: string): void {
  if (!hasRunRecord(folder)) rmSync(folder, { recursive: true, force: true });
}

function checkUnchanged(record: RunRecord, candidates: readonly Candidate[], folder: string): void {
  const changed = candidates
    .filter(({ variant, configText }) => record.configs[variant.id] !== configText)
    .map(({ variant }) => variant.id);
  if (changed.length === 0) return;
  throw new Failure(
    'results',
    'changed',
    `the configuration changed since ${folder} was begun: ${changed.join(', ')}`,
    {
      hint: 'measurements of two configurations cannot be mixed: start a new sweep',
    },
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
