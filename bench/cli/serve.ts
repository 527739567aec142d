import { Command, Option } from 'commander';
import { type FlagSpec, type FlagValues, flagSpecs, isSwitchValue, readFlags } from '../engines/embedded/flags.ts';
import { startServing } from '../engines/embedded/serving.ts';
import { Failure, messageOf } from '../failure.ts';
import { plainText } from '../report/plain-text.ts';
import type { Exit, Host } from './host.ts';

type Options = Readonly<Record<string, string | string[] | true>>;

export function serveCommand(host: Host, _exit: Exit): Command {
  const command = new Command('serve')
    .description('Serves a model repository with the embedded server, by the KServe v2 protocol, until it is ended.')
    .argument('[repository]', 'the folder that holds the model folders; else --model-repository');
  for (const spec of flagSpecs) command.addOption(optionOf(spec));
  return command
    .option('--json', 'print the addresses as JSON')
    .option('--quiet', 'no log')
    .addHelpText('after', '\nExample:\n  tritune serve model_repository --http-port 8000\n')
    .action(async (repository: string | undefined, options: Options) => {
      const flags = readFlags(valuesOf(repository, options), host.cwd);
      const log = (line: string): void => {
        if (options.quiet !== true) host.stderr.write(`${plainText(line)}\n`);
      };
      host.signal.throwIfAborted();
      await using serving = await startServing(flags, log, host.signal).catch((error: unknown) => {
        host.signal.throwIfAborted();
        throw new Failure('server', 'serve', messageOf(error), { cause: error });
      });
      const { http, grpc, metrics } = serving;
      if (options.json === true) host.stdout.write(`${JSON.stringify({ http, grpc, metrics })}\n`);
      await aborted(host.signal);
    });
}

function optionOf({ name, kind, value, description }: FlagSpec): Option {
  const option = new Option(kind === 'switch' ? `--${name} [true|false]` : `--${name} <${value}>`, description);
  if (kind === 'list') option.argParser((given: string, before: string[] | undefined) => [...(before ?? []), given]);
  return option.hideHelp(description === '' || kind === 'on' || kind === 'off');
}

function valuesOf(repository: string | undefined, options: Options): FlagValues {
  const values = new Map<string, readonly string[]>();
  let folder = repository;
  for (const { name, kind } of flagSpecs) {
    const given = options[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (given === undefined) continue;
    // What stands behind a switch without a value is taken for its value.
    const isFolder = kind === 'switch' && folder === undefined && typeof given === 'string' && !isSwitchValue(given);
    if (isFolder) folder = given;
    values.set(name, isFolder ? ['true'] : [given].flat().map(String));
  }
  if (folder === undefined) return values;
  if (values.has('model-repository') || values.has('model-store')) {
    throw new Failure('usage', 'serve', 'the repository is named twice', {
      hint: 'name it once, with or without --model-repository',
    });
  }
  return values.set('model-repository', [folder]);
}

/** Ending it is how it is meant to end: Ctrl-C is no failure here. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
