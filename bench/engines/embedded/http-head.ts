/** A request that is not understood: it is answered with this status, and the connection ends. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The first line and the headers of a request, and how its body comes. */
export type HttpHead = {
  readonly method: string;
  /** As sent, undecoded, without the query. */
  readonly path: string;
  /** By lower-case name; the first of those that are given twice. */
  readonly headers: ReadonlyMap<string, string>;
  /** Length in bytes, or in chunks that say their own. */
  readonly body: number | 'chunked';
  readonly keepAlive: boolean;
  readonly expectsContinue: boolean;
};

const headerLimitCount = 100;
const firstLine =
  /^([!#$%&'*+.^_`|~\w-]{1,32}) (\/[\x21-\x7e\x80-\xff]*|\*|https?:\/\/[\x21-\x7e\x80-\xff]*) HTTP\/1\.([01])$/;
const headerLine = /^([!#$%&'*+.^_`|~\w-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** Reads what stands before the blank line; strict where two readers could understand a message differently. @throws HttpFault */
export function parseHead(text: string): HttpHead {
  const lines = text.split('\r\n');
  const [, method, target, minor] = firstLine.exec(lines[0] ?? '') ?? [];
  if (method === undefined || target === undefined) throw new HttpFault(400, 'the request line is not HTTP/1.1');
  const headers = parseHeaders(lines.slice(1));
  const connection = (headers.get('connection') ?? '').toLowerCase();
  return {
    method,
    path: pathOf(target),
    headers,
    body: bodyOf(headers),
    keepAlive: minor === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection),
    expectsContinue: minor === '1' && headers.get('expect')?.toLowerCase() === '100-continue',
  };
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  if (lines.length > headerLimitCount) throw new HttpFault(431, `more than ${headerLimitCount} headers`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, written, value] = headerLine.exec(line) ?? [];
    if (written === undefined || value === undefined) throw new HttpFault(400, 'a header is not HTTP/1.1');
    const name = written.toLowerCase();
    const before = headers.get(name);
    const given = withoutBlanks(value);
    if (before === undefined) headers.set(name, given);
    else if (framing.has(name) && before !== given) throw new HttpFault(400, `${name} is given twice`);
  }
  return headers;
}

/** A pattern with blanks on both sides of what may hold blanks takes quadratic time where there are only blanks. */
function withoutBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const framing = new Set(['content-length', 'transfer-encoding', 'inference-header-content-length']);

function bodyOf(headers: ReadonlyMap<string, string>): number | 'chunked' {
  const length = headers.get('content-length');
  const coding = headers.get('transfer-encoding');
  if (coding !== undefined) {
    if (length !== undefined) throw new HttpFault(400, 'content-length and transfer-encoding exclude each other');
    if (coding.toLowerCase() !== 'chunked') throw new HttpFault(501, 'the only transfer-encoding known is chunked');
    return 'chunked';
  }
  if (length === undefined) return 0;
  if (!/^\d{1,15}$/.test(length)) throw new HttpFault(400, 'content-length is not a length');
  return Number(length);
}

function pathOf(target: string): string {
  const local = target.startsWith('http') ? target.replace(/^https?:\/\/[^/?]*/, '') || '/' : target;
  const query = local.indexOf('?');
  return query < 0 ? local : local.slice(0, query);
}
