import { connect, type Socket } from 'node:net';
import { LoopbackListener } from './loopback-listener.ts';

/**
 * How a network fails: every connection is reset (RST); nothing goes on and nothing is said any more; or a connection ends
 * in the middle of what was being said, as if that were all (FIN).
 */
export const faultKinds = ['reset', 'stall', 'truncate'] as const;

export type FaultKind = (typeof faultKinds)[number];

type Pair = { readonly client: Socket; readonly server: Socket };

/**
 * Stands between clients and a server on 127.0.0.1. It passes everything on until it is told after how many more bytes to fail;
 * from then on it fails for all connections, those that come included, until it is mended.
 */
export class FaultProxy implements AsyncDisposable {
  /** Bytes that went through, of both sides together. */
  passedBytes = 0;
  readonly #listener: LoopbackListener;
  readonly #to: number | string;
  readonly #pairs = new Set<Pair>();
  readonly #stalled = new Set<Socket>();
  #port = 0;
  #armed: { readonly kind: FaultKind; leftBytes: number } | undefined;
  #struck: PromiseWithResolvers<void> = Promise.withResolvers();
  #isFailing = false;

  /** `to`: a port of 127.0.0.1, or the path of a socket. */
  static async before(to: number | string): Promise<FaultProxy> {
    const proxy = new FaultProxy(to);
    proxy.#port = await proxy.#listener.listen(0);
    return proxy;
  }

  private constructor(to: number | string) {
    this.#to = to;
    this.#listener = new LoopbackListener((client) => this.#accept(client));
  }

  get port(): number {
    return this.#port;
  }

  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Resolves once it fails. */
  get struck(): Promise<void> {
    return this.#struck.promise;
  }

  /** Passes so many more bytes, of both sides and all connections together, and fails then; at once where they are 0. */
  failAfter(bytes: number, kind: FaultKind): void {
    this.#armed = { kind, leftBytes: bytes };
    if (bytes <= 0) this.#strike(kind);
  }

  /** Passes on again: connections that were stalled are closed, as a router does that lost its state. */
  mend(): void {
    this.#armed = undefined;
    this.#isFailing = false;
    this.#struck = Promise.withResolvers();
    for (const socket of this.#stalled) socket.destroy();
    this.#stalled.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.mend();
    await this.#listener.stop();
  }

  #accept(client: Socket): void {
    if (this.#isFailing && this.#armed !== undefined) this.#refuse(client, this.#armed.kind);
    else this.#join(client);
  }

  #join(client: Socket): void {
    const to = this.#to;
    const server = typeof to === 'string' ? connect(to) : connect({ port: to, host: '127.0.0.1', noDelay: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      if (this.#stalled.has(client)) return;
      client.destroy();
      server.destroy();
    };
    server.on('error', end);
    server.on('close', end);
    client.on('close', end);
    client.on('data', (piece: Buffer) => this.#pass(piece, { from: client, to: server }));
    server.on('data', (piece: Buffer) => this.#pass(piece, { from: server, to: client }));
    client.on('end', () => server.end());
    server.on('end', () => client.end());
  }

  #pass(piece: Buffer, { from, to }: { from: Socket; to: Socket }): void {
    if (this.#isFailing) return;
    const { leftBytes = Number.POSITIVE_INFINITY } = this.#armed ?? {};
    const going = piece.subarray(0, Math.min(piece.byteLength, leftBytes));
    this.passedBytes += going.byteLength;
    if (!to.write(going)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
    if (this.#armed === undefined) return;
    this.#armed.leftBytes -= going.byteLength;
    if (this.#armed.leftBytes <= 0) this.#strike(this.#armed.kind);
  }

  #strike(kind: FaultKind): void {
    this.#isFailing = true;
    for (const { client, server } of this.#pairs) {
      this.#refuse(client, kind);
      if (kind === 'stall') this.#stall(server);
      else if (kind === 'truncate') server.end();
      // A Unix socket, as of a Docker daemon, knows no reset.
      else if (typeof this.#to === 'string') server.destroy();
      else server.resetAndDestroy();
    }
    this.#struck.resolve();
  }

  #refuse(client: Socket, kind: FaultKind): void {
    if (kind === 'stall') this.#stall(client);
    else if (kind === 'truncate') client.end();
    else client.resetAndDestroy();
  }

  #stall(socket: Socket): void {
    this.#stalled.add(socket);
    socket.pause();
  }
}
