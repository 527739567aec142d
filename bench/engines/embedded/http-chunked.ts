import { HttpFault } from './http-head.ts';
import { BodyParts } from './http-parts.ts';

const lineLimitBytes = 256;
const trailerLimitCount = 100;

/** The body of a message that comes in chunks, each behind a line with its length in hexadecimal. */
export class ChunkedBody {
  readonly #parts = new BodyParts();
  #state: 'size' | 'data' | 'end-of-data' | 'trailer' | 'complete' = 'size';
  #missingBytes = 0;
  #trailerCount = 0;

  /** Of the content so far. */
  get byteLength(): number {
    return this.#parts.byteLength;
  }

  get isComplete(): boolean {
    return this.#state === 'complete';
  }

  /** All of it, once. */
  content(): Buffer {
    return this.#parts.take();
  }

  /** Takes what it can of these bytes and returns how many that were. @throws HttpFault */
  push(bytes: Buffer): number {
    let offset = 0;
    while (this.#state !== 'complete') {
      const used = this.#state === 'data' ? this.#takeData(bytes, offset) : this.#takeLine(bytes, offset);
      if (used === 0) break;
      offset += used;
    }
    return offset;
  }

  #takeData(bytes: Buffer, offset: number): number {
    const part = bytes.subarray(offset, offset + this.#missingBytes);
    if (part.byteLength > 0) this.#parts.push(part);
    this.#missingBytes -= part.byteLength;
    if (this.#missingBytes === 0) this.#state = 'end-of-data';
    return part.byteLength;
  }

  /** A line up to and with its CRLF; 0 bytes where its end has not come. */
  #takeLine(bytes: Buffer, offset: number): number {
    const end = bytes.indexOf('\r\n', offset, 'latin1');
    if (end < 0 && bytes.byteLength - offset <= lineLimitBytes) return 0;
    if (end < 0 || end - offset > lineLimitBytes) throw new HttpFault(400, 'a line of a chunk is too long');
    this.#readLine(bytes.toString('latin1', offset, end));
    return end + 2 - offset;
  }

  #readLine(line: string): void {
    if (this.#state === 'end-of-data') {
      if (line !== '') throw new HttpFault(400, 'a chunk is longer than it says');
      this.#state = 'size';
    } else if (this.#state === 'size') {
      const [, size] = /^([\da-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?$/.exec(line) ?? [];
      if (size === undefined) throw new HttpFault(400, 'the length of a chunk is not hexadecimal');
      this.#missingBytes = Number.parseInt(size, 16);
      this.#state = this.#missingBytes === 0 ? 'trailer' : 'data';
    } else if (line === '') {
      this.#state = 'complete';
    } else {
      this.#trailerCount += 1;
      if (this.#trailerCount > trailerLimitCount) throw new HttpFault(431, 'too many trailers');
    }
  }
}
