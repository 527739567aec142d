import { relative } from 'node:path';
import { Command, Option } from 'commander';
import { exitCodes, Failure } from '../failure.ts';
import type { Plan } from '../plan/plan.ts';
import { share } from '../report/format.ts';
import { plainText } from '../report/plain-text.ts';
import type { VerdictResult } from '../report/results.ts';
import { floorPlace, keepNoiseFloor, type NoiseFloor, noiseFloorOf, noiseObjective } from '../run/noise-floor.ts';
import { sweep } from '../run/sweep.ts';
import { engineKinds } from './engine.ts';
import type { Exit, Host } from './host.ts';
import { countOption, durationOption, placementFlag, seedOption, shareHostFlag } from './options.ts';
import { sweepProgress } from './progress.ts';
import { addRemoteOptions } from './remote-options.ts';
import { requestOf, type SweepOptions } from './sweep-request.ts';

type Options = SweepOptions & { json?: true };

const copies = ['same-1', 'same-2', 'same-3'];
const blocks = 8;

export function noiseCommand(host: Host, exit: Exit): Command {
  const command = new Command('noise')
    .description('Measures the committed configuration against itself and keeps what this host and engine differ by.')
    .argument('[plan]', 'the plan whose model and load are measured; as for sweep')
    .option('--budget <time>', 'wall time for all of it, such as 90s or 5m', durationOption)
    .option('--blocks <count>', `blocks to measure (${blocks})`, countOption)
    .option('--slices <count>', 'slices of each copy in a block', countOption)
    .option('--seed <number>', 'seed of the random orders', seedOption)
    .addOption(new Option('--engine <kind>', 'what serves').choices(engineKinds))
    .option('--pull', 'fetch the container image where it is missing (several GB)')
    .addOption(placementFlag())
    .option('--out <dir>', 'the run folder, instead of a new one under reports/')
    .addOption(shareHostFlag())
    .option('--json', 'print the noise floor as JSON')
    .option('--quiet', 'no progress')
    .addHelpText('after', '\nExample:\n  tritune noise configs/iris.yaml --budget 90s\n')
    .action(async (planFile: string | undefined, { json, ...options }: Options) => {
      const progress = sweepProgress(host.stderr, options.quiet === true);
      try {
        const request = { ...(await requestOf(planFile, options, host, asNoise)), events: progress };
        const results = await sweep(request);
        progress.done();
        const place = floorPlace(request.stateFolder, results.environment, results.engine);
        const floor = results.verdict.kind === 'INVALID' ? null : noiseFloorOf(results, place);
        if (floor === null) {
          throw new Failure('measurement', 'noise', 'the noise of this host could not be measured', {
            hint: `${results.verdict.reason ?? 'too few blocks'}; see ${relative(host.cwd, request.folder)}/index.html`,
          });
        }
        const file = keepNoiseFloor(place, floor);
        host.stdout.write(
          json === true ? `${JSON.stringify(floor, null, 2)}\n` : inWords(floor, results.verdict, file),
        );
        if (results.verdict.kind === 'INVALID') exit(exitCodes.measurement);
      } finally {
        progress.done();
      }
    });
  return addRemoteOptions(command);
}

/** The same model and load, four times the committed configuration. */
function asNoise(plan: Plan): Plan {
  const variants = copies.map((id) => ({ id, settings: {} }));
  const objective = noiseObjective(plan.objective);
  return { ...plan, name: 'noise', objective, variants, conditions: [], constraints: [], expectEqual: true, blocks };
}

function inWords(
  floor: NoiseFloor,
  { better: { length: claims }, alpha }: Pick<VerdictResult, 'better' | 'alpha'>,
  file: string,
): string {
  const lines = [
    `${floor.host}; ${floor.engine}; ${floor.load}`,
    `one variant in one block of ${floor.slicesPerBlock} slices varies by ${share(floor.residualSd)}; the level of a block by ${share(floor.blockSd)}`,
    `blocks one after the other correlate by ${floor.lag1.toFixed(2)}`,
    claims === 0
      ? 'no copy was claimed to be better than another, as it should be'
      : `${claims} of the copies ${claims === 1 ? 'was' : 'were'} claimed to be better: by construction that happens in at most ${share(alpha)} of such runs`,
    `kept in ${file}`,
  ];
  return lines.map((line) => `${plainText(line)}\n`).join('');
}
