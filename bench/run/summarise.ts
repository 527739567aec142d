import { baselineId, type Plan } from '../plan/plan.ts';
import { type Results, schemaVersion } from '../report/results.ts';
import { type Decision, decideRun } from './decision.ts';
import { diagnoseRun } from './diagnostics.ts';
import { type History, readHistory } from './history.ts';
import type { JournalLine } from './journal.ts';
import type { RunRecord } from './record.ts';
import { variantResult } from './variant-result.ts';

/** All that a run found, from its record and its journal alone: the same two always give the same results. */
export function summarise(record: RunRecord, lines: readonly JournalLine[]): Results {
  const history = readHistory(lines);
  const decision = decideRun(record, history);
  const { plan } = record;
  const variants = [{ id: baselineId, settings: {} }, ...plan.variants].map((variant) =>
    variantResult(variant, record, history, decision),
  );
  const finishedAt = lines.findLast((line) => 'at' in line)?.at ?? record.startedAt;
  // A clock that was set back in between must not make a run of negative length.
  const durationMs = Math.max(0, Date.parse(finishedAt) - Date.parse(record.startedAt));
  return {
    schemaVersion,
    tool: { name: 'tritune', version: record.tool.version },
    plan: describePlan(record),
    engine: { ...record.engine, command: [...record.engine.command] },
    run: {
      startedAt: record.startedAt,
      finishedAt,
      durationMs,
      complete: isComplete(history),
      procedure: record.design.procedure,
      blocksPlanned: record.design.blocks,
      screenBlocks: history.blocks.filter(({ stage }) => stage === 'screen').length,
      finalists: [...decision.finalists],
      reduced: [...record.design.reduced],
      resolvableAtStart: record.design.resolvable === null ? null : Math.expm1(record.design.resolvable),
      pilot: record.pilot === null ? null : { sliceSd: record.pilot.sliceSd, sliceCount: record.pilot.sliceCount },
      slicesPerBlock: record.design.slicesPerBlock,
      resolvable: decision.resolvable === null ? null : Math.expm1(decision.resolvable),
      residualSd: decision.residualSd,
      warmupMs: record.design.warmupMs,
      sliceCount: history.sliceCount,
      invalidSliceCount: variants.reduce((sum, { invalidSliceCount }) => sum + invalidSliceCount, 0),
      command: record.command,
      nextCommand: nextCommand(record, decision, durationMs),
    },
    verdict: describeVerdict(record, decision),
    variants,
    diagnostics: diagnoseRun(record, history, decision, variants),
    blocks: history.blocks.map(({ block, stage, round, slices }) => ({
      block,
      stage,
      round,
      startedAt: slices[0]?.at ?? record.startedAt,
      order: slices.map(({ slice }) => slice.variantId),
      values: blockTable(decision, block),
    })),
    environment: { ...record.environment },
    config: { baseline: record.configs[baselineId] ?? '', pick: record.configs[decision.verdict.pick] ?? '' },
  };
}

function isComplete(history: History): boolean {
  return history.ended !== null || history.unstable.has(baselineId);
}

function describePlan({ plan, planFile, planSource }: RunRecord): Results['plan'] {
  const { name, model, objective, goal, budgetMs, seed, apply, expectEqual, load, constraints } = plan;
  return {
    name,
    model,
    objective: `${objective.direction} ${objective.metric}`,
    constraints: constraints.map(({ metric, atMostNs }) => `${metric} at most ${atMostNs / 1e6} ms`),
    goal,
    budgetMs,
    seed,
    apply,
    expectEqual,
    load: {
      description: describeLoad(plan),
      concurrency: load.concurrency,
      batchSize: load.batchSize,
      protocol: load.protocol,
      input: load.input,
    },
    source: planSource,
    file: planFile,
  };
}

const protocolNames: Readonly<Record<Plan['load']['protocol'], string>> = {
  http: 'HTTP',
  grpc: 'gRPC',
  'http-undici': 'HTTP (undici)',
  'grpc-js': 'gRPC (grpc-js)',
};

function describeLoad({ load }: Plan): string {
  return `closed loop, ${load.concurrency} outstanding, batch ${load.batchSize}, ${protocolNames[load.protocol]}`;
}

function describeVerdict({ plan, design }: RunRecord, { verdict }: Decision): Results['verdict'] {
  const { kind, pick, better, bestSet, equivalent, undecided, blocks } = verdict;
  const blocksNeeded = verdict.blocksNeeded ?? null;
  const asRatio = (log: number | null): number | null => (log === null ? null : Math.expm1(log));
  return {
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
    minutesNeeded: blocksNeeded === null ? null : (blocksNeeded * design.blockMs) / 60_000,
    alpha: plan.alpha,
    practicalMargin: plan.practicalMargin,
  };
}

/** More than that is no advice. */
const blocksMost = 1_000;

/** What gives an undecided verdict the blocks that it still needs, from fresh. */
function nextCommand({ command, design }: RunRecord, { verdict }: Decision, durationMs: number): string | null {
  if (verdict.blocksNeeded === undefined || verdict.blocksNeeded > blocksMost) return null;
  const fixed = design.procedure === 'fixed';
  const neededMs = verdict.blocksNeeded * design.blockMs + (fixed ? 0 : durationMs);
  const asked = command.replaceAll(/ --(blocks|budget) \S+/g, '');
  const blocks = fixed ? ` --blocks ${verdict.blocksNeeded}` : '';
  return `${asked}${blocks} --budget ${Math.max(1, Math.ceil(neededMs / 60_000) + 1)}m`;
}

function blockTable({ allValues }: Decision, block: number): Results['blocks'][number]['values'] {
  const rows = [...allValues].flatMap(([id, all]) => {
    const value = all.find((each) => each.block === block);
    return value === undefined
      ? []
      : [[id, { throughput: value.throughput, meanNs: value.meanNs, p50Ns: value.p50Ns, p99Ns: value.p99Ns }] as const];
  });
  return Object.fromEntries(rows);
}
