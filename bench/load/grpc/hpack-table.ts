import { Malformed } from './malformed.ts';

/** The names and values that HPACK refers to by number: the static table of RFC 7541, appendix A, then the dynamic one. */
export class HeaderTable {
  readonly #entries: Header[] = [];
  #bytes = 0;
  /** Most bytes that the dynamic table may hold now. */
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Size of the dynamic table as RFC 7541 counts it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Malformed where there is no such entry. */
  at(index: number): Header {
    const header = index <= staticTable.length ? staticTable[index - 1] : this.#entries[index - staticTable.length - 1];
    if (header === undefined) throw new Malformed(`there is no header ${index}`);
    return header;
  }

  /** Puts one in front; what no longer fits falls out at the end. */
  insert(header: Header): void {
    this.#entries.unshift(header);
    this.#bytes += headerBytes(header);
    this.#evict();
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#bytes > this.#maxBytes) {
      const last = this.#entries.pop();
      if (last === undefined) return;
      this.#bytes -= headerBytes(last);
    }
  }
}

export type Header = readonly [name: string, value: string];

/** What an entry counts for in the size of a table or list of headers. */
export function headerBytes([name, value]: Header): number {
  return name.length + value.length + 32;
}

/** Up to here, references are to the static table. */
export const staticHeaderCount = 61;

const staticTable: readonly Header[] = [
  ':authority',
  ':method GET',
  ':method POST',
  ':path /',
  ':path /index.html',
  ':scheme http',
  ':scheme https',
  ':status 200',
  ':status 204',
  ':status 206',
  ':status 304',
  ':status 400',
  ':status 404',
  ':status 500',
  'accept-charset',
  'accept-encoding gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
].map((line) => {
  const space = line.indexOf(' ');
  return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
});
