import type { Datatype } from '../../kserve/tensors.ts';
import { type ProtoReader, wireTypes } from './protobuf.ts';

/** The elements of an InferTensorContents: tensors that are sent as typed lists instead of raw bytes. */
export class TypedContents {
  readonly #lists = new Map<number, ElementList>();

  get empty(): boolean {
    return this.#lists.size === 0;
  }

  /** Reads one message of them; lists that come in several parts are put together. */
  read(message: ProtoReader): void {
    while (message.next()) {
      const kind = kinds[message.field];
      if (kind === undefined) message.skip();
      else this.#read(message, kind);
    }
  }

  /** The elements as a raw tensor of that type has them; no bytes where there are none, or of another type only. */
  raw(datatype: Datatype): Buffer {
    const field = fieldOf[datatype];
    const list = field === undefined ? undefined : this.#lists.get(field);
    return list?.narrowed(narrowBytes[datatype]) ?? Buffer.alloc(0);
  }

  #read(message: ProtoReader, kind: Kind): void {
    let list = this.#lists.get(message.field);
    if (list === undefined) {
      list = new ElementList(kind.bytes);
      this.#lists.set(message.field, list);
    }
    if (kind.wireType === wireTypes.bytes) {
      list.addText(message.bytes());
      return;
    }
    // A list of numbers comes packed in one field or one by one.
    const from = message.wireType === kind.wireType ? message : message.message();
    do {
      if (from !== message && !from.more) break;
      if (kind.wireType === wireTypes.varint) list.addInteger(from.varint());
      else list.addBytes(from.fixed(kind.bytes === 4 ? 4 : 8));
    } while (from !== message);
  }
}

type Kind = { readonly wireType: number; readonly bytes: number };

const kinds: Readonly<Record<number, Kind>> = {
  1: { wireType: wireTypes.varint, bytes: 1 },
  2: { wireType: wireTypes.varint, bytes: 4 },
  3: { wireType: wireTypes.varint, bytes: 8 },
  4: { wireType: wireTypes.varint, bytes: 4 },
  5: { wireType: wireTypes.varint, bytes: 8 },
  6: { wireType: wireTypes.fixed32, bytes: 4 },
  7: { wireType: wireTypes.fixed64, bytes: 8 },
  8: { wireType: wireTypes.bytes, bytes: 0 },
};

const fieldOf: Partial<Record<Datatype, number>> = {
  BOOL: 1,
  INT8: 2,
  INT16: 2,
  INT32: 2,
  INT64: 3,
  UINT8: 4,
  UINT16: 4,
  UINT32: 4,
  UINT64: 5,
  FP32: 6,
  FP64: 7,
  BYTES: 8,
};

const narrowBytes: Partial<Record<Datatype, number>> = { INT8: 1, UINT8: 1, INT16: 2, UINT16: 2 };

/** Little-endian elements one after the other. */
class ElementList {
  readonly #elementBytes: number;
  #bytes = Buffer.allocUnsafe(64);
  #size = 0;

  constructor(elementBytes: number) {
    this.#elementBytes = elementBytes;
  }

  addInteger(value: bigint): void {
    this.#reserve(8);
    this.#bytes.writeBigUInt64LE(value, this.#size);
    // A boolean is any number but 0; of the others the low bytes count.
    if (this.#elementBytes === 1) this.#bytes[this.#size] = value === 0n ? 0 : 1;
    this.#size += this.#elementBytes;
  }

  addBytes(bytes: Uint8Array): void {
    this.#reserve(bytes.byteLength);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.byteLength;
  }

  addText(text: Uint8Array): void {
    this.#reserve(4);
    this.#size = this.#bytes.writeUInt32LE(text.byteLength, this.#size);
    this.addBytes(text);
  }

  /** With only the low bytes of each 32-bit element where the type has fewer. */
  narrowed(bytes: number | undefined): Buffer {
    const whole = this.#bytes.subarray(0, this.#size);
    return bytes === undefined ? whole : Buffer.from(whole.filter((_, index) => index % 4 < bytes));
  }

  #reserve(bytes: number): void {
    if (this.#size + bytes <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafe((this.#size + bytes) * 2);
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
