import { resolve } from 'node:path';
import { Failure } from '../../failure.ts';
import { nearest } from '../../modelconfig/nearest.ts';
import { ignoredFlags } from './ignored-flags.ts';

/** How the server runs, as read from its command line. */
export type ServeFlags = {
  /** Absolute path. */
  readonly repository: string;
  readonly id: string;
  readonly modelControl: 'none' | 'explicit';
  readonly loadModels: readonly string[];
  readonly autoCompleteConfig: boolean;
  readonly http: Listen | undefined;
  readonly grpc: Listen | undefined;
  readonly metrics: Listen | undefined;
  readonly exitTimeoutMs: number;
  readonly isVerbose: boolean;
  /** Flags that were given and have no effect here. */
  readonly ignored: readonly string[];
};

export type Listen = { readonly host: string; readonly port: number };

/**
 * One flag, named as Triton names it. A `switch` takes no value, or `true` or `false`; an `ignored` one is accepted without
 * effect; of an `off` or `on` one only that value is accepted, for the reason that its description gives.
 */
export type FlagSpec = {
  readonly name: string;
  readonly kind: 'text' | 'count' | 'port' | 'switch' | 'list' | 'ignored' | 'off' | 'on';
  readonly value: string;
  readonly description: string;
};

const flag = (name: string, kind: FlagSpec['kind'], value: string, description: string): FlagSpec => ({
  name,
  kind,
  value,
  description,
});

export const flagSpecs: readonly FlagSpec[] = [
  flag('model-repository', 'text', 'dir', 'the folder that holds the model folders'),
  flag('id', 'text', 'name', "the server's name in its metadata (tritune-embedded)"),
  flag('model-control-mode', 'text', 'mode', 'none: every model at the start; explicit: by request (none)'),
  flag('load-model', 'list', 'name', 'under explicit control, loaded at the start; * for all; may be repeated'),
  flag('disable-auto-complete-config', 'switch', '', 'take config.pbtxt as it is'),
  flag('allow-http', 'switch', '', 'serve HTTP (true)'),
  flag('http-address', 'text', 'host', 'where HTTP listens (127.0.0.1)'),
  flag('http-port', 'port', 'port', 'HTTP port, 0 for any (8000)'),
  flag('allow-grpc', 'switch', '', 'serve gRPC (true)'),
  flag('grpc-address', 'text', 'host', 'where gRPC listens (127.0.0.1)'),
  flag('grpc-port', 'port', 'port', 'gRPC port, 0 for any (8001)'),
  flag('allow-metrics', 'switch', '', 'serve metrics (true)'),
  flag('metrics-address', 'text', 'host', 'where metrics listen (that of HTTP)'),
  flag('metrics-port', 'port', 'port', 'metrics port, 0 for any (8002)'),
  flag('exit-timeout-secs', 'count', 'seconds', 'how long requests under way may take at the end (30)'),
  flag('log-verbose', 'count', 'level', 'log each HTTP request'),
  // Only there to be seen on the command line of a running process.
  flag('run-id', 'text', 'name', ''),
  // Triton's older names.
  flag('model-store', 'text', 'dir', ''),
  flag('strict-model-config', 'switch', '', ''),
  flag('exit-on-error', 'on', 'true', 'a model that cannot be loaded at the start ends it; load it by request instead'),
  flag('grpc-use-ssl', 'off', 'false', 'there is no TLS here'),
  flag('grpc-use-ssl-mutual', 'off', 'false', 'there is no TLS here'),
  flag('http-restricted-api', 'off', 'value', 'no call can be kept from a client here'),
  flag('grpc-restricted-protocol', 'off', 'value', 'no call can be kept from a client here'),
  ...ignoredFlags.map((name) => flag(name, 'ignored', 'value', '')),
];

export const defaultServerId = 'tritune-embedded';

/** Values as they were given, by flag name. */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

/** Splits a command line: `--name=value`, `--name value`, and switches. @throws Failure (usage) that names the nearest flag. */
export function splitFlags(args: readonly string[]): FlagValues {
  const values = new Map<string, string[]>();
  for (let at = 0; at < args.length; at += 1) {
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? [];
    if (name === undefined) throw usage(`${JSON.stringify(args[at])} is not a flag`, 'flags are written --name=value');
    const spec = flagSpecs.find((each) => each.name === name);
    if (spec === undefined) throw unknownFlag(name);
    let value = inline;
    if (value === undefined && spec.kind === 'switch') value = 'true';
    if (value === undefined) {
      at += 1;
      value = args[at];
    }
    if (value === undefined) throw usage(`--${name} needs a value`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

/** @throws Failure (usage) for a value that does not fit, or without a repository. */
export function readFlags(values: FlagValues, cwd: string): ServeFlags {
  const text = (name: string, otherwise: string): string => values.get(name)?.at(-1) ?? otherwise;
  const isOn = (name: string, otherwise: boolean): boolean => readSwitch(name, text(name, String(otherwise)));
  for (const spec of flagSpecs) checkFixed(spec, values.get(spec.name)?.at(-1));
  const repository = text('model-repository', text('model-store', ''));
  if (repository === '') throw usage('--model-repository is missing', 'name the folder that holds the model folders');
  const host = text('http-address', '127.0.0.1');
  const listen = (use: 'http' | 'grpc' | 'metrics', otherwise: Listen): Listen | undefined =>
    isOn(`allow-${use}`, true)
      ? {
          host: text(`${use}-address`, otherwise.host),
          port: readCount(`${use}-port`, text(`${use}-port`, String(otherwise.port)), 65_535),
        }
      : undefined;
  const loadModels = values.get('load-model') ?? [];
  const modelControl = readControl(text('model-control-mode', 'none'));
  if (loadModels.length > 0 && modelControl !== 'explicit') {
    throw usage('--load-model needs --model-control-mode=explicit', 'without it every model is loaded');
  }
  return {
    repository: resolve(cwd, repository),
    id: text('id', defaultServerId),
    modelControl,
    loadModels,
    autoCompleteConfig: !isOn('disable-auto-complete-config', false) && !isOn('strict-model-config', false),
    http: listen('http', { host: '127.0.0.1', port: 8000 }),
    grpc: listen('grpc', { host: '127.0.0.1', port: 8001 }),
    metrics: listen('metrics', { host, port: 8002 }),
    exitTimeoutMs: readCount('exit-timeout-secs', text('exit-timeout-secs', '30'), 86_400) * 1000,
    isVerbose: readCount('log-verbose', text('log-verbose', '0'), 9) > 0,
    ignored: flagSpecs.filter(({ kind, name }) => kind === 'ignored' && values.has(name)).map(({ name }) => name),
  };
}

function readControl(mode: string): 'none' | 'explicit' {
  if (mode === 'none' || mode === 'explicit') return mode;
  throw usage(
    `--model-control-mode=${mode} is not supported`,
    mode === 'poll' ? 'load again by request: --model-control-mode=explicit' : 'write none or explicit',
  );
}

/** Whether a text is what a switch takes. */
export function isSwitchValue(text: string): boolean {
  return truths.test(text) || untruths.test(text);
}

const truths = /^(1|true|on|yes)$/i;
const untruths = /^(0|false|off|no)$/i;

/** @throws Failure (usage) where a flag asks for what this server cannot do. */
function checkFixed({ name, kind, description }: FlagSpec, text: string | undefined): void {
  if (text === undefined || (kind === 'on' ? truths : untruths).test(text)) return;
  if (kind === 'on' || kind === 'off') throw usage(`--${name}=${text} is not supported`, description);
}

function readSwitch(name: string, text: string): boolean {
  if (truths.test(text)) return true;
  if (untruths.test(text)) return false;
  throw usage(`--${name}=${text}: write true or false`);
}

function readCount(name: string, text: string, greatest: number): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value <= greatest) return value;
  throw usage(`--${name}=${text}: write a whole number from 0 to ${greatest}`);
}

function unknownFlag(name: string): Failure {
  const near = nearest(
    name,
    flagSpecs.map((each) => each.name),
  );
  return usage(
    `there is no flag --${name}`,
    near === undefined ? 'see tritune serve --help' : `did you mean --${near}?`,
  );
}

function usage(message: string, hint?: string): Failure {
  return new Failure('usage', 'flags', message, hint === undefined ? {} : { hint });
}
