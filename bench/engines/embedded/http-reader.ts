import { ChunkedBody } from './http-chunked.ts';
import { HttpFault, type HttpHead, parseHead } from './http-head.ts';

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
  #head: HttpHead | undefined;
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #chunked: ChunkedBody | undefined;
  /** Clients send the same head again and again. */
  #last: { text: string; head: HttpHead } | undefined;

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** Bytes received that are not yet part of a request that was read. */
  get bufferedBytes(): number {
    return this.#pending.byteLength + this.#partsBytes;
  }

  /** Whether a request has begun and its end has not come. */
  get isWithin(): boolean {
    return this.#head !== undefined || this.#pending.byteLength > 0;
  }

  /** Whether the client waits for a word before it sends the body. */
  get expectsContinue(): boolean {
    return this.#head?.expectsContinue === true && this.bufferedBytes === 0;
  }

  push(bytes: Buffer): void {
    this.#pending = this.#pending.byteLength === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
  }

  /** The next whole request, or undefined until more has come. @throws HttpFault, after which nothing more can be read. */
  read(): WireRequest | undefined {
    this.#head ??= this.#readHead();
    const head = this.#head;
    if (head === undefined) return undefined;
    const body = head.body === 'chunked' ? this.#readChunked() : this.#readCounted(head.body);
    if (body === undefined) return undefined;
    this.#head = undefined;
    return { head, body };
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
    if (this.#parts.length === 0 && this.#pending.byteLength >= length) return this.#take(length);
    const missing = length - this.#partsBytes;
    const part = this.#take(Math.min(missing, this.#pending.byteLength));
    if (part.byteLength > 0) this.#parts.push(part);
    this.#partsBytes += part.byteLength;
    if (this.#partsBytes < length) return undefined;
    const body = Buffer.concat(this.#parts, length);
    this.#parts = [];
    this.#partsBytes = 0;
    return body;
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
