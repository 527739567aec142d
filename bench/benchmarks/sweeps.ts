import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hostLine, lookAtHost, numberOption, runBenchmark, usageFailure } from './entry.ts';
import { measureApplied } from './sweep-applied.ts';
import { type SweepCase, sweepCases } from './sweep-cases.ts';
import { measureGain } from './sweep-gain.ts';
import { runSweep, type SweepResults } from './sweep-runs.ts';

const extras = ['applied', 'gain'];
const names = [...sweepCases.map(({ name }) => name), ...extras];
const usage = `Usage: npm run bench:sweeps -- [options]

Runs sweeps on a real server again and again, where what they should find is known, and tells how often they did.

  --only WORDS   ${names.join(', ')}; with commas between
  --runs N       of each; else what each takes (all of it: some 90 minutes)
  --engine NAME  local (default) or embedded
  --out DIR      keeps the run folders there; else a temporary folder
  --json         all runs on standard output
`;

type Options = {
  readonly wants: (name: string) => boolean;
  readonly runs: number | null;
  readonly engine: string;
  readonly out: string;
  readonly json: boolean;
};
type Row = { readonly name: string; readonly runs: readonly SweepResults[] };

await runBenchmark('bench:sweeps', async (signal) => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else await main(options, signal);
});

async function main(options: Options, signal: AbortSignal): Promise<void> {
  const host = lookAtHost();
  const rows: Row[] = [];
  const say = (line: string): void => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);
  for (const each of sweepCases.filter(({ name }) => options.wants(name))) {
    const runs = await repeat(each, options, signal);
    rows.push({ name: each.name, runs });
    say(textOf(each, runs));
  }
  const context = { engine: options.engine, out: options.out, runs: options.runs, signal, say };
  if (options.wants('applied')) await measureApplied(context);
  if (options.wants('gain')) await measureGain(context);
  if (options.json) process.stdout.write(`${JSON.stringify({ host, rows }, undefined, 2)}\n`);
  else say(`${hostLine(host)} Run folders: ${options.out}`);
}

async function repeat(each: SweepCase, { runs, engine, out }: Options, signal: AbortSignal): Promise<SweepResults[]> {
  const folder = join(out, each.name);
  mkdirSync(folder, { recursive: true });
  const plan = each.plan(folder);
  const results: SweepResults[] = [];
  for (let seed = 1; seed <= (runs ?? each.runs); seed += 1) {
    const words = each.budget === null ? [] : ['--budget', each.budget];
    const found = await runSweep({ plan, folder: join(folder, `run-${seed}`), seed, engine, words, signal });
    results.push(found);
    process.stderr.write(`${each.name} ${seed}: ${lineOf(found)}\n`);
  }
  return results;
}

function lineOf({ verdict, run, variants }: SweepResults): string {
  const gains = variants.flatMap(({ id, comparison }) =>
    comparison === null ? [] : [`${id} ${percent(comparison.gain.lower)} to ${percent(comparison.gain.upper)}`],
  );
  const resolved = run.resolvable === null ? '' : `, resolves ${percent(run.resolvable)}`;
  return `${verdict.kind} ${verdict.pick ?? ''} in ${(run.durationMs / 1e3).toFixed(0)} s${resolved}; ${gains.join(', ')}`;
}

function textOf({ name, about, shows, expected }: SweepCase, runs: readonly SweepResults[]): string {
  const shown = runs.filter(shows).length;
  const kinds = Map.groupBy(runs, ({ verdict }) => verdict.kind);
  const told = [...kinds].map(([kind, { length }]) => `${length} ${kind}`).join(', ');
  const seconds = runs.map(({ run }) => run.durationMs / 1e3).sort((a, b) => a - b);
  const common = runs.reduce<readonly string[] | null>(
    (shared, { verdict }) => shared?.filter((id) => verdict.bestSet.includes(id)) ?? verdict.bestSet,
    null,
  );
  return [
    `${name}: ${about}: ${shown} of ${runs.length} (at least ${expected(runs.length).atLeast} wanted)`,
    `  ${told}; longest run ${seconds.at(-1)?.toFixed(0)} s; in every best set: ${common?.join(', ') || 'none'}`,
  ].join('\n');
}

function percent(ratio: number): string {
  return `${ratio >= 0 ? '+' : ''}${(100 * ratio).toFixed(1)} %`;
}

/** Undefined where help was asked for. @throws Failure (usage). */
function parseOptions(words: readonly string[]): Options | undefined {
  const values = parseWords(words);
  if (values.help) return undefined;
  const only = values.only?.split(',').map((word) => word.trim()) ?? names;
  const unknown = only.find((word) => !names.includes(word));
  if (unknown !== undefined) throw usageFailure(`--only ${unknown}: there is no such case`);
  return {
    wants: (name) => only.includes(name),
    runs: values.runs === undefined ? null : numberOption('--runs', values.runs, { min: 1, max: 1_000, whole: true }),
    engine: values.engine,
    out: values.out ?? mkdtempSync(join(tmpdir(), 'tritune-sweeps-')),
    json: values.json,
  };
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        only: { type: 'string' },
        runs: { type: 'string' },
        engine: { type: 'string', default: 'local' },
        out: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw usageFailure(error);
  }
}
