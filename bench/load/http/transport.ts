import { Failure } from '../../failure.ts';
import type { Target, Transport } from '../transport.ts';
import { needsConventional } from '../transport-choice.ts';
import { HttpConnection } from './connection.ts';
import { encodeHttpRequest } from './request.ts';

/** HTTP/1.1 on plain sockets: the cheapest client there is, without TLS, compression or proxies. Each channel is a connection. */
export const http: Transport = {
  name: 'http',
  sharesConnections: false,
  encode(target, inputs) {
    requirePlain(target);
    return { bytes: encodeHttpRequest(target, inputs), jsonBytes: 0 };
  },
  open(target, { shared }) {
    requirePlain(target);
    if (shared) throw noSharing();
    return { open: (events) => new HttpConnection(target, events), [Symbol.dispose]: () => undefined };
  },
};

/** What asks for many requests over one connection of HTTP/1.1 is told. */
export function noSharing(): Failure {
  return new Failure('usage', 'transport', 'HTTP/1.1 carries one request at a time over a connection', {
    hint: 'share a connection with --protocol grpc, or leave each worker its own',
  });
}

function requirePlain(target: Target): void {
  const need = needsConventional(target);
  if (need === undefined) return;
  throw new Failure('usage', 'transport', `the transport http is without ${need}`, {
    hint: 'use the transport http-undici, or leave the choice to the target',
  });
}
