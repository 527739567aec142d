import { Malformed } from './malformed.ts';

/** How a field's value stands in a message. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Walks through the fields of one protobuf message: `next`, then the value as the field's type wants it, or `skip`.
 * Every method throws Malformed where the bytes end too soon or cannot be.
 */
export class ProtoReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Number of the field that `next` came to. */
  field = 0;
  wireType = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.byteLength) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Where the next byte to be read lies. */
  get at(): number {
    return this.#at;
  }

  /** False at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const key = this.#small();
    this.field = key >>> 3;
    this.wireType = key & 7;
    if (this.field === 0) throw new Malformed('a field has number 0');
    return true;
  }

  /** Whether more of a packed field is to come. */
  get more(): boolean {
    return this.#at < this.#end;
  }

  /** The bytes of a length-delimited field, not copied. */
  bytes(): Buffer {
    this.#expect(wireTypes.bytes);
    const length = this.#small();
    return this.#take(length);
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  /** The message in a length-delimited field. */
  message(): ProtoReader {
    return new ProtoReader(this.bytes());
  }

  /** An integer of any type, as its 64 bits. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Malformed('an integer has more than 10 bytes');
  }

  /** An int64 that must be a size: from -1 (unknown) on. */
  size(): number {
    const value = Number(BigInt.asIntN(64, this.varint()));
    return Number.isSafeInteger(value) ? value : Number.NaN;
  }

  fixed(byteCount: 4 | 8): Buffer {
    return this.#take(byteCount);
  }

  /** Passes over the value of a field that nobody asked about; groups, which proto3 does not have, too. */
  skip(depth = 0): void {
    switch (this.wireType) {
      case wireTypes.varint:
        this.varint();
        return;
      case wireTypes.fixed64:
        this.#take(8);
        return;
      case wireTypes.bytes:
        this.bytes();
        return;
      case wireTypes.fixed32:
        this.#take(4);
        return;
      case 3:
        this.#skipGroup(this.field, depth);
        return;
      default:
        throw new Malformed(`there is no wire type ${this.wireType}`);
    }
  }

  #skipGroup(field: number, depth: number): void {
    if (depth > 64) throw new Malformed('groups are nested too deeply');
    while (this.next()) {
      if (this.wireType !== 4) {
        this.skip(depth + 1);
        continue;
      }
      if (this.field !== field) break;
      return;
    }
    throw new Malformed('a group has no end');
  }

  #expect(wireType: number): void {
    if (this.wireType !== wireType) throw new Malformed(`field ${this.field} has wire type ${this.wireType}`);
  }

  /** A key or a length: 32 bits. */
  #small(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xff_ff_ff_ff) break;
        return value;
      }
    }
    throw new Malformed('a key or a length is too large');
  }

  #take(length: number): Buffer {
    const start = this.#at;
    if (length > this.#end - start) throw new Malformed('a field is longer than its message');
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new Malformed('a message is cut off');
    const byte = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }
}

/** A length-delimited field: its key, its length, its content. */
export function bytesField(field: number, content: Uint8Array | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return Buffer.concat([varint(field * 8 + wireTypes.bytes), varint(bytes.byteLength), bytes]);
}

/** A whole number of at most 2^53 in 7 bits to the byte; a negative one in 10 bytes, as int64 has it. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  while (left >= 0x80n) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  bytes.push(Number(left));
  return Buffer.from(bytes);
}
