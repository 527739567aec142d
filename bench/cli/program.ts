import { Command, CommanderError } from 'commander';
import { exitCodes, Failure } from '../failure.ts';
import { plainText } from '../report/plain-text.ts';
import { version } from '../version.ts';
import type { Exit, Host } from './host.ts';

type MakeCommand = (host: Host, exit: Exit) => Command;

/** By name, in the order of the help. Each brings in what it needs, which is much for some and little for `load`. */
const commands: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  sweep: async () => (await import('./sweep.ts')).sweepCommand,
  noise: async () => (await import('./noise.ts')).noiseCommand,
  load: async () => (await import('./load.ts')).loadCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  report: async () => (await import('./report.ts')).reportCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  infer: async () => (await import('./infer.ts')).inferCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  triton: async () => (await import('./triton.ts')).tritonCommand,
};

/** Runs one command line and returns the exit code. Nothing but a bug makes it throw. */
export async function runProgram(host: Host): Promise<number> {
  let code: number = exitCodes.done;
  let help = '';
  const program = new Command('tritune')
    .description('Finds the config.pbtxt that serves your model best, and says how sure that is.')
    .version(version, '-V, --version')
    .showHelpAfterError(false)
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => {
        help = text;
      },
    });
  const exit: Exit = (given) => {
    code = given;
  };
  for (const make of await commandsFor(host.args)) program.addCommand(inherit(make(host, exit), program));
  try {
    await program.parseAsync([...host.args], { from: 'user' });
    return code;
  } catch (error) {
    return explain(error, help, host);
  }
}

/** The one that is named first; all of them where none is, for the help and for suggestions. */
function commandsFor([first = '']: readonly string[]): Promise<MakeCommand[]> {
  const named = Object.hasOwn(commands, first) ? commands[first] : undefined;
  return Promise.all((named === undefined ? Object.values(commands) : [named]).map((bring) => bring()));
}

function inherit(command: Command, parent: Command): Command {
  command.copyInheritedSettings(parent);
  suggestByName(command);
  for (const child of command.commands) inherit(child, parent);
  return command;
}

/** Commander looks for the nearest option with the value still on it, and so finds none. */
function suggestByName(command: Command): void {
  const inner = command as unknown as { unknownOption?: (flag: string) => void };
  const unknownOption = inner.unknownOption?.bind(command);
  if (unknownOption !== undefined) inner.unknownOption = (flag) => unknownOption(flag.replace(/=.*$/s, ''));
}

/** `help` is what commander wrote last: the help of a command that wants a subcommand, where it got none. */
function explain(error: unknown, help: string, { stderr }: Host): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCodes.done;
    if (error.code === 'commander.help') {
      stderr.write(help);
      return exitCodes.usage;
    }
    stderr.write(`tritune: ${plainText(error.message.replace(/^error: /, ''))}\n  see tritune --help\n`);
    return exitCodes.usage;
  }
  if (!(error instanceof Failure)) throw error;
  const [first = '', ...rest] = error.message.split('\n');
  const more = rest.map((line) => `  ${plainText(line)}\n`).join('');
  const hint =
    error.hint === undefined
      ? ''
      : error.hint
          .split('\n')
          .map((line) => `  ${plainText(line)}\n`)
          .join('');
  stderr.write(`tritune: ${plainText(first)}\n${more}${hint}`);
  return error.exitCode;
}
