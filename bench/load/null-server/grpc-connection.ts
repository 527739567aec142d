import type { Socket } from 'node:net';
import {
  frameFlags,
  frameHeadBytes,
  frameOf,
  frameTypes,
  initialWindowBytes,
  largest31Bits,
  readStreamId,
  settingIds,
  words,
} from '../grpc/frames.ts';
import { setting } from '../grpc/greeting.ts';
import { HpackDecoder } from '../grpc/hpack-decoder.ts';
import { type GrpcAnswer, grpcAnswers, grpcUnknown } from './grpc-answers.ts';

const prefaceBytes = 24;
/** What a client may send before we must let it send more. */
const replenishBytes = 2 ** 30;

/**
 * Answers gRPC on one HTTP/2 connection, once a request's last frame is here. It reads no messages: an answer depends on
 * the path alone. Clients whose flow control asks a server to wait with such small answers are not catered for.
 */
export function serveGrpc(socket: Socket): void {
  const connection = new GrpcConnection(socket);
  socket.on('data', (piece) => {
    try {
      connection.receive(piece);
    } catch {
      // What cannot be read ends the connection, whatever it was: this server is for clients that speak rightly.
      socket.destroy();
    }
  });
}

class GrpcConnection {
  readonly #socket: Socket;
  readonly #decoder = new HpackDecoder();
  readonly #calls = new Map<number, GrpcAnswer>();
  #waiting: Buffer = Buffer.alloc(0);
  #greeted = false;
  #block: Buffer = Buffer.alloc(0);
  #knownBlock: Buffer = Buffer.alloc(0);
  #knownAnswer: GrpcAnswer = grpcUnknown;
  #receivedBytes = 0;
  #out: { readonly answer: GrpcAnswer; readonly streamId: number }[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.write(
      Buffer.concat([
        frameOf(
          frameTypes.settings,
          0,
          0,
          Buffer.concat([setting(settingIds.headerTableSize, 0), setting(settingIds.initialWindowSize, largest31Bits)]),
        ),
        frameOf(frameTypes.windowUpdate, 0, 0, words(largest31Bits - initialWindowBytes)),
      ]),
    );
  }

  receive(piece: Buffer): void {
    const bytes = this.#waiting.byteLength === 0 ? piece : Buffer.concat([this.#waiting, piece]);
    let at = 0;
    if (!this.#greeted) {
      if (bytes.byteLength < prefaceBytes) {
        this.#waiting = bytes;
        return;
      }
      this.#greeted = true;
      at = prefaceBytes;
    }
    while (bytes.byteLength - at >= frameHeadBytes) {
      const end = at + frameHeadBytes + bytes.readUIntBE(at, 3);
      if (end > bytes.byteLength) break;
      this.#frame(bytes, at, end);
      at = end;
    }
    this.#waiting = bytes.subarray(at);
    this.#flush();
  }

  #frame(bytes: Buffer, at: number, end: number): void {
    const [type, flags] = [bytes[at + 3] ?? 0, bytes[at + 4] ?? 0];
    const streamId = readStreamId(bytes, at + 5);
    const payload = bytes.subarray(at + frameHeadBytes, end);
    switch (type) {
      case frameTypes.headers:
      case frameTypes.continuation:
        this.#headers(type === frameTypes.headers ? unpadded(payload, flags) : payload, flags, streamId);
        break;
      case frameTypes.data:
        this.#received(payload.byteLength);
        break;
      case frameTypes.settings:
        if ((flags & frameFlags.ack) === 0) this.#socket.write(frameOf(frameTypes.settings, frameFlags.ack, 0));
        return;
      case frameTypes.ping:
        if ((flags & frameFlags.ack) === 0) this.#socket.write(frameOf(frameTypes.ping, frameFlags.ack, 0, payload));
        return;
      case frameTypes.rstStream:
        this.#calls.delete(streamId);
        return;
      default:
        return;
    }
    if ((flags & frameFlags.endStream) !== 0 && type !== frameTypes.continuation) this.#answer(streamId);
  }

  #headers(fragment: Buffer, flags: number, streamId: number): void {
    const block = this.#block.byteLength === 0 ? fragment : Buffer.concat([this.#block, fragment]);
    if ((flags & frameFlags.endHeaders) === 0) {
      this.#block = Buffer.from(block);
      return;
    }
    this.#block = Buffer.alloc(0);
    this.#calls.set(streamId, block.equals(this.#knownBlock) ? this.#knownAnswer : this.#lookUp(block));
  }

  /** Every block must be decoded that may change the table; clients that were told to have none send the same bytes each time. */
  #lookUp(block: Buffer): GrpcAnswer {
    const { headers, selfContained } = this.#decoder.decode(block);
    const path = headers.find(([name]) => name === ':path')?.[1] ?? '';
    const answer = grpcAnswers.get(path) ?? grpcUnknown;
    this.#knownBlock = selfContained ? Buffer.from(block) : Buffer.alloc(0);
    this.#knownAnswer = answer;
    return answer;
  }

  #answer(streamId: number): void {
    const answer = this.#calls.get(streamId);
    if (answer === undefined) return;
    this.#calls.delete(streamId);
    this.#out.push({ answer, streamId });
  }

  #received(byteLength: number): void {
    this.#receivedBytes += byteLength;
    if (this.#receivedBytes < replenishBytes) return;
    this.#socket.write(frameOf(frameTypes.windowUpdate, 0, 0, words(this.#receivedBytes)));
    this.#receivedBytes = 0;
  }

  /** All answers to what came in one piece go out in one. */
  #flush(): void {
    const bytes = Buffer.allocUnsafe(this.#out.reduce((sum, { answer }) => sum + answer.byteLength, 0));
    if (bytes.byteLength === 0) return;
    let at = 0;
    for (const { answer, streamId } of this.#out) {
      answer.write(bytes, at, streamId);
      at += answer.byteLength;
    }
    this.#out = [];
    this.#socket.write(bytes);
  }
}

/** The fragment of a HEADERS frame without its padding and its priority. */
function unpadded(payload: Buffer, flags: number): Buffer {
  const padded = (flags & frameFlags.padded) !== 0;
  const start = (padded ? 1 : 0) + ((flags & frameFlags.priority) !== 0 ? 5 : 0);
  return payload.subarray(start, payload.byteLength - (padded ? (payload[0] ?? 0) : 0));
}
