import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { Failure } from '../failure.ts';
import type { Plan, RemoteChoice, SecretSource } from '../plan/plan.ts';
import { checkRemotePlan } from '../plan/remote-plan.ts';
import { remoteKeys, withPaths } from '../plan/remote-schema.ts';
import { shellWord } from '../run/shell-word.ts';
import type { Host } from './host.ts';
import { isWrapped, readRemote } from './remote.ts';

/** What the command line may say of a remote server. No word of it is a secret: it names where one is kept. */
export type RemoteWords = {
  url?: string;
  grpcUrl?: string;
  metricsUrl?: string;
  tlsCa?: string;
  tlsCertificate?: string;
  tlsKey?: string;
  tlsServerName?: string;
  headerEnv?: readonly string[];
  headerFile?: readonly string[];
};

/** The options of a command that measures; none of them goes with a run that is gone on with. */
export const remoteOptionNames = [
  'url',
  'grpcUrl',
  'metricsUrl',
  'tlsCa',
  'tlsCertificate',
  'tlsKey',
  'tlsServerName',
  'headerEnv',
  'headerFile',
] as const;

export function addRemoteOptions(command: Command): Command {
  const list = (given: string, before: string[] | undefined): string[] => [...(before ?? []), given];
  return command
    .option('--url <url>', 'a running server to measure (engine remote): HOST:PORT or https://HOST:PORT')
    .option('--grpc-url <url>', 'where it listens for gRPC: HOST:PORT or grpcs://HOST:PORT')
    .option('--metrics-url <url>', 'its metrics page: HOST:PORT or http://HOST:8002/metrics')
    .option('--tls-ca <file>', 'the CA certificate of a remote server, as PEM')
    .option('--tls-certificate <file>', 'a client certificate, as PEM')
    .option('--tls-key <file>', 'its key, as PEM')
    .option('--tls-server-name <name>', "the name in the server's certificate, where it is another than in its URL")
    .option('--header-env <name=variable>', 'a header whose value a variable of the environment holds', list)
    .option('--header-file <name=file>', 'a header whose value a file holds', list);
}

/**
 * The plan with the server that the command line names, and checked for what a remote server cannot do; as it is where it measures
 * another.
 * @throws Failure (usage)
 */
export function withRemote(plan: Plan, words: RemoteWords, host: Pick<Host, 'cwd' | 'env'>): Plan {
  const { engine } = plan;
  const given = remoteOptionNames.filter((name) => words[name] !== undefined);
  const remote = given.length === 0 ? engine.remote : fromWords(words, engine.remote, host.cwd);
  const kind = words.url !== undefined && engine.kind === 'auto' ? 'remote' : engine.kind;
  if (given.length > 0 && kind !== 'remote' && kind !== 'auto')
    throw refused(
      `${optionText(given[0] ?? 'url')} is about a remote server, and the engine is ${kind}`,
      'add --engine remote',
    );
  const asked = { ...plan, engine: { ...engine, kind, remote } };
  if (remote === null || (kind !== 'remote' && kind !== 'auto')) return asked;
  checkRemotePlan(asked);
  return withClients(asked, remote, host.env);
}

/** The words that say the same again. */
export function remoteWords(words: RemoteWords): string[] {
  return remoteOptionNames.flatMap((name) =>
    [words[name] ?? []].flat().map((value) => `${optionText(name)} ${shellWord(value)}`),
  );
}

function fromWords(words: RemoteWords, before: RemoteChoice | null, cwd: string): RemoteChoice {
  const http = checked(remoteKeys.http, words.url, '--url') ?? before?.http;
  if (http === undefined)
    throw refused(
      `there is no server for ${optionText(remoteOptionNames.find((name) => words[name] !== undefined) ?? 'url')}`,
      'name it with --url HOST:PORT',
    );
  const grpc =
    checked(remoteKeys.grpc, words.grpcUrl, '--grpc-url') ?? (words.url === undefined ? before?.grpc : undefined);
  const metrics =
    checked(remoteKeys.metrics, words.metricsUrl, '--metrics-url') ??
    (words.url === undefined ? before?.metrics : undefined);
  const absolute = (file: string): string => resolve(cwd, file);
  const own = withPaths(
    {
      http,
      grpc: grpc ?? null,
      ...(metrics === undefined ? {} : { metrics }),
      tls: {
        ca: words.tlsCa ?? null,
        certificate: words.tlsCertificate ?? null,
        key: words.tlsKey ?? null,
        serverName: words.tlsServerName ?? null,
      },
      headers: [
        ...(words.headerEnv ?? []).map((word) => headerFrom(word, 'env')),
        ...(words.headerFile ?? []).map((word) => headerFrom(word, 'file')),
      ],
      restartCommand: before?.restartCommand ?? null,
    },
    absolute,
  );
  const tls = { ...own.tls };
  for (const key of ['ca', 'certificate', 'key', 'serverName'] as const) tls[key] ??= before?.tls[key] ?? null;
  if ((tls.certificate === null) !== (tls.key === null))
    throw refused('a client certificate and its key go together', 'give both --tls-certificate and --tls-key');
  const names = new Set(own.headers.map(({ name }) => name.toLowerCase()));
  const headers = [...(before?.headers ?? []).filter(({ name }) => !names.has(name.toLowerCase())), ...own.headers];
  return { ...own, tls, headers };
}

/** The value behind the name is not repeated: it may be a secret that was put there by mistake. */
function headerFrom(word: string, kind: 'env' | 'file'): { name: string; source: SecretSource } {
  const at = word.indexOf('=');
  const name = word.slice(0, Math.max(0, at));
  const source = { [kind]: word.slice(at + 1) };
  const parsed = z.object({ headers: remoteKeys.headers }).safeParse({ headers: { [name]: source } });
  if (at > 0 && parsed.success) return { name, source: source as SecretSource };
  throw refused(
    `--header-${kind} names no header and ${kind === 'env' ? 'variable' : 'file'}`,
    `write --header-${kind} NAME=${kind === 'env' ? 'VARIABLE' : 'FILE'}, never the value itself: other users see the command line`,
  );
}

function checked(schema: z.ZodType<string | undefined>, text: string | undefined, option: string): string | undefined {
  if (text === undefined) return undefined;
  const issue = schema.safeParse(text).error?.issues[0];
  if (issue !== undefined)
    throw refused(`${option}: ${issue.message}`, 'a token goes into --header-env or --header-file');
  return text;
}

/** Each protocol by the client that can reach the server, so that the record says what was measured with. */
function withClients(plan: Plan, remote: RemoteChoice, env: Host['env']): Plan {
  const means = readRemote(remote, env);
  const client = <T extends Plan['load']['protocol']>(protocol: T): T | 'http-undici' | 'grpc-js' => {
    if (protocol === 'http' && isWrapped(means, 'http')) return 'http-undici';
    return protocol === 'grpc' && isWrapped(means, 'grpc') ? 'grpc-js' : protocol;
  };
  return {
    ...plan,
    load: { ...plan.load, protocol: client(plan.load.protocol) },
    variants: plan.variants.map((variant) =>
      variant.load?.protocol === undefined
        ? variant
        : { ...variant, load: { ...variant.load, protocol: client(variant.load.protocol) } },
    ),
  };
}

function optionText(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function refused(message: string, hint: string): Failure {
  return new Failure('usage', 'remote', message, { hint });
}
