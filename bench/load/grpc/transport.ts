import { Failure } from '../../failure.ts';
import { checkMetadata } from '../http/header-fields.ts';
import type { Carrier, ChannelEvents, Target, Transport } from '../transport.ts';
import { needsConventional } from '../transport-choice.ts';
import { GrpcChannel } from './channel.ts';
import { type Common, Connection } from './connection.ts';
import { largest31Bits } from './frames.ts';
import { encodeInferRequest } from './infer-request.ts';
import { KnownAnswers } from './known-answers.ts';
import { RequestHead } from './request-head.ts';

/**
 * gRPC in HTTP/2 frames on plain sockets: the cheapest client there is, without TLS, compression or proxies. Each channel
 * is a connection, or up to 4 are streams of one: a server spends less on them than on as many connections, and with several
 * connections it reads from one while another is written to.
 */
export const grpc: Transport = {
  name: 'grpc',
  sharesConnections: true,
  encode(target, inputs) {
    requirePlain(target);
    return { bytes: encodeInferRequest(target, inputs), jsonBytes: 0 };
  },
  open: (target, { shared }) => new GrpcCarrier(target, { shared }),
};

export type GrpcCarrierOptions = {
  readonly shared: boolean;
  /** The highest number that a stream may have; the protocol's own limit but for tests. */
  readonly lastStreamId?: number;
};

const callsPerConnection = 4;

/** The connections to one target. */
export class GrpcCarrier implements Carrier {
  /** Requests that had to wait because the server allows no more streams at a time: their latency holds that wait. */
  streamWaitCount = 0;
  readonly #common: Common;
  readonly #connections = new Set<Connection>();
  readonly #connect = (): Connection => this.#connection();

  /** @throws Failure (usage) for what plain sockets do not carry, and for metadata that gRPC does not allow. */
  constructor(target: Target, { shared, lastStreamId = largest31Bits }: GrpcCarrierOptions) {
    requirePlain(target);
    this.#common = {
      target,
      shared,
      lastStreamId,
      head: new RequestHead({ ...target, headers: checkMetadata(target.headers) }),
      known: new KnownAnswers(),
      waited: () => {
        this.streamWaitCount += 1;
      },
      closed: (connection) => this.#connections.delete(connection),
    };
  }

  open(events: ChannelEvents): GrpcChannel {
    return new GrpcChannel(this.#connect, events);
  }

  [Symbol.dispose](): void {
    for (const connection of [...this.#connections]) connection.close();
  }

  #connection(): Connection {
    if (this.#common.shared) {
      for (const connection of this.#connections) {
        if (connection.joinable && connection.callCount < callsPerConnection) return connection;
      }
    }
    const connection = new Connection(this.#common);
    this.#connections.add(connection);
    return connection;
  }
}

function requirePlain(target: Target): void {
  const need = needsConventional(target);
  if (need === undefined) return;
  throw new Failure('usage', 'transport', `the transport grpc is without ${need}`, {
    hint: 'use the transport grpc-js, which costs more for each request',
  });
}
