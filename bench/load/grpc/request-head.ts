import type { Target } from '../transport.ts';
import { frameFlags, frameHeadBytes, frameTypes, initialFrameBytes, writeFrameHead, writeStreamId } from './frames.ts';

/** The frames before a request's DATA, and the head of the first DATA frame: the same for all requests but for two numbers. */
export class RequestHead {
  readonly bytes: Buffer;
  /** Where each frame's stream number stands. */
  readonly #idOffsets: readonly number[];
  readonly #dataHead: number;

  constructor(target: Target) {
    const frames = headerFrames(requestHeaders(target));
    const dataHead = Buffer.alloc(frameHeadBytes);
    const all = [...frames, dataHead];
    this.bytes = Buffer.concat(all);
    this.#dataHead = this.bytes.byteLength - frameHeadBytes;
    this.#idOffsets = all.map((_, index) => Buffer.concat(all.slice(0, index)).byteLength + 5);
  }

  /** Writes them for one stream, with the length of its first DATA frame; that frame's payload follows. */
  write(buffer: Buffer, at: number, streamId: number, data: { length: number; flags: number }): void {
    buffer.set(this.bytes, at);
    for (const offset of this.#idOffsets) writeStreamId(buffer, at + offset, streamId);
    writeFrameHead(buffer, at + this.#dataHead, { ...data, type: frameTypes.data, streamId });
  }
}

/** The header block, every header a literal that no table keeps; the caller's own are marked as never to be kept by anyone. */
function requestHeaders({ host, port, headers }: Target): Buffer {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return Buffer.concat([
    Buffer.of(0x83, 0x86), // :method POST, :scheme http
    literal(0x00, 4, '/inference.GRPCInferenceService/ModelInfer'),
    literal(0x00, 1, authority),
    literal(0x00, 'te', 'trailers'),
    literal(0x00, 31, 'application/grpc'),
    literal(0x00, 'user-agent', 'tritune'),
    ...headers.map(([name, value]) => literal(0x10, name, value)),
  ]);
}

/** A literal whose name is a number of the static table or written out (RFC 7541, 6.2.2 and 6.2.3). */
function literal(kind: 0x00 | 0x10, name: number | string, value: string): Buffer {
  const nameBytes = typeof name === 'number' ? integer(kind, 4, name) : Buffer.concat([Buffer.of(kind), text(name)]);
  return Buffer.concat([nameBytes, text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(0, 7, bytes.byteLength), bytes]);
}

/** RFC 7541, 5.1. */
function integer(firstBits: number, prefixBits: number, value: number): Buffer {
  const most = (1 << prefixBits) - 1;
  if (value < most) return Buffer.of(firstBits | value);
  const bytes = [firstBits | most];
  let left = value - most;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return Buffer.from([...bytes, left]);
}

/** One HEADERS frame, and as many CONTINUATIONs as a block needs that is longer than any server must accept in one. */
function headerFrames(block: Buffer): Buffer[] {
  const count = Math.ceil(block.byteLength / initialFrameBytes);
  return Array.from({ length: count }, (_, index) => {
    const payload = block.subarray(index * initialFrameBytes, (index + 1) * initialFrameBytes);
    const frame = Buffer.alloc(frameHeadBytes + payload.byteLength);
    const start = writeFrameHead(frame, 0, {
      length: payload.byteLength,
      type: index === 0 ? frameTypes.headers : frameTypes.continuation,
      flags: index === count - 1 ? frameFlags.endHeaders : 0,
      streamId: 0,
    });
    frame.set(payload, start);
    return frame;
  });
}
