import type { Placement } from '../engines/placement/choose.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { InputData } from '../load/data/input-data.ts';
import { readInputData } from '../load/data/read-workload.ts';
import { isComplete } from '../modelconfig/compare.ts';
import type { Apply } from '../plan/plan.ts';
import { attachedWarnings } from './attached-warnings.ts';
import { type Candidate, makeCandidates } from './candidates.ts';
import { firstApply } from './choose-apply.ts';
import { Deployment } from './deployment.ts';
import { describeEnvironment } from './environment.ts';
import { claimHost, measuringInWords } from './host-claim.ts';
import { hostInstruments, type Instruments } from './instruments.ts';
import { makeRecord, type Seen } from './make-record.ts';
import { placeClient, placementOf } from './placing.ts';
import { preflight } from './preflight.ts';
import { type RunRecord, readRunRecord, writeRunRecord } from './record.ts';
import { readModelSource, StagedModel, stagingFolder } from './repository.ts';
import type { SweepRequest } from './request.ts';
import { checkRunFolder, makeRunFolder } from './run-folder.ts';
import { lockRun } from './run-lock.ts';
import { appliedAfter, checkConditions, checkEngine } from './same-conditions.ts';
import { resumeAt } from './time-used.ts';
import { checkUnchanged } from './unchanged.ts';
import { inputMd5Of, workloadSpec } from './workload-spec.ts';
import { batchSizesOf, type Workloads } from './workloads.ts';

/** All that the blocks need, with a server ready to start. Disposing of it ends the server and removes the staged model. */
export type PreparedRun = AsyncDisposable & {
  readonly record: RunRecord;
  /** The baseline and the variants that the server takes. */
  readonly candidates: readonly Candidate[];
  readonly deployment: Deployment;
  readonly workloads: Workloads;
  readonly instruments: Instruments;
  /** Other runs that measure on this host by now, in words. */
  readonly othersNow: () => readonly string[];
  readonly serverStartMs: number;
  /** On the clock of the instruments: no block begins that would end after it. */
  readonly deadlineMs: number;
};

/**
 * Checks everything that can be wrong before a server is started, then looks at each variant once and fixes the design.
 * When it fails, nothing of a new run folder is left.
 */
export async function prepareRun(request: SweepRequest): Promise<PreparedRun> {
  const { plan, folder, resume, signal, projectFolder, instruments = hostInstruments } = request;
  const startMs = instruments.clock.nowMs();
  const startedAt = instruments.clock.wallTime();
  if (!resume) checkRunFolder(folder);
  const source = readModelSource(plan.modelRepository, plan.model);
  const placement = await placementOf(plan, request.engine.kind);
  const { measured: candidates, setAside } = makeCandidates(plan, source, placement.serverCpuCount);
  const data = await readInputData(workloadSpec(plan));
  const inputMd5 = await inputMd5Of(plan);
  const environment = await describeEnvironment(source.folder, projectFolder);
  const previous = resume ? readRunRecord(folder) : undefined;
  const earlier = request.continuing?.earlier;
  const applied = previous?.applied ?? appliedAfter(earlier, plan, firstApply(plan, candidates));
  if (previous !== undefined) checkUnchanged(previous, { candidates, environment, inputMd5, placement });
  if (earlier !== undefined) checkConditions(earlier, { candidates, environment, inputMd5, placement, applied });
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const claim = await claimFor(request, previous);
  if (claim !== null) stack.use(claim);
  stack.defer(makeRunFolder(folder));
  stack.use(lockRun(folder));
  // Only the holder of the lock may look again: another run may have begun here meanwhile.
  if (!resume) checkRunFolder(folder);
  stack.use(await placeClient(placement));
  const usedMs = previous === undefined ? 0 : resumeAt(folder, previous.startedAt, startedAt);
  const staged = stack.use(new StagedModel(source, { folder: stagingFolder(folder), model: plan.model }));
  const autoCompleteConfig = !candidates.every(({ config }) => isComplete(config));
  const deployment = stack.use(deploy(request, { staged, autoCompleteConfig, placement, previous }));
  const seen = await explained(request, deployment, () =>
    lookAt(previous === undefined ? candidates : candidates.slice(0, 1), {
      request,
      deployment,
      data,
      batchSizes: batchSizesOf(plan, candidates),
      applied,
      instruments,
      deadlineMs:
        previous === undefined ? startMs + (plan.budgetMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    }),
  );
  if (earlier !== undefined) checkEngine(earlier, deployment.identity);
  const record =
    previous ??
    (await explained(request, deployment, () =>
      makeRecord(
        {
          request,
          source,
          candidates,
          setAside,
          deployment,
          applied,
          autoCompleteConfig,
          environment,
          placement,
          inputMd5,
          sharedHost: claim?.isShared === true ? { others: claim.others.map(measuringInWords) } : null,
          instruments,
          startMs,
        },
        seen,
      ),
    ));
  if (previous === undefined) writeRunRecord(folder, record);
  const accepted = new Set(
    record.looks.filter(({ outcome }) => outcome === 'accepted').map(({ variantId }) => variantId),
  );
  const resources = stack.move();
  return {
    record,
    candidates: candidates.filter(({ variant }) => accepted.has(variant.id)),
    deployment,
    workloads: seen.workloads,
    serverStartMs: seen.serverStartMs,
    instruments,
    othersNow: () => claim?.othersNow().map(measuringInWords) ?? [],
    deadlineMs: plan.budgetMs === null ? Number.POSITIVE_INFINITY : startMs + plan.budgetMs - usedMs,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** A run that was begun beside others goes on beside others. */
async function claimFor({ hostClaim, events }: SweepRequest, previous: RunRecord | undefined) {
  if (hostClaim === undefined) return null;
  const isShared = hostClaim.share || (previous?.sharedHost ?? null) !== null;
  const claim = await claimHost({ ...hostClaim, share: isShared });
  if (isShared) events.warning('the host is shared with other runs: nothing can be claimed from this one');
  const { others, othersNow } = claim;
  return { isShared, others, othersNow, [Symbol.dispose]: () => claim[Symbol.dispose]() };
}

function deploy(
  { engine, plan, signal, folder, events, instruments = hostInstruments }: SweepRequest,
  made: { staged: StagedModel; autoCompleteConfig: boolean; placement: Placement; previous: RunRecord | undefined },
): Deployment {
  const { staged, autoCompleteConfig, placement, previous } = made;
  return new Deployment({
    engine,
    choice: plan.engine,
    staged,
    model: plan.model,
    autoCompleteConfig,
    signal,
    placement,
    clock: instruments.clock,
    run: { folder, tell: events.warning },
    ...(previous === undefined ? {} : { expected: previous.engine }),
  });
}

type Looking = {
  request: SweepRequest;
  deployment: Deployment;
  data: InputData;
  batchSizes: readonly number[];
  applied: Apply;
  instruments: Instruments;
  deadlineMs: number;
};

async function lookAt(
  candidates: readonly Candidate[],
  { request, deployment, data, batchSizes, applied, instruments, deadlineMs }: Looking,
): Promise<Seen> {
  const { plan, signal, events } = request;
  const [baseline] = candidates;
  events.preparing(request.engine.kind === 'remote' ? 'reaching the server' : 'starting the server');
  const warnings: string[] = [];
  const serverStartMs = await timed(instruments, async () => {
    const server = await deployment.start();
    // What a new process costs each block is known by beginning one, by whatever command.
    if (server.attached !== undefined) await deployment.fresh();
    if (baseline !== undefined) warnings.push(...(await attachedWarnings(server, plan, baseline.config)));
    // Where it stays loaded, loading belongs to the start, and no slice takes time for it.
    if (applied === 'keep' && baseline !== undefined) await deployment.putInForce(baseline, applied);
  });
  const onVariant = (id: string): void => events.preparing(`looking at ${id}`);
  const seen = await preflight(candidates, {
    ...{ plan, data, batchSizes, deployment, apply: applied, instruments, signal },
    onVariant,
    deadlineMs,
  });
  return { ...seen, serverStartMs, warnings };
}

/** What goes wrong with a server is told as what it is due to: the user, or the server's own end. */
async function explained<T>(request: SweepRequest, deployment: Deployment, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (request.signal.aborted) throw withoutTrace(request.signal.reason, request);
    throw await deployment.causeOf(error);
  }
}

function withoutTrace(reason: unknown, { resume }: SweepRequest): unknown {
  if (!(reason instanceof Failure) || resume) return reason;
  const exit = reason.exitCode === exitCodes.terminated ? 'terminated' : 'interrupted';
  return new Failure(exit, reason.code, reason.message, { hint: 'nothing was measured yet, and nothing is kept' });
}

async function timed({ clock }: Instruments, work: () => Promise<unknown>): Promise<number> {
  const startMs = clock.nowMs();
  await work();
  return clock.nowMs() - startMs;
}
