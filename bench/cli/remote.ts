import type { Envelope } from '../engines/engine.ts';
import type { RemoteConnection } from '../engines/remote/engine.ts';
import { Failure } from '../failure.ts';
import { fetchOver } from '../load/control/fetch-over.ts';
import type { RemoteChoice, SecretSource } from '../plan/plan.ts';
import type { Host } from './host.ts';
import { parseServerName, resolveServer, type ServerName } from './load-address.ts';
import { type Headers, readHeaders, readSmall, secretsOf, withoutSecrets } from './load-headers.ts';
import { chooseProxy, resolveProxy } from './load-proxy.ts';

/** All that is said about a remote server, read: names are not looked up yet. It holds secrets. */
export type RemoteMeans = {
  readonly choice: RemoteChoice;
  readonly http: ServerName;
  readonly grpc: ServerName | null;
  readonly headers: Headers;
  readonly pem: Pick<NonNullable<Envelope['tls']>, 'ca' | 'certificate' | 'key'>;
  readonly env: Host['env'];
};

/** @throws Failure (usage) for an address that is none, and a variable or a file that is not there. No value is repeated. */
export function readRemote(choice: RemoteChoice, env: Host['env']): RemoteMeans {
  const http = named(choice.http, 'http');
  const asked = choice.grpc === null ? null : named(choice.grpc, 'grpc');
  const isOpen = choice.grpc !== null && /^grpc:/i.test(choice.grpc);
  const grpc = asked === null ? null : { ...asked, isSecure: asked.isSecure || (http.isSecure && !isOpen) };
  const { ca, certificate, key, serverName } = choice.tls;
  const isUsed = http.isSecure || grpc?.isSecure === true;
  if (!isUsed && [ca, certificate, key, serverName].some((each) => each !== null))
    throw new Failure('usage', 'tls', 'engine.tls is given, but the address is without TLS', {
      hint: 'write http: https://HOST:PORT (and grpc: grpcs://HOST:PORT)',
    });
  const pem = (file: string | null): string | null => (file === null ? null : readSmall(file));
  return {
    choice,
    http,
    grpc,
    headers: headersOf(choice, env),
    pem: { ca: pem(ca), certificate: pem(certificate), key: pem(key) },
    env,
  };
}

/**
 * Looks names up, once and before any load, and finds an address that takes connections.
 * @throws Failure: usage for headers and certificates that cannot be used, server where nobody answers.
 */
export async function connectRemote(means: RemoteMeans, signal: AbortSignal): Promise<RemoteConnection> {
  const { choice, http, grpc } = means;
  const first = await reach(http, means, signal);
  const second = grpc === null ? undefined : await reach(grpc, means, signal);
  const clean = cleaner(means, first.envelope.proxy);
  const url = originOf(http);
  return {
    choice,
    url,
    server: serverKey(http),
    httpAddress: first.address,
    grpcAddress: second?.address,
    over: { http: first.envelope, grpc: second?.envelope ?? first.envelope },
    send: fetchOver({ ...first.address, ...first.envelope, compression: 'none' }, clean),
    ...(choice.metrics === undefined ? {} : { metrics: await metricsOf(choice.metrics, means, { clean, signal }) }),
    clean,
  };
}

/** An endpoint that is off is no reason not to measure: what it would say is unknown then. */
async function metricsOf(
  text: string,
  means: RemoteMeans,
  { clean, signal }: { readonly clean: RemoteConnection['clean']; readonly signal: AbortSignal },
): Promise<NonNullable<RemoteConnection['metrics']>> {
  const server = named(text.replace(/\/(metrics)?$/i, ''), 'http');
  const url = `${originOf(server)}/metrics`;
  try {
    const { address, envelope } = await reach(server, means, signal);
    return { url, send: fetchOver({ ...address, ...envelope, compression: 'none' }, clean) };
  } catch (error) {
    if (!(error instanceof Failure) || signal.aborted) throw error;
    return { url, send: () => Promise.reject(error) };
  }
}

/** HOST:PORT, the same for every name of this host that means its loopback. */
export function serverKey({ host, port }: Pick<ServerName, 'host' | 'port'>): string {
  const name = host.toLowerCase() === 'localhost' || host === '::1' ? '127.0.0.1' : host.toLowerCase();
  return `${literal(name)}:${port}`;
}

/** Whether the transports on plain sockets cannot reach it. */
export function isWrapped(means: RemoteMeans, protocol: 'http' | 'grpc'): boolean {
  const server = means[protocol];
  return server !== null && (server.isSecure || chooseProxy(undefined, server, means.env) !== null);
}

type Reached = { readonly address: { readonly host: string; readonly port: number }; readonly envelope: Envelope };

async function reach(server: ServerName, means: RemoteMeans, signal: AbortSignal): Promise<Reached> {
  const { protocol, host, port, isSecure } = server;
  const { choice, pem, env } = means;
  const tls = isSecure ? { serverName: choice.tls.serverName ?? host, ...pem } : null;
  const headers = protocol === 'grpc' ? withoutHost(means.headers) : withHost(means.headers, server);
  const asked = chooseProxy(undefined, server, env);
  const options = { allowRemote: true, signal };
  if (asked !== null)
    return { address: { host, port }, envelope: { headers, tls, proxy: await resolveProxy(asked, options) } };
  const address = await resolveServer(server, options).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.exitCode !== 3) throw error;
    throw new Failure('server', error.code, error.message, {
      hint: `is the server running, and is ${host}:${port} where it listens for ${protocol === 'grpc' ? 'gRPC' : 'HTTP'}?`,
      cause: error,
    });
  });
  return { address: { host: address, port }, envelope: { headers, tls, proxy: null } };
}

/** A server that is told by its name, which what stands before it may go by, though it is connected to by its address. */
function withHost(headers: Headers, { host, port, isSecure }: ServerName): Headers {
  const isNamed = /[a-z]/i.test(host) && !host.includes(':');
  if (isSecure || !isNamed || headers.some(([name]) => isHost(name))) return headers;
  return [...headers, ['Host', `${host}:${port}`]];
}

function withoutHost(headers: Headers): Headers {
  return headers.filter(([name]) => !isHost(name));
}

function isHost(name: string): boolean {
  return name.toLowerCase() === 'host';
}

function headersOf({ headers }: RemoteChoice, env: Host['env']): Headers {
  const own = headers.map(({ name, source }): readonly [string, string] => [name, readValue(name, source, env)]);
  const names = new Set(own.map(([name]) => name.toLowerCase()));
  const common = readHeaders({ options: [], file: undefined, environment: env.TRITUNE_HEADERS });
  return [...common.filter(([name]) => !names.has(name.toLowerCase())), ...own];
}

function readValue(name: string, source: SecretSource, env: Host['env']): string {
  const [value, where] =
    'env' in source
      ? [env[source.env] ?? '', `the variable ${source.env}`]
      : [readSmall(source.file).trim(), source.file];
  if (value !== '') return value;
  throw new Failure(
    'usage',
    'header',
    `${where}, which holds the header ${name}, is ${'env' in source ? 'not set' : 'empty'}`,
    {
      hint:
        'env' in source
          ? `set it for this command: ${source.env}=... tritune ...`
          : 'write the value of the header into it',
    },
  );
}

/** Takes out what was sent and may be secret, as it is and as JSON has it. */
function cleaner({ headers }: RemoteMeans, proxy: string | null): (text: string) => string {
  const own = headers.filter(([name]) => !isHost(name));
  const password = proxy === null ? '' : (URL.parse(proxy)?.password ?? '');
  const plain = secretsOf([...own, ['proxy', password]]);
  const secrets = [...new Set(plain.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]))];
  return (text) => withoutSecrets(text, secrets);
}

function named(text: string, protocol: 'http' | 'grpc'): ServerName {
  try {
    return parseServerName(text, protocol);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure('usage', 'url', `engine.${protocol}: ${error.message}`, {
      hint: `write HOST:PORT or ${protocol === 'http' ? 'https://HOST:PORT' : 'grpcs://HOST:PORT'}; a token goes into a header that is read from the environment or a file`,
      cause: error,
    });
  }
}

function originOf({ isSecure, host, port }: ServerName): string {
  return `${isSecure ? 'https' : 'http'}://${literal(host)}:${port}`;
}

function literal(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
