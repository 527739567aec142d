import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { Failure } from '../../failure.ts';
import type { ModelMetadata } from '../../kserve/client.ts';
import { readCounters, type ServerCounters } from '../../kserve/statistics.ts';
import { connectThrough, dial, type Wrapping, wrappingOf } from '../conventional/wrapping.ts';
import { Malformed } from '../grpc/malformed.ts';
import { checkMetadata } from '../http/header-fields.ts';
import type { Target } from '../transport.ts';
import {
  modelRequest,
  readMaxBatchSize,
  readMetadata,
  readModelNames,
  readServer,
  readStatistics,
} from './grpc-messages.ts';
import {
  answerLimitBytes,
  bounded,
  type ControlOptions,
  destroyWith,
  type ModelControl,
  RefusedCall,
} from './model-control.ts';

type Answer = { readonly status: string; readonly reason: string; readonly message: Buffer };

/** The control side over gRPC: a connection for each call, made as the load's are. */
export class GrpcControl implements ModelControl {
  readonly #target: Target;
  readonly #wrapping: Wrapping;
  readonly #options: ControlOptions;
  readonly #metadata: readonly (readonly [string, string])[];

  constructor(target: Target, options: ControlOptions) {
    this.#metadata = checkMetadata(target.headers);
    this.#target = target;
    this.#wrapping = wrappingOf(target, 'h2');
    this.#options = options;
  }

  server(): Promise<{ name: string; version: string }> {
    return this.#call('ServerMetadata', Buffer.alloc(0), readServer);
  }

  metadata(): Promise<ModelMetadata> {
    return this.#call('ModelMetadata', modelRequest(this.#target), readMetadata);
  }

  async maxBatchSize(): Promise<number | null> {
    try {
      return await this.#call('ModelConfig', modelRequest(this.#target), readMaxBatchSize);
    } catch (error) {
      // A KServe server need not have this method.
      if (error instanceof RefusedCall) return null;
      throw error;
    }
  }

  async counters(): Promise<ServerCounters> {
    return readCounters(await this.#call('ModelStatistics', modelRequest(this.#target), readStatistics));
  }

  models(): Promise<readonly string[]> {
    return this.#call('RepositoryIndex', Buffer.alloc(0), readModelNames);
  }

  #call<T>(method: string, message: Buffer, read: (answer: Buffer) => T): Promise<T> {
    return bounded(method, this.#options, async (signal) => {
      const { status, reason, message: answer } = await this.#ask(method, message, signal);
      if (status !== '0') throw new RefusedCall(`gRPC status ${status}`, reason);
      try {
        return read(answer);
      } catch (error) {
        if (!(error instanceof Malformed)) throw error;
        throw new Failure('server', 'not-kserve', `${method} answered something else: ${error.message}`, {
          hint: 'is it a KServe v2 server that listens there?',
        });
      }
    });
  }

  async #ask(method: string, message: Buffer, signal: AbortSignal): Promise<Answer> {
    const socket = dial(this.#wrapping);
    destroyWith(signal, socket);
    const connected = await connectThrough(this.#wrapping, socket);
    const { host, port, tls } = this.#target;
    const name = tls?.serverName ?? host;
    const authority = `${tls === null ? 'http' : 'https'}://${name.includes(':') ? `[${name}]` : name}:${port}`;
    const session = connect(authority, { createConnection: () => connected });
    try {
      return await exchange(session, this.#headers(method), message);
    } finally {
      session.destroy();
      socket.destroy();
    }
  }

  #headers(method: string): OutgoingHttpHeaders {
    // Without a prototype, which a name could be taken for.
    const headers: OutgoingHttpHeaders = Object.assign(Object.create(null), {
      ':method': 'POST',
      ':path': `/inference.GRPCInferenceService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    for (const [name, value] of this.#metadata) headers[name] = [headers[name] ?? [], value].flat().map(String);
    return headers;
  }
}

function exchange(session: ClientHttp2Session, headers: OutgoingHttpHeaders, message: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    let answered: IncomingHttpHeaders = {};
    session.on('error', reject);
    session.on('close', () => reject(new Error('the connection was closed')));
    const stream = session.request(headers);
    stream.on('error', reject);
    stream.on('response', (head) => {
      answered = { ...answered, ...head };
    });
    stream.on('trailers', (trailers) => {
      answered = { ...answered, ...trailers };
    });
    stream.on('data', (piece: Buffer) => {
      size += piece.byteLength;
      if (size > answerLimitBytes) reject(new Error(`the answer is longer than ${answerLimitBytes} bytes`));
      else pieces.push(piece);
    });
    stream.on('close', () => {
      const status = answered['grpc-status'];
      if (typeof status !== 'string') reject(new Error('the answer has no gRPC status'));
      else resolve({ status, reason: reasonOf(answered), message: Buffer.concat(pieces).subarray(prefixBytes) });
    });
    const prefix = Buffer.alloc(prefixBytes);
    prefix.writeUInt32BE(message.byteLength, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}

const prefixBytes = 5;

function reasonOf({ 'grpc-message': message }: IncomingHttpHeaders): string {
  const text = typeof message === 'string' ? message.slice(0, 4096) : '';
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
