import type { Transport as TransportName } from '../plan/plan.ts';
import type { Target } from './transport.ts';

/**
 * The cheapest transport that can serve a target: the protocol's own on plain sockets, else the conventional client of that
 * protocol. Headers of the target's own and a model version are within reach of both.
 */
export function chooseTransport(protocol: 'http' | 'grpc', target: Target): TransportName {
  if (needsConventional(target) === undefined) return protocol;
  return protocol === 'http' ? 'http-undici' : 'grpc-js';
}

/** What of a target the transports on plain sockets cannot do, in words; undefined where they can do all of it. */
export function needsConventional(target: Target): 'TLS' | 'compression' | 'a proxy' | undefined {
  if (target.tls !== null) return 'TLS';
  if (target.compression !== 'none') return 'compression';
  return target.proxy === null ? undefined : 'a proxy';
}
