import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { HttpConnection } from './http-connection.ts';
import type { HttpHandler } from './http-message.ts';
import type { HttpLimits } from './http-reader.ts';

export type HttpOptions = HttpLimits & {
  readonly connectionCount: number;
  /** How long a client may take to send one request, or to read its answer. */
  readonly requestTimeoutMs: number;
  /** How long a connection may lie idle between requests. */
  readonly idleTimeoutMs: number;
  /** How long answers under way may take at the end. */
  readonly exitTimeoutMs: number;
};

export const defaultHttpOptions: HttpOptions = {
  headBytes: 16 * 1024,
  bodyBytes: 256 * 1024 * 1024,
  connectionCount: 4_096,
  requestTimeoutMs: 60_000,
  idleTimeoutMs: 600_000,
  exitTimeoutMs: 0,
};

/** Refused connections that still read why; any further ones are cut off. */
const refusedCount = 256;
const refusedMs = 1_000;

/**
 * An HTTP/1.1 server for one kind of request: whole bodies in, whole bodies out. It costs a third of what node:http does,
 * which matters where one inference costs 10 us. Rejects where the address cannot be listened on.
 */
export async function listenHttp(
  handle: HttpHandler,
  address: { readonly host: string; readonly port: number },
  options: HttpOptions = defaultHttpOptions,
): Promise<AsyncDisposable & { readonly port: number }> {
  const accepting: Accepting = { connections: new Set(), refused: new Set(), handle, options };
  const { connections, refused } = accepting;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => accept(socket, accepting));
  server.listen({ host: address.host, port: address.port, backlog: 1024 });
  await once(server, 'listening');
  const sweeping = setInterval(() => endOverdue(connections, options), 1_000).unref();
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of refused) socket.destroy();
      for (const connection of connections) connection.end();
      const hurry = setTimeout(() => {
        for (const connection of connections) connection.destroy();
      }, options.exitTimeoutMs);
      await closed;
      clearTimeout(hurry);
      clearInterval(sweeping);
    },
  };
}

type Accepting = {
  readonly connections: Set<HttpConnection>;
  readonly refused: Set<Socket>;
  readonly handle: HttpHandler;
  readonly options: HttpOptions;
};

/** Where all places are taken, the one goes that has waited longest without ever sending a request. */
function accept(socket: Socket, { connections, refused, handle, options }: Accepting): void {
  const connection = new HttpConnection(socket, handle, options);
  if (connections.size >= options.connectionCount) {
    const unproven = oldestUnproven(connections);
    if (unproven === undefined) {
      if (refused.size >= refusedCount) {
        socket.destroy();
        return;
      }
      connection.refuse(503, `more than ${options.connectionCount} connections`);
      letGo(socket, refused);
      return;
    }
    connections.delete(unproven);
    unproven.destroy();
  }
  connections.add(connection);
  socket.once('close', () => connections.delete(connection));
}

/** Gives a refused client the time to read why, whatever it does. */
function letGo(socket: Socket, refused: Set<Socket>): void {
  refused.add(socket);
  const cut = setTimeout(() => socket.destroy(), refusedMs);
  socket.once('close', () => {
    clearTimeout(cut);
    refused.delete(socket);
  });
}

function oldestUnproven(connections: ReadonlySet<HttpConnection>): HttpConnection | undefined {
  for (const connection of connections) if (!connection.isProven) return connection;
  return undefined;
}

function endOverdue(connections: ReadonlySet<HttpConnection>, options: HttpOptions): void {
  const nowMs = performance.now();
  for (const connection of connections) {
    const limitMs = connection.isWithin || !connection.isProven ? options.requestTimeoutMs : options.idleTimeoutMs;
    if ((connection.waitingMs(nowMs) ?? 0) > limitMs) connection.destroy();
  }
}
