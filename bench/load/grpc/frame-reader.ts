import { frameHeadBytes, initialFrameBytes, readStreamId } from './frames.ts';
import { Malformed } from './malformed.ts';

/** The head of a frame that came in; its length is where its payload lies. */
export type FrameHead = { readonly type: number; readonly flags: number; readonly streamId: number };

/** Takes the frames one after the other. The bytes are valid during the call only. */
export type FrameSink = {
  /** Nothing more is wanted. */
  readonly closed: boolean;
  /** A chance to take several frames at once from `at`, where a frame begins: how many bytes were taken, or 0. */
  takeKnown(received: Buffer, at: number, size: number): number;
  /** The frame's payload lies from `start` to `end`. */
  frame(head: FrameHead, bytes: Buffer, start: number, end: number): void;
};

/** Cuts what comes in into frames, however the network has cut it before. */
export class FrameReader {
  readonly #sink: FrameSink;
  /** The beginning of a frame whose rest has not come in. */
  #partial = Buffer.alloc(0);
  #partialSize = 0;
  /** One for all frames: none is kept. */
  readonly #head = { type: 0, flags: 0, streamId: 0 };

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Takes the next `size` bytes. @throws Malformed for a frame that is longer than we allow, and what the sink throws. */
  push(received: Buffer, size: number): void {
    const sink = this.#sink;
    let at = this.#partialSize === 0 ? 0 : this.#complete(received, size);
    while (at < size && !sink.closed) {
      const known = sink.takeKnown(received, at, size);
      if (known > 0) {
        at += known;
        continue;
      }
      if (size - at < frameHeadBytes) break;
      const end = at + frameHeadBytes + lengthAt(received, at);
      if (end > size) break;
      this.#hand(received, at, end);
      at = end;
    }
    if (at < size && !sink.closed) this.#keep(received, at, size);
  }

  /** Completes the frame that was begun, as far as possible; where in `received` the next one begins. */
  #complete(received: Buffer, size: number): number {
    let at = 0;
    if (this.#partialSize < frameHeadBytes) {
      at = Math.min(size, frameHeadBytes - this.#partialSize);
      this.#keep(received, 0, at);
      if (this.#partialSize < frameHeadBytes) return at;
    }
    const whole = frameHeadBytes + lengthAt(this.#partial, 0);
    const end = Math.min(size, at + whole - this.#partialSize);
    this.#keep(received, at, end);
    if (this.#partialSize < whole) return end;
    this.#partialSize = 0;
    this.#hand(this.#partial, 0, whole);
    return end;
  }

  #keep(received: Buffer, start: number, end: number): void {
    if (this.#partial.byteLength === 0) this.#partial = Buffer.allocUnsafeSlow(frameHeadBytes + initialFrameBytes);
    received.copy(this.#partial, this.#partialSize, start, end);
    this.#partialSize += end - start;
  }

  #hand(bytes: Buffer, at: number, end: number): void {
    const head = this.#head;
    head.type = bytes[at + 3] ?? 0;
    head.flags = bytes[at + 4] ?? 0;
    head.streamId = readStreamId(bytes, at + 5);
    this.#sink.frame(head, bytes, at + frameHeadBytes, end);
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  if (length > initialFrameBytes) throw new Malformed(`a frame of ${length} bytes`);
  return length;
}
