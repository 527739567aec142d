import { join, relative, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { Engine } from '../engines/engine.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Plan } from '../plan/plan.ts';
import { plainText } from '../report/plain-text.ts';
import type { Results } from '../report/results.ts';
import { claimsGain } from '../report/sentence.ts';
import { terminalSummary } from '../report/terminal.ts';
import { readRunRecord } from '../run/record.ts';
import type { SweepRequest } from '../run/request.ts';
import { shellWord } from '../run/shell-word.ts';
import { sweep } from '../run/sweep.ts';
import { chooseEngine, engineKinds } from './engine.ts';
import { allowsColor, type Exit, type Host } from './host.ts';
import { countOption, durationOption, seedOption } from './options.ts';
import { readPlanFile } from './plan-file.ts';
import { sweepProgress } from './progress.ts';

type Options = {
  budget?: number;
  blocks?: number;
  slices?: number;
  seed?: number;
  engine?: (typeof engineKinds)[number];
  out?: string;
  resume?: string;
  requireWinner?: true;
  json?: true;
  quiet?: true;
  color: boolean;
};

export function sweepCommand(host: Host, exit: Exit): Command {
  return new Command('sweep')
    .description('Measures every variant of a plan against the baseline and says which to deploy, if any.')
    .argument('[plan]', 'the plan file; else the only one in configs/, else configs/iris.yaml')
    .option('--budget <time>', 'wall time for all of it, such as 90s or 5m', durationOption)
    .option('--blocks <count>', 'blocks to measure, instead of what the plan says', countOption)
    .option('--slices <count>', 'slices of each variant in a block', countOption)
    .option('--seed <number>', 'seed of the random orders', seedOption)
    .addOption(new Option('--engine <kind>', 'what serves').choices(engineKinds))
    .option('--out <dir>', 'the run folder, instead of a new one under reports/')
    .addOption(
      new Option('--resume <dir>', 'goes on with a run that was ended early').conflicts([
        'out',
        'blocks',
        'slices',
        'seed',
        'budget',
        'engine',
      ]),
    )
    .option('--require-winner', 'exit with 5 where nothing better than the baseline is found')
    .option('--json', 'print results.json instead of the summary')
    .option('--quiet', 'no progress')
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(async (planFile: string | undefined, options: Options) => {
      const progress = sweepProgress(host.stderr, options.quiet === true);
      try {
        const request = { ...(await requestOf(planFile, options, host)), events: progress };
        const results = await sweep(request);
        progress.done();
        tell(results, request.folder, options, host);
        exit(codeOf(results, options));
      } finally {
        progress.done();
      }
    });
}

const examples = `
Examples:
  tritune sweep                                    the plan in configs/
  tritune sweep configs/iris.yaml --budget 60s     what one minute can tell
  tritune sweep --resume reports/20260101T120000Z-iris
`;

async function requestOf(
  planFile: string | undefined,
  options: Options,
  host: Host,
): Promise<Omit<SweepRequest, 'events'>> {
  const { signal, projectFolder } = host;
  if (options.resume !== undefined) {
    if (planFile !== undefined) {
      throw new Failure('usage', 'resume', `--resume goes on with the plan of its run, not with ${planFile}`, {
        hint: `leave the plan out: tritune sweep --resume ${shellWord(options.resume)}`,
      });
    }
    const folder = resolve(host.cwd, options.resume);
    const { plan, planFile: file, planSource, command, engine } = readRunRecord(folder);
    return {
      plan,
      planFile: file,
      planSource,
      command,
      engine: await resumedEngine({ ...plan.engine, kind: engine.kind }, host),
      folder,
      projectFolder,
      resume: true,
      signal,
    };
  }
  const read = readPlanFile(planFile, host.cwd);
  const { engine, reason } = await chooseEngine(override(read.plan, options).engine, host);
  const asked = reason === undefined ? options : { ...options, ...rehearsalBudget(read.plan, options) };
  if (reason !== undefined) tellRehearsal(reason, asked, options, host);
  const plan = override(read.plan, asked);
  return {
    plan,
    planFile: read.file,
    planSource: read.source,
    command: commandLine(read.file, plan, asked),
    engine,
    folder: resolve(host.cwd, options.out ?? join('reports', `${timestamp()}-${plan.name}`)),
    projectFolder,
    resume: false,
    signal,
  };
}

/** A rehearsal that nobody asked for shows what a sweep is; it need not take as long as one that decides something. */
const rehearsalBudgetMs = 150_000;

function rehearsalBudget({ budgetMs }: Plan, { budget, blocks }: Options): { budget?: number } {
  if (budget !== undefined || blocks !== undefined || budgetMs === null || budgetMs <= rehearsalBudgetMs) return {};
  return { budget: rehearsalBudgetMs };
}

function tellRehearsal(reason: string, asked: Options, { budget, quiet }: Options, { stderr }: Host): void {
  if (quiet === true) return;
  stderr.write(`${plainText(reason)}\n`);
  if (asked.budget !== undefined && budget === undefined)
    stderr.write(`a rehearsal takes ${asked.budget / 1_000} s of the plan's budget; --budget gives it another\n`);
}

/** A run goes on with the engine it was begun with, whatever there is to choose from by now. */
async function resumedEngine(choice: Plan['engine'], host: Host): Promise<Engine> {
  const { engine } = await chooseEngine(choice, host);
  return engine;
}

function override(plan: Plan, { budget, blocks, slices, seed, engine }: Options): Plan {
  return {
    ...plan,
    ...(budget === undefined ? {} : { budgetMs: budget }),
    ...(blocks === undefined ? {} : { blocks }),
    ...(slices === undefined ? {} : { slicesPerBlock: slices }),
    ...(seed === undefined ? {} : { seed }),
    ...(engine === undefined ? {} : { engine: { ...plan.engine, kind: engine } }),
  };
}

/** What repeats this run: the plan's own values need no saying, those given on the command line do. */
function commandLine(file: string, plan: Plan, { budget, blocks, slices, seed, engine }: Options): string {
  const parts = [
    shellWord(file),
    ...(budget === undefined ? [] : [`--budget ${budget / 1_000}s`]),
    ...(blocks === undefined ? [] : [`--blocks ${blocks}`]),
    ...(slices === undefined ? [] : [`--slices ${slices}`]),
    ...(seed === undefined ? [] : [`--seed ${plan.seed}`]),
    ...(engine === undefined ? [] : [`--engine ${engine}`]),
  ];
  return `npm run sweep -- ${parts.join(' ')}`;
}

function timestamp(): string {
  return new Date().toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
}

function tell(results: Results, folder: string, { json, color }: Options, { stdout, env, cwd }: Host): void {
  if (json === true) {
    stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    return;
  }
  stdout.write(terminalSummary(results, { color: allowsColor(stdout, env, color), width: stdout.columns }));
  stdout.write(`\nreport: ${relative(cwd, join(folder, 'index.html'))}\n`);
}

function codeOf(results: Results, { requireWinner }: Options): number {
  if (results.verdict.kind === 'INVALID') return exitCodes.measurement;
  return requireWinner === true && !claimsGain(results) ? exitCodes.gate : exitCodes.done;
}
