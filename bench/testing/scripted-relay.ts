import { connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export type RelayOptions = {
  /** What the server sends goes on in pieces of that size, each in a turn and a packet of its own. */
  readonly pieceBytes?: number;
  /** What the server sends is held back until it has been silent that long, and goes on in one. */
  readonly holdMs?: number;
  /** Speaks TLS to the client. */
  readonly tls?: TlsOptions;
  /** An HTTP proxy that passes bytes on after CONNECT, and requests with a whole address as they are; the header it wants. */
  readonly proxy?: { readonly authorization: string | null };
};

export type Relay = AsyncDisposable & {
  readonly address: { readonly host: string; readonly port: number };
  /** First lines of what clients asked a proxy for. */
  readonly asked: readonly string[];
  readonly openCount: number;
};

/** Stands between a client and a server on 127.0.0.1. */
export async function startRelay(port: number, options: RelayOptions = {}): Promise<Relay> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const accept = (client: Socket): void => {
    keep(sockets, client);
    client.setNoDelay();
    if (options.proxy === undefined) join(client, keep(sockets, connect({ port, host: '127.0.0.1' })), options);
    else
      serveProxy(client, { ...options.proxy, asked, dial: () => keep(sockets, connect({ port, host: '127.0.0.1' })) });
  };
  const server = options.tls === undefined ? createServer(accept) : createTlsServer(options.tls, accept);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: { host: '127.0.0.1', port: (server.address() as { port: number }).port },
    asked,
    get openCount() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function keep(sockets: Set<Socket>, socket: Socket): Socket {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => sockets.delete(socket));
  return socket;
}

function join(client: Socket, server: Socket, { pieceBytes, holdMs }: RelayOptions): void {
  server.setNoDelay();
  client.pipe(server);
  client.on('close', () => server.destroy());
  let waiting: Buffer[] = [];
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    if (over && waiting.length === 0) client.end();
  };
  const flush = (): void => {
    const bytes = Buffer.concat(waiting);
    waiting = [];
    client.write(bytes);
    end();
  };
  const drip = (): void => {
    const bytes = Buffer.concat(waiting);
    const size = pieceBytes ?? bytes.byteLength;
    waiting = bytes.byteLength > size ? [bytes.subarray(size)] : [];
    client.write(bytes.subarray(0, size), () => (waiting.length > 0 ? setImmediate(drip) : end()));
  };
  server.on('data', (piece: Buffer) => {
    const idle = waiting.length === 0;
    waiting.push(piece);
    clearTimeout(timer);
    if (holdMs !== undefined) timer = setTimeout(flush, holdMs);
    else if (idle) drip();
  });
  server.on('end', () => {
    over = true;
    end();
  });
}

type ProxyDuty = { authorization: string | null; asked: string[]; dial: () => Socket };

function serveProxy(client: Socket, { authorization, asked, dial }: ProxyDuty): void {
  let received = Buffer.alloc(0);
  const read = (piece: Buffer): void => {
    received = Buffer.concat([received, piece]);
    const end = received.indexOf('\r\n\r\n', 0, 'latin1');
    if (end === -1) return;
    client.off('data', read);
    const [line = '', ...headers] = received.toString('latin1', 0, end).split('\r\n');
    asked.push(line);
    const known = headers.map((header) => header.replace(/^[^:]*/, (name) => name.toLowerCase()));
    if (authorization !== null && !known.includes(`proxy-authorization: ${authorization}`)) {
      client.end('HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const server = dial();
    if (line.startsWith('CONNECT ')) {
      client.write('HTTP/1.1 200 Yes\r\n\r\n');
      join(client, server, {});
    } else {
      const pass = (bytes: Buffer): boolean => server.write(withoutOrigin(bytes));
      pass(received);
      client.on('data', pass);
      client.on('close', () => server.destroy());
      server.pipe(client);
    }
  };
  client.on('data', read);
}

/** A request as the server itself takes it; clients send one at a time, so that one begins where a piece begins. */
function withoutOrigin(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/^(POST )http:\/\/[^/]+/, '$1'), 'latin1');
}
