import type { Server } from '../engines/engine.ts';
import { commandOfProcess } from '../engines/server-process.ts';
import { exitCodes, type Failure } from '../failure.ts';
import type { Settings } from '../modelconfig/settings.ts';
import { serverFlagsOf } from '../plan/server-flags.ts';

/** What is known of one server process and of the flags that a variant sets. */
export type ServerFacts = {
  readonly pid: number | null;
  /** Its command line, as the kernel has it where it is a process of this host. */
  readonly command: readonly string[];
  /** Options that the server's log tells, by flag, in its own words. */
  readonly told: Readonly<Record<string, string>>;
};

/** Of the server that a variant is in force on. */
export function serverFacts(server: Server, settings: Settings): ServerFacts {
  const { pid, command } = server;
  const names = serverFlagsOf(settings).map(({ name }) => name);
  const options = names.length === 0 ? new Map<string, string>() : optionsTable(server.logSince(0));
  return {
    pid: pid ?? null,
    command: (pid === undefined ? null : commandOfProcess(pid)) ?? command,
    told: Object.fromEntries(
      names.flatMap((name) => {
        const value = options.get(optionName(name));
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}

/**
 * How a flag was seen to be in force: the server tells the same value (verified), or its command line alone does, which a
 * server that does not know the flag would have refused.
 */
export function flagStatus(
  words: readonly string[],
  told: string | undefined,
): 'verified' | 'accepted, effect unknown' {
  const value = words.at(-1)?.split('=').slice(1).join('=');
  return value !== undefined && told !== undefined && sameValue(value, told) ? 'verified' : 'accepted, effect unknown';
}

/** Flags of a variant whose words are missing on a server's command line. */
export function flagsNotGiven(settings: Settings, command: readonly string[]): string[] {
  return serverFlagsOf(settings)
    .filter(({ words }) => !words.every((word) => command.includes(word)))
    .map(({ name }) => name);
}

/** Flags of a variant that the server took and says to make nothing of. */
export function flagsWithoutEffect(settings: Settings, log: readonly string[]): string[] {
  return serverFlagsOf(settings)
    .filter(({ name }) => log.includes(`--${name} has no effect here`))
    .map(({ name }) => name);
}

/** Whether flags may be why a server did not start: what is wrong with the host is not a variant's fault. */
export function isOfFlags({ exitCode, code }: Failure): boolean {
  const ofHost = [
    'engine-changed',
    'no-engine',
    'no-shell',
    'log',
    'stop-hangs',
    'no-docker',
    'no-compose',
    'no-image',
  ];
  return exitCode === exitCodes.server && !ofHost.includes(code) && !code.startsWith('docker');
}

/** Why a server did not start with a variant's flags, from what it logged. */
export function startRefusal({ message, hint = '' }: Failure): string {
  const telling = hint
    .split('\n')
    .filter((line) => /unrecognized option|ambiguous|^error:|bad option|invalid|^E\d{4}/i.test(line))
    .map((line) => line.replace(/^\/\S*\/(?=\w+: )/, ''));
  return ['the server does not start with these flags', telling.slice(-3).join(' | ') || message].join(': ');
}

/** The table of options in which Triton logs how it runs: `| strict_readiness | 1 |`. */
function optionsTable(log: readonly string[]): Map<string, string> {
  const rows = log.flatMap((line) => {
    const [, name, value] = /^\| ([a-z_]+) +\| (.*?) +\|$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return new Map(rows);
}

function optionName(flag: string): string {
  return flag.replaceAll('-', '_');
}

/** Triton writes true as 1, and OFF for off. */
function sameValue(asked: string, told: string): boolean {
  const plain = (text: string): string =>
    /^(true|on|yes)$/i.test(text) ? '1' : /^(false|no)$/i.test(text) ? '0' : text.toLowerCase();
  const [a, b] = [plain(asked), plain(told)];
  return a === b || (a.trim() !== '' && Number(a) === Number(b));
}
