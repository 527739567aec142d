import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { keepCompiled } from '../compile-cache.ts';
import { StagedRepository } from '../engines/staged-repository.ts';
import { readJournal } from '../run/journal.ts';
import { hostLine, lookAtHost, numberOption, runBenchmark, usageFailure } from './entry.ts';
import { commandsOf, quantile, restartsMs, type SliceCost, sliceCosts } from './overhead-times.ts';
import { environmentOf, ownStartMs } from './own-start.ts';
import { writePlan } from './sweep-cases.ts';
import { runSweep } from './sweep-runs.ts';

const engines = ['local', 'embedded'];
const usage = `Usage: npm run bench:overhead -- [options]

Tells what a sweep costs beside what it measures: short sweeps on a real server, and in turns the server started by itself.

  --engine NAMES  ${engines.join(', ')}; with a comma between (both)
  --rounds N      sweeps on each engine (4)
  --blocks N      of each sweep (3)
  --out DIR       keeps the run folders there; else a temporary folder
  --json          every slice and every start on standard output
`;

type Options = {
  readonly engines: readonly string[];
  readonly rounds: number;
  readonly blocks: number;
  readonly out: string;
  readonly json: boolean;
};

/** Times in ms. */
type Seen = {
  readonly engine: string;
  readonly slices: SliceCost[];
  /** Of each round. */
  readonly rounds: { readonly restarts: readonly number[]; readonly ownStarts: readonly number[] }[];
};

const root = fileURLToPath(new URL('../..', import.meta.url));
const variants = {
  'count-2': { 'instance_group.count': 2 },
  'delay-200us': { 'dynamic_batching.max_queue_delay_microseconds': 200 },
};
const slicesPerBlock = 4;
const partNames = { load: 'load', readBack: 'reading back', rest: 'probe, last answers and sums', line: 'its line' };

await runBenchmark('bench:overhead', async (signal) => {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) process.stdout.write(usage);
  else await main(options, signal);
});

async function main(options: Options, signal: AbortSignal): Promise<void> {
  // As the command does it: the servers that it starts have it too.
  keepCompiled(root);
  const host = lookAtHost();
  const all: Seen[] = [];
  for (const engine of options.engines) {
    const seen = await measure(engine, options, signal);
    all.push(seen);
    if (!options.json) process.stdout.write(`${textOf(seen)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ host, engines: all }, undefined, 2)}\n`);
  else process.stdout.write(`${hostLine(host)} Run folders: ${options.out}\n`);
}

async function measure(engine: string, { rounds, blocks, out }: Options, signal: AbortSignal): Promise<Seen> {
  const folder = join(out, engine);
  mkdirSync(folder, { recursive: true });
  const plan = writePlan(folder, { changes: {}, variants, apply: 'reload' });
  const env = environmentOf(engine, root);
  using repository = new StagedRepository();
  const seen: Seen = { engine, slices: [], rounds: [] };
  for (let round = 1; round <= rounds; round += 1) {
    const words = ['--blocks', `${blocks}`, '--slices', `${slicesPerBlock}`, '--budget', '10m', '--no-soak'];
    const run = { plan, folder: join(folder, `run-${round}`), seed: round, engine, words, signal };
    await runSweep(run);
    const lines = readJournal(run.folder);
    const ownStarts: number[] = [];
    // The first one of a run had a host that had done nothing else for a while.
    for (const command of commandsOf(lines).slice(1)) {
      ownStarts.push(await ownStartMs({ command, env, repository: repository.path }, signal));
    }
    seen.slices.push(...sliceCosts(lines));
    seen.rounds.push({ restarts: restartsMs(lines), ownStarts });
    process.stderr.write(`${engine} ${round} of ${rounds}: ${sliceCosts(lines).length} slices\n`);
  }
  return seen;
}

function textOf({ engine, slices, rounds }: Seen): string {
  const parts = (['load', 'readBack', 'rest', 'line'] as const).map(
    (part) => `${partNames[part]} ${spread(slices.map((slice) => slice[part]))}`,
  );
  const own = rounds.flatMap(({ ownStarts }) => ownStarts);
  const restarts = rounds.flatMap((round) => round.restarts);
  const over = rounds.flatMap((round) => round.restarts.map((each) => each - quantile(round.ownStarts, 0.5)));
  return [
    `${engine}: ${slices.length} slices, each over its load, warm-up and window: ${spread(slices.map((slice) => slice.over))}`,
    ...(slices.length === 0
      ? ['  slices had to be measured again in every block: the host is too busy']
      : [`  ${parts.join('; ')}`]),
    `  ${restarts.length} restarts between blocks: ${spread(restarts)}; the server by itself: ${spread(own)}; over it: ${spread(over)}`,
  ].join('\n');
}

/** Median and p95. */
function spread(values: readonly number[]): string {
  if (values.length === 0) return 'none seen';
  return `median ${quantile(values, 0.5).toFixed(1)} ms, p95 ${quantile(values, 0.95).toFixed(1)} ms`;
}

/** Undefined where help was asked for. @throws Failure (usage). */
function parseOptions(words: readonly string[]): Options | undefined {
  const values = parseWords(words);
  if (values.help) return undefined;
  const named = values.engine?.split(',').map((word) => word.trim()) ?? engines;
  const unknown = named.find((word) => !engines.includes(word));
  if (unknown !== undefined) throw usageFailure(`--engine ${unknown}: there is no such engine here`);
  const count = (name: 'rounds' | 'blocks', least: number): number =>
    numberOption(`--${name}`, values[name], { min: least, max: 1_000, whole: true });
  return {
    engines: named,
    rounds: count('rounds', 1),
    // One block has no restart.
    blocks: count('blocks', 2),
    out: values.out ?? mkdtempSync(join(tmpdir(), 'tritune-overhead-')),
    json: values.json,
  };
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        engine: { type: 'string' },
        rounds: { type: 'string', default: '4' },
        blocks: { type: 'string', default: '3' },
        out: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw usageFailure(error);
  }
}
