import { Metadata } from '@grpc/grpc-js';
import { encodeInferRequest, messagePrefixBytes } from '../grpc/infer-request.ts';
import { checkMetadata } from '../http/header-fields.ts';
import type { Carrier, ChannelEvents, Target, Transport } from '../transport.ts';
import { GrpcJsChannel } from './grpc-js-channel.ts';
import { GrpcJsConnection } from './grpc-js-connection.ts';
import { type Wrapping, wrappingOf } from './wrapping.ts';

/**
 * gRPC by @grpc/grpc-js: with TLS, compression and proxies, at ten times the cost of plain sockets. Each channel has a
 * connection of its own, or all share one; grpc-js neither retries a request nor makes a connection again.
 */
export const grpcJs: Transport = {
  name: 'grpc-js',
  sharesConnections: true,
  encode(target, inputs) {
    checkMetadata(target.headers);
    return { bytes: encodeInferRequest(target, inputs).subarray(messagePrefixBytes), jsonBytes: 0 };
  },
  open(target, { shared }) {
    const wrapping = wrappingOf(target, 'h2');
    const metadata = metadataOf(target);
    return shared ? new SharedCarrier(wrapping, metadata) : separateCarrier(wrapping, metadata);
  },
};

function metadataOf({ headers }: Target): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of checkMetadata(headers)) {
    metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
  }
  return metadata;
}

function separateCarrier(wrapping: Wrapping, metadata: Metadata): Carrier {
  return {
    open(events) {
      const connection = new GrpcJsConnection(wrapping, metadata);
      return new GrpcJsChannel(connection, events, () => connection.close());
    },
    [Symbol.dispose]: () => undefined,
  };
}

/** All channels that are opened while a connection holds use that one. */
class SharedCarrier implements Carrier {
  readonly #wrapping: Wrapping;
  readonly #metadata: Metadata;
  #connection: GrpcJsConnection | undefined;

  constructor(wrapping: Wrapping, metadata: Metadata) {
    this.#wrapping = wrapping;
    this.#metadata = metadata;
  }

  open(events: ChannelEvents): GrpcJsChannel {
    if (this.#connection === undefined || this.#connection.state === 'lost') {
      this.#connection = new GrpcJsConnection(this.#wrapping, this.#metadata);
    }
    const connection = this.#connection;
    return new GrpcJsChannel(connection, events, () => {
      if (connection.userCount > 0) return;
      connection.close();
      if (this.#connection === connection) this.#connection = undefined;
    });
  }

  [Symbol.dispose](): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
