import { applyInWords } from './applied-sentence.ts';
import { count, duration, plainNumber, share } from './format.ts';
import { loadsDiffer } from './loads.ts';
import { cpusInWords } from './placement-sentence.ts';
import { clipped, plainText } from './plain-text.ts';
import type { Results } from './results.ts';
import { warmupSentence } from './warmup-sentence.ts';

/** One line of a list of facts: what it is about, and its value as text. */
export type Fact = { readonly name: string; readonly value: string };

/** A plan's own entries, in the order of the plan file. */
export function planFacts(results: Results): Fact[] {
  const { plan } = results;
  return facts({
    Plan: plan.name,
    File: plan.file,
    Model: plan.model,
    Objective: plan.objective,
    Constraints: plan.constraints.length === 0 ? 'none' : plan.constraints.join(', '),
    Goal: plan.goal,
    Load: `${plan.load.description}${loadsDiffer(results) ? ' (of the baseline; some variants have their own)' : ''}`,
    Input: plan.load.input,
    Budget: plan.budgetMs === null ? 'none: blocks and slices decide' : duration(plan.budgetMs),
    'Put in force by': applyInWords(results),
    Seed: String(plan.seed),
  });
}

/** How much was measured, when, and by which command it is measured again. */
export function runFacts({ run, tool, verdict, attempt, continues }: Results): Fact[] {
  return facts({
    ...(continues === null
      ? {}
      : {
          Attempt: `${count(attempt)}, which goes on from ${continues.folder} (${continues.startedAt})`,
          'Measured again': continues.carried.join(', '),
          'SHA-256 of the run before': continues.sha256,
        }),
    Command: run.command,
    Started: run.startedAt,
    Finished: run.complete ? run.finishedAt : `${run.finishedAt} (interrupted)`,
    Duration: duration(run.durationMs),
    'Blocks of the screen': count(run.screenBlocks),
    'Blocks that the verdict rests on': `${count(verdict.blocks)} of at most ${count(run.blocksPlanned)}`,
    'Given up for the budget': run.reduced.length === 0 ? 'nothing' : run.reduced.join(', '),
    'Slices per block and variant':
      run.screenBlocks === 0
        ? count(run.slicesPerBlock)
        : `${count(run.screenSlices)} in the screen, ${count(run.slicesPerBlock)} in confirm`,
    'Slices in all': `${count(run.sliceCount)}, ${count(run.invalidSliceCount)} of them invalid`,
    ...(run.ladderSlices === 0 ? {} : { 'Slices to choose the levels': count(run.ladderSlices) }),
    'Warm-up before a slice': warmupSentence(run),
    'CPUs of the server': cpusInWords(run.placement.server, run.placement.serverCoreCount),
    'CPUs of the client': cpusInWords(run.placement.client, run.placement.clientCoreCount),
    'Noise of a variant in a block': share(run.residualSd),
    'Noise of a slice in the pilot': share(run.pilot === null ? null : run.pilot.sliceSd),
    'Noise between server processes in the pilot': share(run.pilot === null ? null : run.pilot.blockSd),
    'Gain that the whole sweep was expected to find': share(run.resolvableAtStart),
    'Difference that these blocks resolve by themselves': share(run.resolvable),
    Tool: `${tool.name} ${tool.version}`,
  });
}

/** What served. */
export function engineFacts({ engine }: Results): Fact[] {
  return facts({
    Engine: engine.kind,
    Version: engine.version,
    Backend: engine.backend,
    'Numbers carry over to Triton with its C++ backends': engine.transferable ? 'yes' : 'no',
    Command: engine.command.join(' '),
  });
}

/** The environment's nested record as flat lines, `cpu.model` and the like; at most 400 of them. */
export function environmentFacts({ environment }: Results): Fact[] {
  const lines: Fact[] = [];
  flatten('', environment, lines);
  if (lines.length <= limit) return lines;
  return [...lines.slice(0, limit), { name: 'and more', value: 'see environment in results.json' }];
}

const limit = 400;

function facts(entries: Record<string, string>): Fact[] {
  return Object.entries(entries).map(([name, value]) => fact(name, value));
}

function fact(name: string, value: string): Fact {
  return { name: clipped(plainText(name), 120), value: value === '' ? 'not known' : clipped(plainText(value), 2000) };
}

function flatten(path: string, value: unknown, into: Fact[]): void {
  if (into.length > limit) return;
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null)) {
    into.push(fact(path, value.length === 0 ? 'none' : value.map(scalarText).join(', ')));
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0 && path !== '') into.push(fact(path, 'none'));
    for (const [key, child] of entries) flatten(path === '' ? key : `${path}.${key}`, child, into);
  } else {
    into.push(fact(path, scalarText(value)));
  }
}

function scalarText(value: unknown): string {
  if (value === null || value === undefined) return 'not known';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : plainNumber(value);
  return String(value);
}
