import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Failure } from '../../failure.ts';

export const loopback = '127.0.0.1';

export type ServerPorts = { readonly http: number; readonly grpc: number; readonly metrics: number };

/**
 * The ports of one server on loopback: those given, after a look whether they are free, and free ones for the rest.
 * A free one is only free until someone else takes it, so a caller starts again where its server finds it taken.
 * @throws Failure (server) naming a given port that is in use.
 */
export async function choosePorts(given: { http?: number; grpc?: number; metrics?: number }): Promise<ServerPorts> {
  const held: Server[] = [];
  try {
    const ports = { http: 0, grpc: 0, metrics: 0 };
    for (const use of ['http', 'grpc', 'metrics'] as const) {
      const holder = await hold(given[use] ?? 0, use);
      held.push(holder);
      ports[use] = (holder.address() as AddressInfo).port;
    }
    return ports;
  } finally {
    await Promise.all(held.map(release));
  }
}

async function hold(port: number, use: string): Promise<Server> {
  const server = createServer();
  server.listen({ host: loopback, port, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw portFailure(port, use, error);
  }
  return server;
}

async function release(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

function portFailure(port: number, use: string, cause: unknown): Failure {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new Failure('server', 'port-in-use', `${use} port ${port} on ${loopback} is already in use`, {
      hint: 'end what listens there, give another port, or leave it out: a free one is found',
      cause,
    });
  }
  return new Failure('server', 'port-unusable', `cannot listen on ${use} port ${port} of ${loopback}: ${code}`, {
    hint: 'give a port from 1024 to 65535, or leave it out: a free one is found',
    cause,
  });
}
