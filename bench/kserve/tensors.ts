import { readBfloat16, writeBfloat16 } from './bfloat16.ts';

/** The KServe v2 datatypes and the bytes one element takes; BYTES elements carry their own 4-byte length. */
export const elementBytes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
} as const;

export type Datatype = keyof typeof elementBytes;

/** One named tensor; `data` is little-endian and row-major, as it travels in both protocols. */
export type Tensor = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
};

export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(elementBytes, name);
}

/** Product of the dimensions; a scalar's empty shape counts one element. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/**
 * Encodes numbers (bigint for 64-bit integers where exactness matters) as one tensor's bytes. Floating point is rounded to the
 * nearest, ties to even; integers beyond their datatype wrap around. @throws RangeError for BYTES.
 */
export function encodeElements(datatype: Datatype, values: readonly (number | bigint | boolean)[]): Uint8Array {
  const size = elementBytes[datatype];
  const write = writers[datatype];
  if (size === undefined || write === undefined) throw new RangeError(`numbers cannot be written as ${datatype}`);
  const data = new Uint8Array(values.length * size);
  const view = new DataView(data.buffer);
  values.forEach((value, index) => {
    write(view, index * size, value);
  });
  return data;
}

/** Decodes a tensor's bytes to numbers; 64-bit integers come as bigint. @throws RangeError for BYTES. */
export function decodeElements(datatype: Datatype, data: Uint8Array): (number | bigint)[] {
  const size = elementBytes[datatype];
  const read = readers[datatype];
  if (size === undefined || read === undefined) throw new RangeError(`${datatype} cannot be read as numbers`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: Math.floor(data.byteLength / size) }, (_, index) => read(view, index * size));
}

/** Encodes the elements of a BYTES tensor: each with its length as 4 bytes before it; text as UTF-8. */
export function encodeByteStrings(values: readonly (string | Uint8Array)[]): Uint8Array {
  const elements = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const data = new Uint8Array(elements.reduce((size, { byteLength }) => size + lengthBytes + byteLength, 0));
  const view = new DataView(data.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.byteLength, true);
    data.set(element, offset + lengthBytes);
    offset += lengthBytes + element.byteLength;
  }
  return data;
}

/** The elements of a BYTES tensor, as views; null where the lengths do not add up to the data. */
export function decodeByteStrings(data: Uint8Array): Uint8Array[] | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements: Uint8Array[] = [];
  let offset = 0;
  while (offset < data.byteLength) {
    if (offset + lengthBytes > data.byteLength) return null;
    const end = offset + lengthBytes + view.getUint32(offset, true);
    if (end > data.byteLength) return null;
    elements.push(data.subarray(offset + lengthBytes, end));
    offset = end;
  }
  return elements;
}

const lengthBytes = 4;

type Write = (view: DataView, offset: number, value: number | bigint | boolean) => void;
type Read = (view: DataView, offset: number) => number | bigint;

const writers: Partial<Record<Datatype, Write>> = {
  BOOL: (view, offset, value) => view.setUint8(offset, value ? 1 : 0),
  UINT8: (view, offset, value) => view.setUint8(offset, Number(value)),
  UINT16: (view, offset, value) => view.setUint16(offset, Number(value), true),
  UINT32: (view, offset, value) => view.setUint32(offset, Number(value), true),
  UINT64: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
  INT8: (view, offset, value) => view.setInt8(offset, Number(value)),
  INT16: (view, offset, value) => view.setInt16(offset, Number(value), true),
  INT32: (view, offset, value) => view.setInt32(offset, Number(value), true),
  INT64: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
  FP16: (view, offset, value) => view.setFloat16(offset, Number(value), true),
  BF16: (view, offset, value) => writeBfloat16(view, offset, Number(value)),
  FP32: (view, offset, value) => view.setFloat32(offset, Number(value), true),
  FP64: (view, offset, value) => view.setFloat64(offset, Number(value), true),
};

const readers: Partial<Record<Datatype, Read>> = {
  BOOL: (view, offset) => view.getUint8(offset),
  UINT8: (view, offset) => view.getUint8(offset),
  UINT16: (view, offset) => view.getUint16(offset, true),
  UINT32: (view, offset) => view.getUint32(offset, true),
  UINT64: (view, offset) => view.getBigUint64(offset, true),
  INT8: (view, offset) => view.getInt8(offset),
  INT16: (view, offset) => view.getInt16(offset, true),
  INT32: (view, offset) => view.getInt32(offset, true),
  INT64: (view, offset) => view.getBigInt64(offset, true),
  FP16: (view, offset) => view.getFloat16(offset, true),
  BF16: readBfloat16,
  FP32: (view, offset) => view.getFloat32(offset, true),
  FP64: (view, offset) => view.getFloat64(offset, true),
};
