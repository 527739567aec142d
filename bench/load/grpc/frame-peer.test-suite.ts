import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { scriptedGrpcMessage } from '../../testing/scripted-grpc-messages.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../../testing/scripted-model.ts';
import { frameFlags, frameHeadBytes, frameOf, frameTypes, readStreamId, words } from './frames.ts';
import { setting } from './greeting.ts';

/** A frame as the peer received it. */
export type PeerFrame = {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
};

export type PeerScript = {
  /** Sent as soon as a connection is made; by default empty settings, the acknowledgement of the client's and a wide window. */
  readonly greeting?: Buffer;
  /** Called with each connection, and how many came before it. */
  readonly connected?: (peer: PeerConnection, index: number) => void;
  /** Called with each request that is complete. */
  readonly request?: (peer: PeerConnection, streamId: number) => void;
};

/** A server that speaks in frames and says what its script says, right or wrong. */
export class FramePeer implements AsyncDisposable {
  readonly connections: PeerConnection[] = [];
  readonly #server: Server;
  readonly #script: PeerScript;

  static async start(script: PeerScript = {}): Promise<FramePeer> {
    const peer = new FramePeer(script);
    peer.#server.listen(0, '127.0.0.1');
    await once(peer.#server, 'listening');
    return peer;
  }

  private constructor(script: PeerScript) {
    this.#script = script;
    this.#server = createServer({ noDelay: true }, (socket) => {
      const connection = new PeerConnection(socket, this.#script);
      this.connections.push(connection);
      this.#script.connected?.(connection, this.connections.length - 1);
    });
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.#server.address() as { port: number }).port };
  }

  /** The connection of that number, from 0. */
  connection(index = 0): PeerConnection {
    const connection = this.connections[index];
    if (connection === undefined) throw new Error(`there is no connection ${index}`);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export class PeerConnection {
  readonly socket: Socket;
  readonly frames: PeerFrame[] = [];
  /** What came in with each read. */
  readonly pieces: Buffer[] = [];
  /** Streams whose requests are complete, in the order of their ends. */
  readonly requested: number[] = [];
  preface = '';
  closed = false;
  readonly #script: PeerScript;
  #received = Buffer.alloc(0);

  constructor(socket: Socket, script: PeerScript) {
    this.socket = socket;
    this.#script = script;
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('data', (piece) => this.#take(piece));
    socket.write(script.greeting ?? Buffer.concat([greetingOf(), window]));
  }

  send(...parts: Uint8Array[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  /** All DATA of a stream that has come in. */
  bodyOf(streamId: number): Buffer {
    const data = this.frames.filter((frame) => frame.type === frameTypes.data && frame.streamId === streamId);
    return Buffer.concat(data.map(({ payload }) => payload));
  }

  framesOf(type: number): PeerFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  #take(piece: Buffer): void {
    this.pieces.push(piece);
    this.#received = Buffer.concat([this.#received, piece]);
    if (this.preface === '') {
      if (this.#received.byteLength < prefaceBytes) return;
      this.preface = this.#received.toString('latin1', 0, prefaceBytes);
      this.#received = this.#received.subarray(prefaceBytes);
    }
    while (this.#received.byteLength >= frameHeadBytes) {
      const end = frameHeadBytes + this.#received.readUIntBE(0, 3);
      if (this.#received.byteLength < end) return;
      const [type = 0, flags = 0] = this.#received.subarray(3);
      const streamId = readStreamId(this.#received, 5);
      const payload = this.#received.subarray(frameHeadBytes, end);
      this.#received = this.#received.subarray(end);
      this.frames.push({ type, flags, streamId, payload });
      if (type !== frameTypes.data || (flags & frameFlags.endStream) === 0) continue;
      this.requested.push(streamId);
      this.#script.request?.(this, streamId);
    }
  }
}

const prefaceBytes = 24;
const window = frameOf(frameTypes.windowUpdate, 0, 0, words(2 ** 30));

/** Settings, and the acknowledgement of the client's. */
export function greetingOf(...settings: (readonly [id: number, value: number])[]): Buffer {
  const payload = Buffer.concat(settings.map(([id, value]) => setting(id, value)));
  return Buffer.concat([frameOf(frameTypes.settings, 0, 0, payload), frameOf(frameTypes.settings, frameFlags.ack, 0)]);
}

/** A header that no table keeps. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.of(0, name.length),
    Buffer.from(name),
    Buffer.of(value.length),
    Buffer.from(value, 'latin1'),
  ]);
}

export const headBlock = Buffer.concat([Buffer.of(0x88), literal('content-type', 'application/grpc')]);
export const okBlock = literal('grpc-status', '0');

export function headersFrame(streamId: number, block: Buffer, flags: number = frameFlags.endHeaders): Buffer {
  return frameOf(frameTypes.headers, flags, streamId, block);
}

export function trailersFrame(streamId: number, block: Buffer = okBlock): Buffer {
  return headersFrame(streamId, block, frameFlags.endHeaders | frameFlags.endStream);
}

export function dataFrame(streamId: number, payload: Uint8Array, flags = 0): Buffer {
  return frameOf(frameTypes.data, flags, streamId, payload);
}

const input = scriptedInput([[0, 0.5, 1, 2]]);
/** The right answer to the question that a conversation asks by default, behind its prefix. */
export const rightMessage = scriptedGrpcMessage({ model: scriptedModel, tensors: scriptedOutputs(input) });
export const wrongMessage = scriptedGrpcMessage(
  { model: scriptedModel, tensors: scriptedOutputs(input) },
  'wrong-values',
);

/** The right answer as a whole. */
export function answerFrames(streamId: number, message: Uint8Array = rightMessage): Buffer {
  return Buffer.concat([headersFrame(streamId, headBlock), dataFrame(streamId, message), trailersFrame(streamId)]);
}
