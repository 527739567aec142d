import { createServer, type Server, type Socket } from 'node:net';

/** Listens on 127.0.0.1 and knows its connections, so that it can end as a killed process does. */
export class LoopbackListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** `accept` is told of every connection; errors of it end it and nothing else. */
  constructor(accept: (socket: Socket) => void) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.#sockets.delete(socket));
      accept(socket);
    });
  }

  /** Resolves to the port; 0 takes any free one. Rejects with what listening failed with. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('a listener on 127.0.0.1 has no port');
    return address.port;
  }

  /** All connections break at once. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
