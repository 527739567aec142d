import { type ChannelOptions, Client, compressionAlgorithms, connectivityState, type Metadata } from '@grpc/grpc-js';
import type { ErrorKind } from '../answers.ts';
import type { Target } from '../transport.ts';
import { WrappedCredentials } from './grpc-js-credentials.ts';
import type { Wrapping } from './wrapping.ts';

/** `metadata` comes with the answer's headers. */
export type GrpcJsCall = { cancel(): void; on(event: 'metadata', told: () => void): unknown };
/** The error of a call as grpc-js tells it. */
export type GrpcJsError = { readonly code: number; readonly details: string };

/** What uses a connection. `lost` comes once at most, and after it nothing can be sent. */
export type ConnectionUser = {
  ready(): void;
  unconnected(kind: ErrorKind): void;
  lost(): void;
};

/**
 * One HTTP/2 connection of grpc-js. The library would make a lost one again with the next request; here it cannot, and what
 * uses the connection is told instead.
 */
export class GrpcJsConnection {
  state: 'connecting' | 'ready' | 'lost' = 'connecting';
  readonly #client: Client;
  readonly #credentials: WrappedCredentials;
  readonly #metadata: Metadata;
  readonly #users = new Set<ConnectionUser>();

  constructor(wrapping: Wrapping, metadata: Metadata) {
    this.#metadata = metadata;
    this.#credentials = new WrappedCredentials(wrapping);
    this.#client = new Client(addressOf(wrapping), this.#credentials, optionsOf(wrapping.target));
    this.#follow();
  }

  get userCount(): number {
    return this.#users.size;
  }

  /** Tells the user at once, in a turn of its own, where the connection holds already. */
  join(user: ConnectionUser): void {
    this.#users.add(user);
    if (this.state === 'ready') {
      setImmediate(() => {
        if (!this.#users.has(user)) return;
        if (this.state === 'ready') user.ready();
        else user.unconnected('connect');
      });
    }
  }

  leave(user: ConnectionUser): void {
    this.#users.delete(user);
  }

  /** One request: its message as bytes, without the prefix; and so the answer's. */
  call(message: Buffer, done: (error: GrpcJsError | null, answer: Buffer | undefined) => void): GrpcJsCall {
    return this.#client.makeUnaryRequest(method, asTheyAre, asTheyAre, message, this.#metadata, done);
  }

  /** Closes at once; nobody is told. */
  close(): void {
    this.#users.clear();
    if (this.state !== 'lost') {
      this.state = 'lost';
      this.#client.close();
    }
    this.#credentials.close();
  }

  #follow(): void {
    const channel = this.#client.getChannel();
    const known = channel.getConnectivityState(true);
    channel.watchConnectivityState(known, Number.POSITIVE_INFINITY, () => {
      if (this.state === 'lost') return;
      const now = channel.getConnectivityState(false);
      if (this.state === 'ready') this.#lose();
      else if (now === connectivityState.READY) this.#becomeReady();
      else if (now === connectivityState.TRANSIENT_FAILURE) this.#explain();
      if (this.state !== ('lost' as string)) this.#follow();
    });
  }

  #becomeReady(): void {
    this.state = 'ready';
    for (const user of [...this.#users]) user.ready();
  }

  #lose(): void {
    this.state = 'lost';
    // What is outstanding may yet be answered, as after a GOAWAY; what is not sent yet fails.
    this.#client.close();
    for (const user of [...this.#users]) user.lost();
  }

  /** Why there is no connection stands nowhere but in the error of a call that cannot be made. */
  #explain(): void {
    const { failure } = this.#credentials;
    if (failure !== undefined) {
      this.#refuse(failure);
      return;
    }
    this.call(Buffer.alloc(0), (error) => {
      if (this.state !== 'connecting') return;
      this.#refuse(/EADDRNOTAVAIL/.test(error?.details ?? '') ? 'ports-exhausted' : 'connect');
    });
  }

  #refuse(kind: ErrorKind): void {
    const users = [...this.#users];
    this.close();
    for (const user of users) user.unconnected(kind);
  }
}

const method = '/inference.GRPCInferenceService/ModelInfer';

function asTheyAre(bytes: Buffer): Buffer {
  return bytes;
}

function addressOf({ target, proxy }: Wrapping): string {
  const { host, port } = proxy ?? target;
  if (host.includes(':')) return `ipv6:[${host}]:${port}`;
  return /^[\d.]+$/.test(host) ? `ipv4:${host}:${port}` : `dns:${host}:${port}`;
}

function optionsOf({ host, port, tls, compression }: Target): ChannelOptions {
  const name = tls?.serverName ?? host;
  const algorithm = compressionAlgorithms[compression === 'none' ? 'identity' : compression];
  return {
    'grpc.default_authority': `${name.includes(':') ? `[${name}]` : name}:${port}`,
    'grpc.default_compression_algorithm': algorithm,
    'grpc.enable_channelz': 0,
    // What the environment says of proxies is not what the target says.
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc.max_receive_message_length': 256 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  };
}
