import { Failure } from '../../failure.ts';
import type { DockerCli } from './docker-cli.ts';

/** How containers are reached: on the host's own network, or by ports that are published on its loopback. */
export type Network = 'host' | 'published';

/** Why Docker cannot serve, and what to do about it where that is known. */
export type Missing = { readonly missing: string; readonly hint?: string };

export type Daemon = { readonly version: string; readonly network: Network };

/**
 * The daemon that the docker program talks to. Containers share this host's network where it is a Linux daemon of this very host;
 * one in a virtual machine (Docker Desktop) or in a name space of its own (rootless) has another loopback.
 */
export async function findDaemon(
  docker: DockerCli,
  limits: { timeoutMs: number; signal?: AbortSignal },
): Promise<Daemon | Missing> {
  try {
    const [endpoint, info] = await Promise.all([
      docker.run(['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'], limits),
      docker.run(
        ['info', '--format', '{{.ServerVersion}}\n{{.OSType}}\n{{.OperatingSystem}}\n{{.SecurityOptions}}'],
        limits,
      ),
    ]);
    const elsewhere = otherHostOf(endpoint.trim());
    if (elsewhere !== undefined) {
      return { missing: `the Docker daemon is on another host (${elsewhere})`, hint: 'run this there' };
    }
    return daemonOf(info);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { missing: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
}

/** Of what `docker info` prints: version, kind of containers, name of the system, security options. */
export function daemonOf(info: string, platform: NodeJS.Platform = process.platform): Daemon | Missing {
  const [version = '', kind = '', system = '', security = ''] = info.split('\n').map((line) => line.trim());
  if (version === '') return { missing: 'the Docker daemon does not answer' };
  if (kind !== 'linux') return { missing: `the Docker daemon runs ${kind} containers` };
  const isOwn = platform === 'linux' && !/docker desktop/i.test(system) && !/name=(rootless|userns)/.test(security);
  return { version, network: isOwn ? 'host' : 'published' };
}

/** The host of a daemon that is not on this one; a URL may hold a password, which goes nowhere. */
function otherHostOf(endpoint: string): string | undefined {
  const url = URL.parse(endpoint);
  if (url === null || !['tcp:', 'ssh:', 'http:', 'https:'].includes(url.protocol)) return undefined;
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname) ? undefined : `${url.protocol}//${url.hostname}`;
}
