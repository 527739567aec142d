import { ChunkedBody } from './http-chunked.ts';
import { HttpFault, type HttpHead, parseHead } from './http-head.ts';
import { BodyParts } from './http-parts.ts';

export type HttpLimits = { readonly headBytes: number; readonly bodyBytes: number };

/** A request as it came over the wire. */
export type WireRequest = { readonly head: HttpHead; readonly body: Buffer };

const nothing = Buffer.alloc(0);

/**
 * Cuts a connection's bytes into requests, however they are split into packets. Bodies are never copied where they
 * came in one piece.
 */
export class HttpReader {
  readonly #limits: HttpLimits;
  #pending: Buffer = nothing;
  /** What has come since the last look. */
  readonly #arrived = new BodyParts();
  #head: HttpHead | undefined;
  readonly #parts = new BodyParts();
  #chunked: ChunkedBody | undefined;
  /** Clients send the same head again and again. */
  #last: { text: string; head: HttpHead } | undefined;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Bytes received that are not yet part of a request that was read. */
  get bufferedBytes(): number {
    return this.#pending.byteLength + this.#arrived.byteLength + this.#parts.byteLength;
  }

  /** Whether a request has begun and its end has not come. */
  get isWithin(): boolean {
    return this.#head !== undefined || this.#pending.byteLength + this.#arrived.byteLength > 0;
  }

  /** Whether the client waits for a word before it sends the body. */
  get expectsContinue(): boolean {
    return this.#head?.expectsContinue === true && this.bufferedBytes === 0;
  }

  push(bytes: Buffer): void {
    this.#arrived.push(bytes);
  }

  /** The next whole request, or undefined until more has come. @throws HttpFault, after which nothing more can be read. */
  read(): WireRequest | undefined {
    this.#joinArrived();
    this.#head ??= this.#readHead();
    const head = this.#head;
    if (head === undefined) return undefined;
    const body = head.body === 'chunked' ? this.#readChunked() : this.#readCounted(head.body);
    if (body === undefined) return undefined;
    this.#head = undefined;
    return { head, body };
  }

  #joinArrived(): void {
    if (this.#arrived.byteLength === 0) return;
    const arrived = this.#arrived.take();
    this.#pending = this.#pending.byteLength === 0 ? arrived : Buffer.concat([this.#pending, arrived]);
  }

  #readHead(): HttpHead | undefined {
    const end = this.#pending.indexOf('\r\n\r\n', 0, 'latin1');
    if (end > this.#limits.headBytes || (end < 0 && this.#pending.byteLength > this.#limits.headBytes)) {
      throw new HttpFault(431, `the headers take more than ${this.#limits.headBytes} bytes`);
    }
    if (end < 0) return undefined;
    const text = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 4);
    const last = this.#last;
    if (last !== undefined && last.text === text) return last.head;
    const head = parseHead(text);
    if (head.body !== 'chunked') this.#checkSize(head.body);
    this.#last = { text, head };
    return head;
  }

  #readCounted(length: number): Buffer | undefined {
    if (this.#parts.byteLength === 0 && this.#pending.byteLength >= length) return this.#take(length);
    const missing = length - this.#parts.byteLength;
    const part = this.#take(Math.min(missing, this.#pending.byteLength));
    if (part.byteLength > 0) this.#parts.push(part);
    return this.#parts.byteLength < length ? undefined : this.#parts.take();
  }

  #readChunked(): Buffer | undefined {
    this.#chunked ??= new ChunkedBody();
    const used = this.#chunked.push(this.#pending);
    this.#take(used);
    this.#checkSize(this.#chunked.byteLength);
    if (!this.#chunked.isComplete) return undefined;
    const body = this.#chunked.content();
    this.#chunked = undefined;
    return body;
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = length === this.#pending.byteLength ? nothing : this.#pending.subarray(length);
    return taken;
  }

  #checkSize(length: number): void {
    if (length <= this.#limits.bodyBytes) return;
    throw new HttpFault(413, `the body takes more than ${this.#limits.bodyBytes} bytes`);
  }
}
