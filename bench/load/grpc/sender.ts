import {
  errorCodes,
  frameFlags,
  frameHeadBytes,
  frameOf,
  frameTypes,
  largest31Bits,
  words,
  writeFrameHead,
} from './frames.ts';
import { Malformed } from './malformed.ts';
import type { Outbox } from './outbox.ts';
import { changeSettings, defaultSettings } from './peer-settings.ts';
import type { RequestHead } from './request-head.ts';

/** One stream's side that goes out. */
export type Outgoing = {
  streamId: number;
  body: Buffer;
  sentBytes: number;
  /** What the server allows this stream to send; below 0 where it has taken back what was used already. */
  windowBytes: number;
};

/** Bodies up to here are copied, so that they leave together with what is around them. */
const copyLimitBytes = 8 * 1024;
/** The server is told once in so many bytes; its window is twice as large. */
const grantBytes = 2 ** 30;

/** Puts requests into frames as far as the server's windows allow, and the rest when they open again. */
export class Sender {
  readonly #outbox: Outbox;
  readonly #head: RequestHead;
  readonly #dataHead = { length: 0, flags: 0 };
  #windowBytes = defaultSettings.initialWindowBytes;
  /** Streams whose bodies have not left in whole, in the order of their requests. */
  #blocked: Outgoing[] = [];
  #tookBytes = 0;
  settings = defaultSettings;

  constructor(outbox: Outbox, head: RequestHead) {
    this.#outbox = outbox;
    this.#head = head;
  }

  /** Begins a stream with its headers and what may be sent of its body. */
  open(stream: Outgoing): void {
    const { body } = stream;
    stream.sentBytes = 0;
    stream.windowBytes = this.settings.initialWindowBytes;
    const length = this.#allowed(stream);
    const whole = length === body.byteLength;
    const copied = length <= copyLimitBytes ? length : 0;
    const headBytes = this.#head.bytes.byteLength;
    const buffer = this.#outbox.reserve(headBytes + copied);
    const { at } = this.#outbox;
    this.#dataHead.length = length;
    this.#dataHead.flags = whole ? frameFlags.endStream : 0;
    this.#head.write(buffer, at, stream.streamId, this.#dataHead);
    if (copied > 0) buffer.set(whole ? body : body.subarray(0, length), at + headBytes);
    this.#outbox.wrote(headBytes + copied);
    if (length > copied) this.#outbox.addLarge(body.subarray(0, length));
    this.#spend(stream, length);
    if (!whole && !this.#goOn(stream)) this.#blocked.push(stream);
  }

  /** The rest of a body is not wanted any more. */
  drop(stream: Outgoing): void {
    if (stream.sentBytes < stream.body.byteLength) this.#blocked = this.#blocked.filter((other) => other !== stream);
  }

  /** The server has taken so many bytes of a stream, or of all. @throws Malformed where a window grows by nothing or too large. */
  credit(stream: Outgoing | undefined, bytes: number): void {
    if (bytes === 0) throw new Malformed('a window grows by nothing');
    const window = (stream?.windowBytes ?? this.#windowBytes) + bytes;
    if (window > largest31Bits) throw new Malformed('a window is too large');
    if (stream === undefined) this.#windowBytes = window;
    else stream.windowBytes = window;
    this.#resume();
  }

  /** Takes the payload of a SETTINGS frame and acknowledges it; `streams` are all that are open. @throws Malformed */
  change(payload: Buffer, streams: Iterable<Outgoing>): void {
    const before = this.settings.initialWindowBytes;
    this.settings = changeSettings(this.settings, payload);
    const growth = this.settings.initialWindowBytes - before;
    for (const stream of streams) {
      if (stream.windowBytes + growth > largest31Bits) throw new Malformed('a window is too large');
      stream.windowBytes += growth;
    }
    this.#outbox.add(frameOf(frameTypes.settings, frameFlags.ack, 0));
    this.#resume();
  }

  reset(streamId: number, errorCode: number): void {
    this.#outbox.add(frameOf(frameTypes.rstStream, 0, streamId, words(errorCode)));
  }

  answerPing(payload: Buffer): void {
    this.#outbox.add(frameOf(frameTypes.ping, frameFlags.ack, 0, payload));
  }

  /** So many bytes of the server's have come in, which it may send again once it is told. */
  took(bytes: number): void {
    this.#tookBytes += bytes;
    if (this.#tookBytes < grantBytes) return;
    this.#outbox.add(frameOf(frameTypes.windowUpdate, 0, 0, words(this.#tookBytes)));
    this.#tookBytes = 0;
  }

  /** Says why the connection is about to be closed. */
  giveUp(): void {
    this.#outbox.add(frameOf(frameTypes.goAway, 0, 0, words(0, errorCodes.protocolError)));
  }

  #resume(): void {
    if (this.#blocked.length > 0) this.#blocked = this.#blocked.filter((stream) => !this.#goOn(stream));
  }

  /** Sends what is allowed of a body that has begun; whether that was the rest of it. */
  #goOn(stream: Outgoing): boolean {
    const { body, streamId } = stream;
    while (stream.sentBytes < body.byteLength) {
      const length = this.#allowed(stream);
      if (length === 0) return false;
      const end = stream.sentBytes + length;
      const flags = end === body.byteLength ? frameFlags.endStream : 0;
      const buffer = this.#outbox.reserve(frameHeadBytes);
      writeFrameHead(buffer, this.#outbox.at, { length, type: frameTypes.data, flags, streamId });
      this.#outbox.wrote(frameHeadBytes);
      this.#outbox.addLarge(body.subarray(stream.sentBytes, end));
      this.#spend(stream, length);
    }
    return true;
  }

  #allowed({ body, sentBytes, windowBytes }: Outgoing): number {
    const { maxFrameBytes } = this.settings;
    return Math.max(0, Math.min(body.byteLength - sentBytes, windowBytes, this.#windowBytes, maxFrameBytes));
  }

  #spend(stream: Outgoing, bytes: number): void {
    this.#windowBytes -= bytes;
    stream.windowBytes -= bytes;
    stream.sentBytes += bytes;
  }
}
