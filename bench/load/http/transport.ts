import { Failure } from '../../failure.ts';
import type { Transport } from '../transport.ts';
import { HttpConnection } from './connection.ts';
import { encodeHttpRequest } from './request.ts';

/** HTTP/1.1 on plain sockets: the cheapest client there is, without TLS, compression or proxies. Each channel is a connection. */
export const http: Transport = {
  name: 'http',
  encode: (target, inputs) => ({ bytes: encodeHttpRequest(target, inputs), jsonBytes: 0 }),
  open(target, { shared }) {
    if (shared) {
      throw new Failure('usage', 'transport', 'HTTP/1.1 carries one request at a time over a connection', {
        hint: 'share a connection with --protocol grpc, or leave each worker its own',
      });
    }
    return { open: (events) => new HttpConnection(target, events), [Symbol.dispose]: () => undefined };
  },
};
