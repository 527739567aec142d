import { type Head, headLimitBytes, MalformedAnswer, parseHead } from './answer-head.ts';

/** One HTTP/1.1 answer, whole. `body` lies in the reader's own memory and stays as it is. */
export type Answer = {
  readonly status: number;
  /** Names in lower case; a repeated header keeps its last value. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** False where the server said it will close the connection, or ended the answer that way. */
  readonly keepAlive: boolean;
};

/** The largest body that is read. */
export const bodyLimitBytes = 256 * 1024 * 1024;
const chunkLineLimitBytes = 4 * 1024;

/**
 * Reads one answer from the pieces it comes in, in time and memory proportional to their size. Interim answers (100
 * Continue) before it are skipped.
 */
export class AnswerReader {
  #bytes = Buffer.alloc(0);
  #size = 0;
  /** Everything before this offset has been understood. */
  #at = 0;
  #head: Head | undefined;
  #bodyStart = 0;
  /** End of the chunks decoded so far: they are moved together, over the framing between them. */
  #bodyEnd = 0;

  /**
   * Takes the next bytes (a copy is kept); undefined while the answer is incomplete.
   * @throws MalformedAnswer, also for bytes behind the answer: only one request is ever outstanding.
   */
  push(piece: Uint8Array): Answer | undefined {
    this.#append(piece);
    return this.#advance(false);
  }

  /** The server ended the connection, which completes an answer without a length; undefined if this one was cut off. */
  end(): Answer | undefined {
    return this.#advance(true);
  }

  #append(piece: Uint8Array): void {
    const needed = this.#size + piece.byteLength;
    if (needed > this.#bytes.byteLength) {
      const announced = this.#head?.framing === 'length' ? this.#bodyStart + this.#head.length : 0;
      this.#grow(Math.max(needed, this.#size * 2, announced));
    }
    this.#bytes.set(piece, this.#size);
    this.#size = needed;
  }

  #grow(capacity: number): void {
    const larger = Buffer.allocUnsafe(capacity);
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }

  #advance(closed: boolean): Answer | undefined {
    while (this.#head === undefined) {
      const head = parseHead(this.#bytes.subarray(0, this.#size), this.#at);
      if (head === undefined) return undefined;
      this.#at = head.end;
      if (head.status >= 200) this.#begin(head);
      else if (head.status === 101) throw new MalformedAnswer('it leaves HTTP, which nothing asked for');
    }
    return this.#body(this.#head, closed);
  }

  #begin(head: Head): void {
    if (head.framing === 'length' && head.length > bodyLimitBytes)
      throw new MalformedAnswer(`it announces ${head.length} bytes`);
    this.#head = head;
    this.#bodyStart = head.end;
    this.#bodyEnd = head.end;
  }

  #body(head: Head, closed: boolean): Answer | undefined {
    if (this.#size - this.#bodyStart > bodyLimitBytes + headLimitBytes)
      throw new MalformedAnswer(`it is longer than ${bodyLimitBytes} bytes`);
    switch (head.framing) {
      case 'length': {
        const end = this.#bodyStart + head.length;
        return this.#size < end ? undefined : this.#answer(head, end, end);
      }
      case 'chunked':
        return this.#decodeChunks() ? this.#answer(head, this.#bodyEnd, this.#at) : undefined;
      case 'until-close':
        return closed ? this.#answer(head, this.#size, this.#size) : undefined;
    }
  }

  #answer(head: Head, bodyEnd: number, end: number): Answer {
    if (end !== this.#size) throw new MalformedAnswer('bytes follow the answer that nothing asked for');
    const { status, headers, keepAlive } = head;
    return { status, headers, body: this.#bytes.subarray(this.#bodyStart, bodyEnd), keepAlive };
  }

  /** True once the last chunk and its trailers have come in. */
  #decodeChunks(): boolean {
    for (;;) {
      const lineEnd = this.#lineEnd(chunkLineLimitBytes);
      if (lineEnd === undefined) return false;
      const match = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(this.#bytes.toString('latin1', this.#at, lineEnd));
      if (match === null) throw new MalformedAnswer('a chunk size is no number');
      const size = Number.parseInt(match[1] ?? '', 16);
      if (size > bodyLimitBytes) throw new MalformedAnswer(`a chunk announces ${size} bytes`);
      const start = lineEnd + 2;
      if (size === 0) return this.#skipTrailers(start);
      const end = start + size;
      if (this.#size < end + 2) return false;
      if (this.#bytes[end] !== 13 || this.#bytes[end + 1] !== 10)
        throw new MalformedAnswer('a chunk is longer than it says');
      this.#bytes.copyWithin(this.#bodyEnd, start, end);
      this.#bodyEnd += size;
      this.#at = end + 2;
    }
  }

  /** The last chunk's line is read again with each piece until its trailers are whole. */
  #skipTrailers(start: number): boolean {
    const lastChunk = this.#at;
    this.#at = start;
    for (;;) {
      const lineEnd = this.#lineEnd(headLimitBytes - (this.#at - start));
      if (lineEnd === undefined) {
        this.#at = lastChunk;
        return false;
      }
      const empty = lineEnd === this.#at;
      this.#at = lineEnd + 2;
      if (empty) return true;
    }
  }

  /** Where the line at `#at` ends; undefined while its end has not come in. */
  #lineEnd(limitBytes: number): number | undefined {
    const end = this.#bytes.subarray(0, this.#size).indexOf('\r\n', this.#at, 'latin1');
    if ((end === -1 ? this.#size : end) - this.#at > limitBytes) throw new MalformedAnswer('a line has no end');
    return end === -1 ? undefined : end;
  }
}
