import { deflateSync, gzipSync } from 'node:zlib';
import { encodeInferenceRequest } from '../../kserve/inference.ts';
import { inferHeaders, inferPath } from '../http/request.ts';
import { noSharing } from '../http/transport.ts';
import type { Target, Transport } from '../transport.ts';
import { UndiciConnection, type UndiciRoute } from './undici-connection.ts';
import { type Wrapping, wrappingOf } from './wrapping.ts';

/**
 * HTTP/1.1 by undici: with TLS, compression and proxies, at several times the cost of plain sockets. Each channel is a
 * connection, made when the channel is opened and never made again behind its user's back.
 */
export const httpUndici: Transport = {
  name: 'http-undici',
  sharesConnections: false,
  encode(target, inputs) {
    const { body, headerBytes } = encodeInferenceRequest(inputs);
    inferHeaders(target, headerBytes);
    return { bytes: compressed(target, Buffer.from(body)), jsonBytes: headerBytes };
  },
  open(target, { shared }) {
    if (shared) throw noSharing();
    const wrapping = wrappingOf(target, 'http/1.1');
    const route = routeOf(wrapping);
    return { open: (events) => new UndiciConnection(wrapping, route, events), [Symbol.dispose]: () => undefined };
  },
};

function compressed({ compression }: Target, body: Buffer): Buffer {
  if (compression === 'none') return body;
  return compression === 'gzip' ? gzipSync(body) : deflateSync(body);
}

/** A proxy that passes no bytes on is told the whole address with each request. */
function routeOf({ target, proxy, tunnel }: Wrapping): UndiciRoute {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const origin = `${target.tls === null ? 'http' : 'https'}://${host}:${target.port}`;
  const forwarded = proxy !== null && !tunnel;
  const coding = target.compression === 'none' ? [] : ['Content-Encoding', 'Accept-Encoding'];
  const extra = [
    ...coding.flatMap((name) => [name, target.compression]),
    ...(forwarded && proxy.authorization !== null ? ['Proxy-Authorization', proxy.authorization] : []),
  ];
  const headersOf = new Map<number, string[]>();
  return {
    origin,
    path: `${forwarded ? origin : ''}${inferPath(target)}`,
    headers(jsonBytes) {
      const known = headersOf.get(jsonBytes) ?? [...inferHeaders(target, jsonBytes).flat(), ...extra];
      headersOf.set(jsonBytes, known);
      return known;
    },
  };
}
