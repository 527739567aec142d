/** Bytes that are no HTTP/1.1 answer, or more of them than allowed. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/** All heads of one answer together, interim ones included. */
export const headLimitBytes = 64 * 1024;

/** Status line and headers of one answer, and how its body ends. `end` is the offset of the first byte after the head. */
export type Head = {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly keepAlive: boolean;
  readonly end: number;
} & ({ readonly framing: 'length'; readonly length: number } | { readonly framing: 'chunked' | 'until-close' });

/**
 * Parses the head that begins at `start`; undefined while it is incomplete.
 * @throws MalformedAnswer as early as the bytes can be no head any more: what is no HTTP would otherwise be waited for.
 */
export function parseHead(received: Buffer, start: number): Head | undefined {
  const begin = received.toString('latin1', start, start + protocol.length);
  if (!protocol.startsWith(begin)) throw new MalformedAnswer('its first line is no HTTP/1.1 status');
  const lineEnd = received.indexOf('\n', start, 'latin1');
  if (lineEnd !== -1 && received[lineEnd - 1] !== 13)
    throw new MalformedAnswer('its first line does not end as HTTP does');
  const blank = received.indexOf('\r\n\r\n', start, 'latin1');
  if ((blank === -1 ? received.byteLength : blank) > headLimitBytes) throw new MalformedAnswer('its head has no end');
  if (blank === -1) return undefined;
  const [statusLine = '', ...lines] = received.toString('latin1', start, blank).split('\r\n');
  const [, version, code] = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (code === undefined) throw new MalformedAnswer('its first line is no HTTP/1.1 status');
  const status = Number(code);
  const headers = parseHeaders(lines);
  const framing = framingOf(status, headers);
  return {
    status,
    headers,
    end: blank + 4,
    ...framing,
    keepAlive: framing.framing !== 'until-close' && keepsAlive(version, headers),
  };
}

const protocol = 'HTTP/1.';

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1 || /[\0\r\n]/.test(line)) throw new MalformedAnswer('a header line is none');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length' && (headers.get(name) ?? value) !== value)
      throw new MalformedAnswer('it has two lengths');
    headers.set(name, value);
  }
  return headers;
}

type Framing = { framing: 'length'; length: number } | { framing: 'chunked' | 'until-close' };

function framingOf(status: number, headers: ReadonlyMap<string, string>): Framing {
  if (status < 200 || status === 204 || status === 304) return { framing: 'length', length: 0 };
  const coding = headers.get('transfer-encoding')?.toLowerCase();
  if (coding === 'chunked') return { framing: 'chunked' };
  if (coding !== undefined) throw new MalformedAnswer('its Transfer-Encoding is not chunked');
  const length = headers.get('content-length');
  if (length === undefined) return { framing: 'until-close' };
  if (!/^\d{1,15}$/.test(length)) throw new MalformedAnswer('its Content-Length is no number');
  return { framing: 'length', length: Number(length) };
}

function keepsAlive(version: string | undefined, headers: ReadonlyMap<string, string>): boolean {
  const options = (headers.get('connection') ?? '').toLowerCase().split(/\s*,\s*/);
  return version === '0' ? options.includes('keep-alive') : !options.includes('close');
}
