/** One HTTP/1.1 answer, whole. Header names are lower case; repeated headers keep the last value. */
export type Answer = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
  /** False where the server said it will close the connection. */
  readonly keepAlive: boolean;
};

/** Bytes that are no HTTP/1.1 answer, or more of them than allowed. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

const headLimitBytes = 64 * 1024;
const bodyLimitBytes = 1024 * 1024 * 1024;

/**
 * Parses the bytes received so far for one request: undefined while the answer is incomplete.
 * `closed` says that the server ended the connection, which ends an answer without a length.
 * @throws MalformedAnswer, also for bytes behind the answer: only one request is ever outstanding.
 */
export function parseAnswer(received: Buffer, closed = false): Answer | undefined {
  let start = 0;
  for (;;) {
    const head = parseHead(received, start);
    if (head === undefined) return undefined;
    // Interim answers (100 Continue) come before the one that counts.
    if (head.status >= 100 && head.status < 200) {
      start = head.end;
      continue;
    }
    const body = parseBody(received, head, closed);
    if (body === undefined) return undefined;
    if (body.end !== received.byteLength) throw new MalformedAnswer('bytes follow the answer that nothing asked for');
    const keepAlive = head.headers.get('connection')?.toLowerCase() !== 'close' && !body.untilClose;
    return { status: head.status, headers: head.headers, body: body.bytes, keepAlive };
  }
}

type Head = { status: number; headers: Map<string, string>; end: number };

function parseHead(received: Buffer, start: number): Head | undefined {
  const blank = received.indexOf('\r\n\r\n', start, 'latin1');
  if (blank === -1 || blank - start > headLimitBytes) {
    if (received.byteLength - start > headLimitBytes) throw new MalformedAnswer('its head has no end');
    return undefined;
  }
  const [statusLine = '', ...lines] = received.toString('latin1', start, blank).split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine);
  if (match === null) throw new MalformedAnswer('its first line is no HTTP/1.1 status');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new MalformedAnswer('a header line has no name');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(match[1]), headers, end: blank + 4 };
}

type Body = { bytes: Uint8Array; end: number; untilClose: boolean };

function parseBody(received: Buffer, head: Head, closed: boolean): Body | undefined {
  if (head.headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return parseChunks(received, head.end);
  const declared = head.headers.get('content-length');
  if (declared === undefined) {
    const bytes = received.subarray(head.end);
    return closed ? { bytes, end: received.byteLength, untilClose: true } : undefined;
  }
  if (!/^\d{1,15}$/.test(declared)) throw new MalformedAnswer(`its Content-Length is no number`);
  const length = Number(declared);
  if (length > bodyLimitBytes) throw new MalformedAnswer(`it announces ${length} bytes`);
  const end = head.end + length;
  if (received.byteLength < end) return undefined;
  return { bytes: received.subarray(head.end, end), end, untilClose: false };
}

function parseChunks(received: Buffer, start: number): Body | undefined {
  const chunks: Uint8Array[] = [];
  let at = start;
  for (;;) {
    const lineEnd = received.indexOf('\r\n', at, 'latin1');
    if (lineEnd === -1) {
      if (received.byteLength - at > headLimitBytes) throw new MalformedAnswer('a chunk size has no end');
      return undefined;
    }
    const match = /^([0-9a-f]{1,8})(?:;|\s*$)/i.exec(received.toString('latin1', at, lineEnd));
    if (match === null) throw new MalformedAnswer('a chunk size is no number');
    const size = Number.parseInt(match[1] ?? '', 16);
    if (size > bodyLimitBytes) throw new MalformedAnswer(`a chunk announces ${size} bytes`);
    at = lineEnd + 2;
    if (size === 0) return endOfTrailers(received, at, chunks);
    if (received.byteLength < at + size + 2) return undefined;
    if (received[at + size] !== 13 || received[at + size + 1] !== 10)
      throw new MalformedAnswer('a chunk is longer than it says');
    chunks.push(received.subarray(at, at + size));
    at += size + 2;
  }
}

function endOfTrailers(received: Buffer, start: number, chunks: Uint8Array[]): Body | undefined {
  let at = start;
  for (;;) {
    const lineEnd = received.indexOf('\r\n', at, 'latin1');
    if (lineEnd === -1) return undefined;
    if (lineEnd === at) return { bytes: Buffer.concat(chunks), end: at + 2, untilClose: false };
    at = lineEnd + 2;
  }
}
