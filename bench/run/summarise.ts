import { constraintText, objectiveText } from '../plan/objective.ts';
import { baselineId } from '../plan/plan.ts';
import { describeLoad } from '../report/loads.ts';
import { type Results, schemaVersion } from '../report/results.ts';
import { afterResult, withSoak } from './after-result.ts';
import { type Decision, decideRun } from './decision.ts';
import { diagnoseRun } from './diagnostics.ts';
import { type History, readHistory } from './history.ts';
import { strainDuring } from './host-strain.ts';
import type { JournalLine } from './journal.ts';
import { frozen } from './levels.ts';
import { nextCommand, timeOfBlocks } from './next-command.ts';
import type { RunRecord } from './record.ts';
import { timeUsedMs } from './time-used.ts';
import { variantResult } from './variant-result.ts';

/** All that a run found, from its record and its journal alone: the same two always give the same results. */
export function summarise(given: RunRecord, lines: readonly JournalLine[]): Results {
  return summariseWithValues(given, lines).results;
}

/** The results with the values behind them, of each variant those of the blocks that its numbers come from. */
export function summariseWithValues(
  given: RunRecord,
  lines: readonly JournalLine[],
): { readonly results: Results; readonly values: Decision['values'] } {
  const history = readHistory(lines);
  const record = frozen(given, history);
  const decided = decideRun(record, history);
  const after = afterResult(record, history, decided);
  const decision = withSoak(decided, after);
  const { plan } = record;
  const variants = [{ id: baselineId, settings: {} }, ...plan.variants].map((variant) =>
    variantResult(variant, record, history, decision),
  );
  const finishedAt = lines.findLast((line) => 'at' in line && line.kind !== 'resumed')?.at ?? record.startedAt;
  const results: Results = {
    schemaVersion,
    tool: { name: 'tritune', version: record.tool.version },
    attempt: record.continues?.attempt ?? 1,
    continues: describeContinuation(record),
    plan: describePlan(record),
    engine: { ...record.engine, command: [...record.engine.command] },
    run: {
      applied: describeApply(record),
      placement: describePlacement(record),
      startedAt: record.startedAt,
      finishedAt,
      durationMs: timeUsedMs(lines, record.startedAt),
      complete: isComplete(history),
      procedure: record.design.procedure,
      blocksPlanned: record.design.blocks,
      screenBlocks: history.blocks.filter(({ stage }) => stage === 'screen').length,
      finalists: [...decision.finalists],
      reduced: [...record.design.reduced],
      resolvableAtStart: record.design.resolvable === null ? null : Math.expm1(record.design.resolvable),
      pilot: describePilot(record),
      slicesPerBlock: record.design.slicesPerBlock,
      screenSlices: record.design.screenSlices,
      resolvable: decision.resolvable === null ? null : Math.expm1(decision.resolvable),
      residualSd: decision.residualSd,
      warmupMs: record.design.warmupMs,
      sliceCount: history.sliceCount,
      ladderSlices: history.ladder.length,
      invalidSliceCount: variants.reduce((sum, { invalidSliceCount }) => sum + invalidSliceCount, 0),
      command: record.command,
      nextCommand: nextCommand(record, history, decision),
    },
    verdict: describeVerdict(record, history, decision),
    after,
    variants,
    diagnostics: diagnoseRun(record, history, decision, { variants, after }),
    blocks: history.blocks.map(({ block, stage, round, slices }) => ({
      block,
      stage,
      round,
      startedAt: slices[0]?.at ?? record.startedAt,
      order: slices.map(({ slice }) => slice.variantId),
      values: blockTable(decision, block),
    })),
    environment: { ...record.environment, during: strainDuring(lines) },
    config: { baseline: record.configs[baselineId] ?? '', pick: record.configs[decision.verdict.pick] ?? '' },
  };
  return { results, values: decision.values };
}

function isComplete(history: History): boolean {
  return history.ended !== null || history.unstable.has(baselineId);
}

function describePilot({ pilot }: RunRecord): Results['run']['pilot'] {
  if (pilot === null) return null;
  const { sliceSd, blockSd, sliceCount, processCount, warmup } = pilot;
  const { why, settledMs } = warmup;
  return { sliceSd, blockSd, sliceCount, processCount, warmup: { why, settledMs: { ...settledMs } } };
}

function describePlan({ plan, planFile, planSource }: RunRecord): Results['plan'] {
  const { name, model, objective, goal, budgetMs, seed, apply, expectEqual, load, constraints } = plan;
  return {
    name,
    model,
    objective: objectiveText(objective),
    constraints: constraints.map(constraintText),
    goal,
    budgetMs,
    seed,
    apply,
    expectEqual,
    load: {
      description: describeLoad(
        load,
        objective.kind === 'capacity' ? 'as many outstanding as each variant takes' : undefined,
      ),
      concurrency: load.concurrency,
      batchSize: load.batchSize,
      protocol: load.protocol,
      input: load.input,
    },
    source: planSource,
    file: planFile,
  };
}

function describeContinuation({ continues, plan }: RunRecord): Results['continues'] {
  if (continues === null) return null;
  const { folder, startedAt, sha256, alphaBefore, carried, seeded } = continues;
  // Sums of halves are exact, shares of 0.05 are not.
  const alphaOverAttempts = Number((alphaBefore + plan.alpha).toPrecision(12));
  return { folder, startedAt, sha256, alphaOverAttempts, carried: [...carried], seeded };
}

function describeVerdict(record: RunRecord, { ended }: History, decision: Decision): Results['verdict'] {
  const { verdict } = decision;
  const { plan, design } = record;
  const { kind, pick, better, bestSet, equivalent, undecided, blocks } = verdict;
  const blocksNeeded = verdict.blocksNeeded ?? null;
  const asRatio = (log: number | null): number | null => (log === null ? null : Math.expm1(log));
  return {
    objective: objectiveText(design.objective),
    kind,
    reason: verdict.reason ?? null,
    pick,
    better: [...better],
    bestSet: [...bestSet],
    tied: [...equivalent],
    largestPossibleGain: asRatio(verdict.largestPossibleGain),
    resolution: asRatio(verdict.resolution),
    undecided: [...undecided],
    blocks,
    blocksNeeded,
    minutesNeeded: blocksNeeded === null ? null : timeOfBlocks(blocksNeeded, record, decision, ended !== null) / 60_000,
    alpha: plan.alpha,
    practicalMargin: plan.practicalMargin,
  };
}

function describeApply({ applied, apply }: RunRecord): Results['run']['applied'] {
  const { because, loadRatio, neededBytes, freeBytes } = apply;
  return { way: applied, because, loadRatio, neededBytes, freeBytes };
}

/** Key by key: a record that was read back has them in another order, and the same run must make the same bytes. */
function describePlacement({ placement }: RunRecord): Results['run']['placement'] {
  const { divided, because, server, client, memoryNodes, narrowed, siblingsKnown, splitCores } = placement;
  const { serverCpuCount, clientCpuCount, serverCoreCount, clientCoreCount } = placement;
  return {
    ...{ divided, because, server, client },
    ...{ serverCpuCount, clientCpuCount, serverCoreCount, clientCoreCount },
    ...{ memoryNodes, narrowed, siblingsKnown, splitCores },
  };
}

function blockTable({ allValues, scores }: Decision, block: number): Results['blocks'][number]['values'] {
  const rows = [...allValues].flatMap(([id, all]) => {
    const value = all.find((each) => each.block === block);
    if (value === undefined) return [];
    const { throughput, meanNs, p50Ns, p90Ns, p95Ns, p99Ns } = value;
    const cpuSecondsPer1000 = Number.isNaN(value.cpuSecondsPer1000) ? null : value.cpuSecondsPer1000;
    const score = scores.get(block)?.get(id) ?? Number.NaN;
    return [[id, { score, throughput, meanNs, p50Ns, p90Ns, p95Ns, p99Ns, cpuSecondsPer1000 }] as const];
  });
  return Object.fromEntries(rows);
}
