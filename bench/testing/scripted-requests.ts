/** One HTTP/1.1 request as it came in. */
export type ReceivedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
};

/** Takes one connection's bytes and gives the requests that they complete; requests carry a Content-Length or no body. */
export class RequestReader {
  #received: Uint8Array[] = [];
  #size = 0;
  #needed = 0;

  push(piece: Uint8Array): ReceivedRequest[] {
    this.#received.push(Buffer.from(piece));
    this.#size += piece.byteLength;
    // A large body is put together once, not with each piece.
    if (this.#size < this.#needed) return [];
    let bytes = Buffer.concat(this.#received);
    const requests: ReceivedRequest[] = [];
    for (;;) {
      const parsed = parseRequest(bytes);
      if ('needed' in parsed) {
        this.#received = [bytes];
        this.#size = bytes.byteLength;
        this.#needed = parsed.needed;
        return requests;
      }
      requests.push(parsed.request);
      bytes = bytes.subarray(parsed.end);
    }
  }
}

function parseRequest(bytes: Buffer): { needed: number } | { request: ReceivedRequest; end: number } {
  const blank = bytes.indexOf('\r\n\r\n', 0, 'latin1');
  if (blank === -1) return { needed: 0 };
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, blank).split('\r\n');
  const [method = '', path = ''] = requestLine.split(' ');
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const start = blank + 4;
  const end = start + Number(headers.get('content-length') ?? 0);
  if (bytes.byteLength < end) return { needed: end };
  return { request: { method, path, headers, body: bytes.subarray(start, end) }, end };
}
