import { messageOf } from '../../failure.ts';

/** Fields of one message, and bytes of it that are no raw tensor: as objects they take up to 100 times their length in memory. */
const fieldLimitCount = 100_000;
const describingLimitBytes = 4 * 1024 * 1024;

const wires = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
type Wire = (typeof wires)[keyof typeof wires];
/** The fields of a message that are known, with the wire types that each may have and what lies in it. */
type Known = Readonly<Record<number, { readonly wires: readonly Wire[]; readonly within?: Known }>>;

const text = { wires: [wires.bytes] };
const wholes = { wires: [wires.bytes, wires.varint] };
const contents: Known = {
  1: wholes,
  2: wholes,
  3: wholes,
  4: wholes,
  5: wholes,
  6: { wires: [wires.bytes, wires.fixed32] },
  7: { wires: [wires.bytes, wires.fixed64] },
  8: text,
};
const input: Known = { 1: text, 2: text, 3: wholes, 4: text, 5: { ...text, within: contents } };
const output: Known = { 1: text, 2: text };
const inferRequest: Known = {
  1: text,
  2: text,
  3: text,
  4: text,
  5: { ...text, within: input },
  6: { ...text, within: output },
  7: text,
};
const rawContents = 7;

/**
 * What is wrong with a ModelInferRequest, before anything is made of it, that would take much more memory than bytes or whose
 * fields are not what they must be; undefined where nothing is. What is merely cut off is left to the decoder.
 */
export function inferMessageFault(message: Uint8Array): string | undefined {
  try {
    checkMessage(message);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function checkMessage(message: Uint8Array): void {
  const tally = { fieldCount: 0, rawBytes: 0 };
  look(new Cursor(message, 0, message.byteLength), inferRequest, tally);
  if (message.byteLength - tally.rawBytes > describingLimitBytes) {
    throw new Error(`more than ${describingLimitBytes} bytes that are no raw_input_contents`);
  }
}

type Tally = { fieldCount: number; rawBytes: number };

function look(cursor: Cursor, known: Known, tally: Tally): void {
  while (!cursor.isAtEnd) {
    tally.fieldCount += 1;
    if (tally.fieldCount > fieldLimitCount) throw new Error(`more than ${fieldLimitCount} fields`);
    const tag = cursor.whole();
    const [number, wire] = [tag >>> 3, tag & 7];
    const field = known[number];
    if (field?.wires.every((each) => each !== wire)) throw new Error(`field ${number} has wire type ${wire}`);
    const lengthBytes = cursor.skip(wire);
    if (known === inferRequest && number === rawContents) tally.rawBytes += lengthBytes;
    if (field?.within !== undefined) look(cursor.last(lengthBytes), field.within, tally);
  }
}

/** A place in a message. Past the end it stays there. */
class Cursor {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The low 32 bits of a number of 7 bits a byte. */
  whole(): number {
    let value = 0;
    for (let shift = 0; this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++] ?? 0;
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    return value >>> 0;
  }

  /** Goes behind a value of this wire type, and returns the length of one that says its own. */
  skip(wire: number): number {
    if (wire === wires.varint) this.whole();
    else if (wire === wires.fixed64) this.#at += 8;
    else if (wire === wires.fixed32) this.#at += 4;
    else if (wire !== wires.bytes) throw new Error(`there is no wire type ${wire}`);
    if (wire !== wires.bytes) return 0;
    const length = Math.min(this.whole(), Math.max(0, this.#end - this.#at));
    this.#at += length;
    return length;
  }

  /** The bytes that were skipped last. */
  last(length: number): Cursor {
    return new Cursor(this.#bytes, this.#at - length, this.#at);
  }
}
