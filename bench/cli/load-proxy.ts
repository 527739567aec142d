import { isIP } from 'node:net';
import { parseProxy } from '../load/conventional/proxy.ts';
import { isLoopback, notThisHost, resolveServer, type ServerName } from './load-address.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The URL of the proxy that a load goes through, or null: the one asked for, else, for other hosts only, the environment's
 * (`https_proxy`, `http_proxy`, `grpc_proxy`, `all_proxy`, in either case, and `no_proxy`). A server of this host is never
 * measured through a proxy that nobody named.
 */
export function chooseProxy(asked: string | undefined, server: ServerName, env: Environment): string | null {
  if (asked !== undefined) return asked;
  if (staysHere(server.host) || isExempt(server, read(env, 'no_proxy') ?? '')) return null;
  const names =
    server.protocol === 'grpc'
      ? ['grpc_proxy', 'https_proxy', 'http_proxy']
      : server.isSecure
        ? ['https_proxy']
        : ['http_proxy'];
  for (const name of [...names, 'all_proxy']) {
    const value = read(env, name);
    if (value !== undefined) return value;
  }
  return null;
}

/** The same with its name resolved, once and before any load. @throws Failure as `parseProxy` and `resolveServer` do. */
export async function resolveProxy(
  proxy: string,
  options: { readonly allowRemote: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const { host, port } = parseProxy(proxy);
  const address = await resolveServer({ host, port }, options);
  const url = new URL(proxy);
  url.hostname = address.includes(':') ? `[${address}]` : address;
  return url.href;
}

/** For people: without what may be secret. @throws Failure as `parseProxy` does. */
export function proxyText(proxy: string): string {
  const { host, port } = parseProxy(proxy);
  return `${host}:${port}`;
}

export function staysHere(host: string): boolean {
  return host.toLowerCase() === 'localhost' || isLoopback(host);
}

/** As curl reads it: names of hosts and domains, with or without a port and a leading dot; `*` for all. */
function isExempt({ host, port }: ServerName, list: string): boolean {
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true;
    const [, name = '', only] = /^\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (name === '' || (only !== undefined && Number(only) !== port)) return false;
    const asked = host.toLowerCase();
    return asked === name || (isIP(asked) === 0 && asked.endsWith(`.${name}`));
  });
}

function read(env: Environment, name: string): string | undefined {
  const value = env[name] ?? env[name.toUpperCase()];
  return value === undefined || value === '' ? undefined : value;
}

/** @throws Failure (usage) where load through a proxy would leave this host without leave. */
export function requireRemote(server: ServerName, allowRemote: boolean): void {
  if (!allowRemote && !staysHere(server.host)) throw notThisHost(server.host);
}
