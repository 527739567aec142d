/** BYTES elements as text: each is 4 bytes of length, little-endian, and that many bytes of UTF-8. @throws RangeError where they do not fit. */
export function readTexts(data: Uint8Array): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const texts: string[] = [];
  let offset = 0;
  while (offset < data.byteLength) {
    const start = offset + 4;
    const end = start + (start <= data.byteLength ? view.getUint32(offset, true) : Number.POSITIVE_INFINITY);
    if (end > data.byteLength) throw new RangeError(`a string runs past the end of its ${data.byteLength} bytes`);
    texts.push(decoder.decode(data.subarray(start, end)));
    offset = end;
  }
  return texts;
}

/** Texts as BYTES elements. */
export function writeTexts(texts: readonly string[]): Uint8Array {
  const encoded = texts.map((text) => encoder.encode(text));
  const data = new Uint8Array(encoded.reduce((sum, { byteLength }) => sum + 4 + byteLength, 0));
  const view = new DataView(data.buffer);
  let offset = 0;
  for (const bytes of encoded) {
    view.setUint32(offset, bytes.byteLength, true);
    data.set(bytes, offset + 4);
    offset += 4 + bytes.byteLength;
  }
  return data;
}

/** Where each BYTES element begins, and the end of the last; undefined where the lengths do not fit the bytes. */
export function textOffsets(data: Uint8Array): number[] | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const offsets = [0];
  let offset = 0;
  while (offset < data.byteLength) {
    if (offset + 4 > data.byteLength) return undefined;
    offset += 4 + view.getUint32(offset, true);
    if (offset > data.byteLength) return undefined;
    offsets.push(offset);
  }
  return offsets;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
