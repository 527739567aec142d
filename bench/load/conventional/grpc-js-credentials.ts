import type { Socket } from 'node:net';
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js';
import type { ErrorKind } from '../answers.ts';
import { isTlsError, Unconnected, type Wrapping, wrap } from './wrapping.ts';

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>;

/**
 * Puts the tunnel and TLS on the TCP connection that grpc-js makes, which is the library's own place for it. Lets it make
 * one only, keeps hold of it, and remembers why it failed.
 */
export class WrappedCredentials extends ChannelCredentials {
  /** Why the tunnel or TLS did not come about; undefined where they did, or the TCP connection failed. */
  failure: ErrorKind | undefined;
  readonly #wrapping: Wrapping;
  #socket: Socket | undefined;
  #began = false;
  #closed = false;

  constructor(wrapping: Wrapping) {
    super();
    this.#wrapping = wrapping;
  }

  /** Closes the connection even where the library waits for what the server never says. */
  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  override _isSecure(): boolean {
    return this.#wrapping.context !== null;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(): SecureConnector {
    return {
      waitForReady: async () => {
        if (this.#began || this.#closed) throw new Error('the connection is lost');
        this.#began = true;
      },
      connect: async (socket) => {
        this.#socket = socket;
        if (this.#closed) socket.destroy();
        return { socket: await this.#wrap(socket), secure: this._isSecure() };
      },
      getCallCredentials: () => CallCredentials.createEmpty(),
      destroy: () => undefined,
    };
  }

  async #wrap(socket: Socket): Promise<Socket> {
    try {
      const wrapped = await wrap(this.#wrapping, socket);
      // A server may look at the client's certificate, and refuse it, after the client takes TLS for set up.
      wrapped.on('error', (error) => {
        if (isTlsError(error)) this.failure = 'tls';
      });
      return wrapped;
    } catch (error) {
      this.failure = error instanceof Unconnected ? error.kind : 'connect';
      throw error;
    }
  }
}
