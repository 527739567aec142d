import type { ErrorKind } from '../answers.ts';
import { type AnswerHeaders, httpStatusKind, statusKind } from './answer-headers.ts';
import { messagePrefixBytes } from './infer-request.ts';
import { Malformed } from './malformed.ts';

/** Larger answers than that are refused, like those of HTTP. */
const messageLimitBytes = 256 * 1024 * 1024;
/** What a server only announces is not reserved beyond that. */
const reserveLimitBytes = 8 * 1024 * 1024;

/** Puts one answer together from its headers, data and trailers; used again for the next one. */
export class AnswerReader {
  #headers: AnswerHeaders | undefined;
  #prefix = Buffer.allocUnsafeSlow(messagePrefixBytes);
  #prefixSize = 0;
  /** Kept for the next answer: large ones would cost a page fault for every 4 KiB. */
  #message = Buffer.alloc(0);
  #messageSize = 0;
  #messageLength = 0;

  /** Whether anything of this answer has come in. */
  get begun(): boolean {
    return this.#headers !== undefined;
  }

  /** The message of an answer that ended well; it is overwritten by the next. */
  get message(): Buffer {
    return this.#message.subarray(0, this.#messageLength);
  }

  reset(): void {
    this.#headers = undefined;
    this.#prefixSize = 0;
    this.#messageSize = 0;
    this.#messageLength = 0;
  }

  /** @throws Malformed where headers may not stand here. */
  headers(headers: AnswerHeaders, endStream: boolean): void {
    if (this.#headers === undefined) {
      const { httpStatus } = headers;
      if (httpStatus === undefined || Number.isNaN(httpStatus)) throw new Malformed('an answer has no status');
      if (httpStatus >= 200) this.#headers = headers;
      else if (endStream) throw new Malformed('an answer ends before it begins');
      return;
    }
    if (!endStream) throw new Malformed('an answer has headers twice');
    this.#headers = { ...this.#headers, grpcStatus: headers.grpcStatus ?? this.#headers.grpcStatus };
  }

  /** @throws Malformed for what is not one uncompressed message. */
  data(bytes: Buffer, start: number, end: number): void {
    if (this.#headers === undefined) throw new Malformed('data before headers');
    // The page that a proxy puts in the place of an answer is no message.
    if (this.#headers.httpStatus !== 200 || !this.#headers.isGrpc) return;
    const at = this.#prefixSize < messagePrefixBytes ? this.#takePrefix(bytes, start, end) : start;
    const size = this.#messageSize + end - at;
    if (at === end) return;
    if (size > this.#messageLength) throw new Malformed('more than one message');
    if (size > this.#message.byteLength) this.#grow(size);
    this.#message.set(bytes.subarray(at, end), this.#messageSize);
    this.#messageSize = size;
  }

  /** Undefined where the answer ended with OK and one whole message. @throws Malformed */
  end(): ErrorKind | undefined {
    const { httpStatus = 0, isGrpc = false, grpcStatus } = this.#headers ?? {};
    if (Number.isNaN(grpcStatus)) throw new Malformed('a status of gRPC that is no number');
    if (grpcStatus !== undefined && grpcStatus !== 0) return statusKind(grpcStatus);
    if (httpStatus !== 200) return httpStatusKind(httpStatus);
    if (!isGrpc) throw new Malformed('an answer of something that is no gRPC server');
    if (grpcStatus === undefined) return 'grpc-unknown';
    if (this.#prefixSize < messagePrefixBytes || this.#messageSize < this.#messageLength) {
      throw new Malformed('OK without a whole message');
    }
    return undefined;
  }

  #takePrefix(bytes: Buffer, start: number, end: number): number {
    let at = start;
    for (; at < end && this.#prefixSize < messagePrefixBytes; at += 1) {
      this.#prefix[this.#prefixSize] = bytes[at] ?? 0;
      this.#prefixSize += 1;
    }
    if (this.#prefixSize < messagePrefixBytes) return at;
    if (this.#prefix[0] !== 0) throw new Malformed('a compressed message, which was not asked for');
    this.#messageLength = this.#prefix.readUInt32BE(1);
    if (this.#messageLength > messageLimitBytes) throw new Malformed(`a message of ${this.#messageLength} bytes`);
    return at;
  }

  #grow(size: number): void {
    const capacity = Math.max(size, Math.min(this.#messageLength, Math.max(reserveLimitBytes, size * 2)));
    const larger = Buffer.allocUnsafeSlow(capacity);
    larger.set(this.#message.subarray(0, this.#messageSize));
    this.#message = larger;
  }
}
