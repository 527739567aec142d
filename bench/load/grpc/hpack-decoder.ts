import { decodeHuffman } from './hpack-huffman.ts';
import { type Header, HeaderTable, headerBytes, staticHeaderCount } from './hpack-table.ts';
import { Malformed } from './malformed.ts';

/** The headers of one block. */
export type HeaderBlock = {
  readonly headers: readonly Header[];
  /**
   * Decoding it neither looked at the dynamic table nor changed it: the same bytes mean the same again, and need not be
   * decoded to keep the table right.
   */
  readonly selfContained: boolean;
};

/** The table size that holds until settings say otherwise (RFC 9113, 6.5.2). */
const initialTableBytes = 4096;
/** Names, values and 32 bytes for each header, as SETTINGS_MAX_HEADER_LIST_SIZE counts. */
export const headerListLimitBytes = 64 * 1024;

/** Decodes header blocks in the order in which they come in (RFC 7541). */
export class HpackDecoder {
  readonly #table = new HeaderTable(initialTableBytes);
  #limitBytes = initialTableBytes;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #selfContained = true;

  /** The peer knows from here on that the table may have no more than that. It says itself when it shrinks it. */
  limitTable(bytes: number): void {
    this.#limitBytes = bytes;
  }

  /** @throws Malformed; what follows on the connection cannot be decoded then. */
  decode(block: Uint8Array): HeaderBlock {
    this.#bytes = block;
    this.#at = 0;
    this.#selfContained = true;
    const headers: Header[] = [];
    let listBytes = 0;
    while (this.#at < block.byteLength) {
      const header = this.#next(headers.length === 0);
      if (header === undefined) continue;
      listBytes += headerBytes(header);
      if (listBytes > headerListLimitBytes) throw new Malformed(`headers of more than ${headerListLimitBytes} bytes`);
      headers.push(header);
    }
    return { headers, selfContained: this.#selfContained };
  }

  /** The next header; undefined for a change of the table's size, which may stand at the front only. */
  #next(atFront: boolean): Header | undefined {
    const byte = this.#bytes[this.#at] ?? 0;
    if (byte >= 0x80) return this.#lookUp(this.#integer(7));
    if (byte >= 0x40) return this.#inserted(this.#literal(6));
    if (byte < 0x20) return this.#literal(4);
    if (!atFront) throw new Malformed('the size of the header table changes amid headers');
    const maxBytes = this.#integer(5);
    if (maxBytes > this.#limitBytes) throw new Malformed(`a header table of ${maxBytes} bytes was not offered`);
    if (maxBytes !== this.#table.maxBytes) this.#selfContained = false;
    this.#table.resize(maxBytes);
    return undefined;
  }

  #lookUp(index: number): Header {
    if (index > staticHeaderCount) this.#selfContained = false;
    return this.#table.at(index);
  }

  #literal(prefixBits: number): Header {
    const index = this.#integer(prefixBits);
    const name = index === 0 ? this.#text() : this.#lookUp(index)[0];
    return [name, this.#text()];
  }

  #inserted(header: Header): Header {
    this.#table.insert(header);
    // A table without room holds nothing before and after.
    if (this.#table.maxBytes > 0 || this.#limitBytes > 0) this.#selfContained = false;
    return header;
  }

  #text(): string {
    const huffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.byteLength) throw new Malformed('a header is cut off');
    this.#at = end;
    if (huffman) return decodeHuffman(this.#bytes, start, end);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString('latin1');
  }

  /** An integer whose first bits stand in the low `prefixBits` of the next byte (RFC 7541, 5.1). */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Malformed('a number in the headers is too large');
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Malformed('the headers are cut off');
    this.#at += 1;
    return byte;
  }
}
