import { join, relative } from 'node:path';
import { Command, Option } from 'commander';
import { exitCodes } from '../failure.ts';
import type { Results } from '../report/results.ts';
import { claimsGain } from '../report/sentence.ts';
import { terminalSummary } from '../report/terminal.ts';
import { sweep } from '../run/sweep.ts';
import { dryRun } from './dry-run.ts';
import { engineKinds } from './engine.ts';
import { allowsColor, type Exit, type Host } from './host.ts';
import {
  alphaOption,
  countOption,
  durationOption,
  marginOption,
  placementFlag,
  seedOption,
  shareHostFlag,
} from './options.ts';
import { sweepProgress } from './progress.ts';
import { addRemoteOptions, remoteOptionNames } from './remote-options.ts';
import { requestOf, type SweepOptions } from './sweep-request.ts';

type Options = SweepOptions & { dryRun?: true; requireWinner?: true; json?: true; color: boolean };

export function sweepCommand(host: Host, exit: Exit): Command {
  const command = new Command('sweep')
    .description('Measures every variant of a plan against the baseline and says which to deploy, if any.')
    .argument('[plan]', 'the plan file; else the only one in configs/, else configs/iris.yaml')
    .option('--budget <time>', 'wall time for all of it, such as 90s or 5m', durationOption)
    .option('--blocks <count>', 'blocks to measure, instead of what the plan says', countOption)
    .option('--slices <count>', 'slices of each variant in a block', countOption)
    .option('--seed <number>', 'seed of the random orders', seedOption)
    .addOption(
      new Option('--goal <goal>', 'stop at the first gain, or when a variant is shown to be the best').choices([
        'improve',
        'best',
      ]),
    )
    .option('--margin <share>', 'the practical margin: smaller differences do not matter, such as 2%', marginOption)
    .option('--alpha <share>', 'the share of sweeps of equal variants that may claim a gain, such as 5%', alphaOption)
    .addOption(new Option('--engine <kind>', 'what serves').choices(engineKinds))
    .option('--pull', 'fetch the container image where it is missing (several GB)')
    .addOption(placementFlag())
    .option('--out <dir>', 'the run folder, instead of a new one under reports/')
    .addOption(
      new Option('--resume <dir>', 'goes on with a run that was ended early').conflicts([
        'out',
        'blocks',
        'slices',
        'seed',
        'budget',
        'engine',
        'placement',
        'goal',
        'margin',
        'alpha',
        ...remoteOptionNames,
      ]),
    )
    .addOption(
      new Option(
        '--continue <dir>',
        'a further attempt, on fresh blocks, after a run that has ended; a plan beside it may add variants',
      ).conflicts(['resume', 'engine', 'placement', 'alpha', 'dryRun', ...remoteOptionNames]),
    )
    .addOption(shareHostFlag().conflicts(['resume', 'dryRun']))
    .option('--no-soak', 'leaves out the long slices that follow a claim')
    .option(
      '--require-winner',
      'exit with 5 where nothing better than the baseline is found, or where long slices deny it',
    )
    .addOption(
      new Option(
        '--dry-run',
        'say what would be measured, in which order and for how long, and start nothing',
      ).conflicts(['resume', 'json', 'out']),
    )
    .option('--json', 'print results.json instead of the summary')
    .option('--quiet', 'no progress')
    .option('--no-color', 'no colours')
    .addHelpText('after', examples)
    .action(async (planFile: string | undefined, options: Options) => {
      if (options.dryRun === true) return host.stdout.write(await dryRun(planFile, options, host));
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
  return addRemoteOptions(command);
}

const examples = `
Examples:
  tritune sweep                                    the plan in configs/
  tritune sweep configs/iris.yaml --budget 60s     what one minute can tell
  tritune sweep --dry-run                          what would be measured; starts nothing
  tritune sweep --resume reports/20260101T120000Z-iris
  tritune sweep --continue reports/20260101T120000Z-iris --budget 10m
`;

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
