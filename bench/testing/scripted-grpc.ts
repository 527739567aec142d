import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { ExactTimers } from './exact-timers.ts';
import { answerGrpc, type GrpcAnswer, messageOf, refuse } from './scripted-grpc-answers.ts';
import { scriptedGrpcInference } from './scripted-grpc-messages.ts';
import { type ScriptedRecord, ScriptedRecorder } from './scripted-record.ts';

export type GrpcScript = {
  /** One for each request, in the order of arrival; all over again when they are used up. `holdMs` is 0 where left out. */
  readonly steps: readonly { readonly holdMs?: number; readonly answer?: GrpcAnswer }[];
  /** Columns of the output `total`; 1 where left out. */
  readonly width?: number;
  /** Streams at once that a connection may have; any number where left out. */
  readonly maxConcurrentStreams?: number;
};

export type GrpcServer = AsyncDisposable & {
  readonly address: { readonly host: string; readonly port: number };
  record(): ScriptedRecord;
  /** What each request came with, in the order of arrival. */
  readonly headers: readonly IncomingHttpHeaders[];
  /** Closes the connections that are open now. */
  closeConnections(): void;
};

/** Starts a server of KServe v2 over gRPC, for ModelInfer alone, on 127.0.0.1. */
export async function startScriptedGrpc(script: GrpcScript): Promise<GrpcServer> {
  const endpoint = new GrpcEndpoint(script);
  const port = await endpoint.listen();
  return {
    address: { host: '127.0.0.1', port },
    headers: endpoint.headers,
    record: () => structuredClone(endpoint.recorder.record),
    closeConnections: () => endpoint.closeConnections(),
    [Symbol.asyncDispose]: () => endpoint.stop(),
  };
}

type Connection = { readonly socket: Socket; readonly index: number; outstanding: number };

class GrpcEndpoint {
  readonly recorder = new ScriptedRecorder();
  readonly headers: IncomingHttpHeaders[] = [];
  readonly #script: GrpcScript;
  readonly #server: Http2Server;
  readonly #connections = new Set<Connection>();
  readonly #timers = new ExactTimers();
  #arrived = 0;

  constructor(script: GrpcScript) {
    const { maxConcurrentStreams } = script;
    const settings = { initialWindowSize: 1024 * 1024 };
    this.#script = script;
    this.#server = createServer({
      settings: maxConcurrentStreams === undefined ? settings : { ...settings, maxConcurrentStreams },
    });
    let latest: Connection | undefined;
    // Before the server's own listener, which begins a session and tells of it at once.
    this.#server.prependListener('connection', (socket: Socket) => {
      latest = this.#accept(socket);
    });
    this.#server.on('session', (session) => {
      const connection = latest;
      session.on('error', () => undefined);
      session.on('stream', (stream, headers) => {
        if (connection !== undefined) this.#receive(connection, stream, headers);
      });
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return (this.#server.address() as { port: number }).port;
  }

  closeConnections(): void {
    for (const { socket } of this.#connections) socket.end();
  }

  async stop(): Promise<void> {
    this.#timers.clear();
    for (const { socket } of this.#connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): Connection {
    const connection: Connection = { socket, index: this.recorder.connected(), outstanding: 0 };
    this.#connections.add(connection);
    socket.setNoDelay();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#connections.delete(connection);
      this.recorder.closed();
    });
    return connection;
  }

  #receive(connection: Connection, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const pieces: Buffer[] = [];
    connection.outstanding += 1;
    stream.on('error', () => undefined);
    stream.on('close', () => {
      connection.outstanding -= 1;
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      if (stream.destroyed) return;
      const coding = headers['grpc-encoding'] as string | undefined;
      const message = messageOf(Buffer.concat(pieces), coding);
      this.headers.push(headers);
      this.recorder.received(connection.index, connection.outstanding, message);
      this.#hold(connection, stream, { message, coding });
    });
  }

  #hold(
    { socket }: Connection,
    stream: ServerHttp2Stream,
    { message, coding }: { message: Buffer; coding: string | undefined },
  ): void {
    const { steps, width = 1 } = this.#script;
    const { holdMs = 0, answer = { kind: 'right' } } = steps[this.#arrived] ?? {};
    this.#arrived = this.#arrived + 1 < steps.length ? this.#arrived + 1 : 0;
    this.#timers.at(performance.now() + holdMs, () => {
      if (stream.destroyed) return;
      const output = scriptedGrpcInference(message, width);
      if (answer.kind !== 'silent') this.recorder.answered();
      if (output === undefined) refuse(stream, 3);
      else answerGrpc({ stream, socket, output, coding }, answer);
    });
  }
}
