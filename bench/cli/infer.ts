import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { Failure, messageOf } from '../failure.ts';
import { parseSource } from '../load/data/data-options.ts';
import { plainSpec, readInputData } from '../load/data/read-workload.ts';
import { engineOfKind } from '../plan/engine-choice.ts';
import { plainText } from '../report/plain-text.ts';
import { predict } from '../run/predict.ts';
import { chooseEngine } from './engine.ts';
import type { Exit, Host } from './host.ts';

type Options = { modelRepository: string; model: string; input: string; output: string; json?: true; quiet?: true };

export function inferCommand(host: Host, _exit: Exit): Command {
  return new Command('infer')
    .description('Sends examples through the committed configuration on a server and writes the answers as CSV.')
    .option('--model-repository <dir>', 'the folder that holds the model folders', 'model_repository')
    .option('-m, --model <name>', 'the model', 'sklearn-onnx')
    .option(
      '--input <file>',
      'CSV with one row of numbers per example, .npy, or JSON as perf_analyzer reads it',
      'data/test_data.csv',
    )
    .option('--output <file>', 'where the answers go', 'data/prediction_target.csv')
    .option('--json', 'print the answers as JSON too')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExample:\n  tritune infer --input data/test_data.csv --output data/prediction_target.csv\n',
    )
    .action(async ({ modelRepository, model, input, output, json, quiet }: Options) => {
      const choice = engineOfKind('auto');
      const { engine, reason } = await chooseEngine(choice, host);
      if (reason !== undefined && quiet !== true) host.stderr.write(`${plainText(reason)}\n`);
      const file = resolve(host.cwd, output);
      if (file === resolve(host.cwd, input)) {
        throw new Failure('usage', 'output', `the answers would be written over ${input}`, {
          hint: 'name another file with --output',
        });
      }
      const data = await readInputData(plainSpec(parseSource([input], host.cwd)));
      const repository = resolve(host.cwd, modelRepository);
      const prediction = await predict({ engine, choice, repository, model, data, signal: host.signal });
      writeWhole(file, [prediction.columns, ...prediction.rows].map((row) => `${row.join(',')}\n`).join(''));
      if (json === true) {
        const numbers = prediction.rows.map((row) => row.map(Number));
        host.stdout.write(`${JSON.stringify({ columns: prediction.columns, rows: numbers })}\n`);
      } else if (quiet !== true) {
        host.stdout.write(`${prediction.rows.length} answers: ${relative(host.cwd, file)}\n`);
      }
    });
}

function writeWhole(file: string, text: string): void {
  const unfinished = `${file}.part`;
  try {
    writeFileSync(unfinished, text);
    renameSync(unfinished, file);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw new Failure('usage', 'output', `${file} cannot be written: ${messageOf(error)}`, {
      hint: 'name another file with --output',
      cause: error,
    });
  }
}
