import { lookup } from 'node:dns/promises';
import { addAbortListener } from 'node:events';
import { connect, isIP } from 'node:net';
import { Failure } from '../failure.ts';

/** A server as the user named it. */
export type ServerName = {
  readonly protocol: 'http' | 'grpc';
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
};

const protocols = { 'http:': 'http', 'https:': 'http', 'grpc:': 'grpc', 'grpcs:': 'grpc' } as const;
const defaultPorts = { http: 8000, grpc: 8001 } as const;

/**
 * Reads `-u`: HOST, HOST:PORT, or a URL of http, https, grpc or grpcs; the port is Triton's own where it is left out.
 * @throws Failure (usage) for anything else; a URL with a user, a password or a query is not repeated.
 */
export function parseServerName(text: string | undefined, asked: 'http' | 'grpc' | undefined): ServerName {
  const given = text ?? 'localhost';
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(given);
  // Of a scheme that it does not know, URL parses no port.
  const url = hasScheme ? parsedAs(given) : URL.parse(`http://${given}`);
  if (url === null || url.hostname === '') throw refused('it is no address of a server');
  if (url.username !== '' || url.password !== '') {
    throw refused(
      'it holds a user or a password',
      'send an Authorization header instead: --header-file or TRITUNE_HEADERS',
    );
  }
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '') {
    throw refused('it holds more than a host and a port');
  }
  const scheme = hasScheme ? `${given.slice(0, given.indexOf('://')).toLowerCase()}:` : null;
  const named = scheme === null ? undefined : protocols[scheme as keyof typeof protocols];
  if (asked !== undefined && named !== undefined && asked !== named) {
    throw refused(`it says ${scheme}// and --protocol says ${asked}`, 'leave one of them out');
  }
  const protocol = named ?? asked ?? 'http';
  const isSecure = scheme === 'https:' || scheme === 'grpcs:';
  const port = /:(\d+)\/?$/.exec(given)?.[1];
  return {
    protocol,
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port:
      port === undefined
        ? scheme === 'https:'
          ? 443
          : scheme === 'http:'
            ? 80
            : defaultPorts[protocol]
        : Number(port),
  };
}

function parsedAs(given: string): URL | null {
  const scheme = `${given.slice(0, given.indexOf('://')).toLowerCase()}:`;
  if (!Object.hasOwn(protocols, scheme)) throw refused('its scheme is none of http, https, grpc and grpcs');
  return URL.parse(given.replace(/^[^:]*/, 'http'));
}

/** Whether load to that address stays on this host. */
export function isLoopback(address: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(address) || address === '::1' || mappedLoopback.test(address);
}

/** As it is written, and as URL writes it: 127 is 7f. */
const mappedLoopback = /^::ffff:(127\.\d+\.\d+\.\d+|7f[0-9a-f]{2}:[0-9a-f]{1,4})$/i;
const connectTimeoutMs = 5_000;

export type ResolveOptions = {
  readonly allowRemote: boolean;
  readonly signal: AbortSignal;
  /** The system's where it is left out. */
  readonly lookUp?: LookUp;
};

type LookUp = (host: string, options: { all: true }) => Promise<{ address: string; family: number }[]>;

/**
 * The one address that load goes to: the first of the name's, IPv4 before IPv6, that takes a connection. Nothing is
 * resolved after that.
 * @throws Failure: usage for an address of another host unless `allowRemote`, server where nothing listens.
 */
export async function resolveServer(
  { host, port }: { readonly host: string; readonly port: number },
  { allowRemote, signal, lookUp = lookup }: ResolveOptions,
): Promise<string> {
  const addresses = await untilAborted(addressesOf(host, lookUp), signal);
  signal.throwIfAborted();
  const allowed = allowRemote ? addresses : addresses.filter(isLoopback);
  if (allowed.length === 0) throw notThisHost(host);
  let reason = '';
  for (const address of allowed) {
    signal.throwIfAborted();
    const failure = await tryConnecting(address, port, signal);
    if (failure === undefined) return address;
    reason = failure;
  }
  signal.throwIfAborted();
  throw new Failure('server', 'no-server', `nothing answers on ${host}:${port} (${reason})`, {
    hint: 'start the server first, or name its address with -u HOST:PORT',
  });
}

export function notThisHost(host: string): Failure {
  return new Failure('usage', 'remote', `${host} is another host, and load can do harm there`, {
    hint: 'add --allow-remote if you may load it',
  });
}

/** The system's search for a name cannot be ended: it is left to itself. */
async function untilAborted<T>(found: Promise<T>, signal: AbortSignal): Promise<T> {
  found.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  using _abort = addAbortListener(signal, () => aborted.reject(signal.reason));
  return await Promise.race([found, aborted.promise]);
}

async function addressesOf(host: string, lookUp: LookUp): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    const found = await lookUp(host, { all: true });
    return found.toSorted((a, b) => a.family - b.family).map(({ address }) => address);
  } catch (error) {
    throw new Failure('server', 'no-such-host', `${host} has no address (${(error as NodeJS.ErrnoException).code})`, {
      hint: 'name the server with -u HOST:PORT',
      cause: error,
    });
  }
}

/** Undefined where a connection is made; else why not. */
function tryConnecting(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (failure: string | undefined): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      resolve(failure);
    };
    const abort = (): void => end('given up');
    signal.addEventListener('abort', abort, { once: true });
    socket.setTimeout(connectTimeoutMs, () => end('no answer'));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'no connection'));
  });
}

function refused(
  why: string,
  hint = 'write -u HOST:PORT, or a URL such as http://HOST:PORT, https://, grpc:// or grpcs://',
): Failure {
  return new Failure('usage', 'url', `the address of the server cannot be used: ${why}`, { hint });
}
