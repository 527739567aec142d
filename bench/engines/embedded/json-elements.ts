import { type Datatype, elementBytes, elementCount } from '../../kserve/tensors.ts';
import { CoreError } from './failures.ts';
import { asList, unparsable } from './json-fields.ts';

const nestingLimit = 64;

/** Where a JSON tensor belongs, for what is said of it. */
export type JsonTensor = { readonly name: string; readonly datatype: Datatype; readonly shape: readonly number[] };

/**
 * The bytes of a tensor given as JSON, nested in any way. `exact` reads the same data again with integers that a double
 * cannot hold as bigint; it is asked only where there are such. @throws CoreError as Triton words it.
 */
export function encodeJsonData({ name, datatype, shape }: JsonTensor, data: unknown, exact: () => unknown): Uint8Array {
  if (datatype === 'FP16' || datatype === 'BF16') {
    throw new CoreError(
      'INVALID_ARG',
      `receiving ${datatype} data via JSON is not supported. Please use the binary data format for input ${name}`,
    );
  }
  const values = flatten(asList(data, 'data'));
  if (datatype === 'BYTES') return encodeTexts(values);
  // A shape without dimensions is refused with the model's own words later.
  if (shape.length > 0 && values.length !== elementCount(shape)) {
    throw unparsable('data', "Shape does not match true shape of 'data' field");
  }
  const is64Bit = datatype === 'INT64' || datatype === 'UINT64';
  const isExact = !is64Bit || values.every((value) => typeof value !== 'number' || Number.isSafeInteger(value));
  return encodeNumbers(datatype, isExact ? values : flatten(asList(exact(), 'data')));
}

/** The elements of a tensor as JSON text; NaN and the infinities by these words, as Triton writes them, which is not JSON. */
export function jsonData(datatype: Datatype, data: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = data;
  if (datatype === 'BYTES') return jsonTexts(Buffer.from(buffer, byteOffset, byteLength));
  const format = formats[datatype];
  if (format === undefined) {
    throw new CoreError(
      'INVALID_ARG',
      `sending ${datatype} data via JSON is not supported. Please use the binary data format`,
    );
  }
  const size = elementBytes[datatype] ?? 1;
  const view = new DataView(buffer, byteOffset, byteLength);
  const texts: string[] = [];
  for (let offset = 0; offset + size <= byteLength; offset += size) texts.push(format(view, offset));
  return `[${texts.join(',')}]`;
}

function flatten(list: readonly unknown[]): readonly unknown[] {
  if (!list.some(Array.isArray)) return list;
  const flat: unknown[] = [];
  const visit = (items: readonly unknown[], depth: number): void => {
    if (depth > nestingLimit) throw unparsable('data', `lists are nested more than ${nestingLimit} deep`);
    for (const item of items) {
      if (Array.isArray(item)) visit(item, depth + 1);
      else flat.push(item);
    }
  };
  visit(list, 1);
  return flat;
}

function encodeTexts(values: readonly unknown[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const value of values) {
    if (typeof value !== 'string') {
      throw new CoreError('INTERNAL', 'Unable to parse JSON bytes array: attempt to access JSON non-string as string');
    }
    const text = Buffer.from(value);
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(text.byteLength);
    parts.push(length, text);
  }
  return Buffer.concat(parts);
}

type Kind = { readonly accepts: (value: unknown) => boolean; readonly expected: string };
const signed: Kind = { accepts: (value) => isInteger(value), expected: 'signed-integer' };
const unsigned: Kind = {
  accepts: (value) => isInteger(value) && Number(value) >= 0,
  expected: 'unsigned-integer',
};
const floating: Kind = { accepts: (value) => typeof value === 'number', expected: 'number' };

const writers: Partial<Record<Datatype, [Kind, (view: DataView, offset: number, value: number | bigint) => void]>> = {
  UINT8: [unsigned, (view, offset, value) => view.setUint8(offset, Number(value))],
  UINT16: [unsigned, (view, offset, value) => view.setUint16(offset, Number(value), true)],
  UINT32: [unsigned, (view, offset, value) => view.setUint32(offset, Number(value), true)],
  UINT64: [unsigned, (view, offset, value) => view.setBigUint64(offset, BigInt(value), true)],
  INT8: [signed, (view, offset, value) => view.setInt8(offset, Number(value))],
  INT16: [signed, (view, offset, value) => view.setInt16(offset, Number(value), true)],
  INT32: [signed, (view, offset, value) => view.setInt32(offset, Number(value), true)],
  INT64: [signed, (view, offset, value) => view.setBigInt64(offset, BigInt(value), true)],
  FP32: [floating, (view, offset, value) => view.setFloat32(offset, Number(value), true)],
  FP64: [floating, (view, offset, value) => view.setFloat64(offset, Number(value), true)],
};

const limits64: Partial<Record<Datatype, readonly [bigint, bigint]>> = {
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
};

function encodeNumbers(datatype: Datatype, values: readonly unknown[]): Uint8Array {
  if (datatype === 'BOOL') return Uint8Array.from(values, (value) => Number(asBooleanElement(value)));
  const writer = writers[datatype];
  const size = elementBytes[datatype];
  if (writer === undefined || size === undefined) throw new Error(`no JSON numbers for ${datatype}`);
  const [kind, write] = writer;
  const data = new Uint8Array(values.length * size);
  const view = new DataView(data.buffer);
  const [least, greatest] = limits64[datatype] ?? [undefined, undefined];
  values.forEach((value, index) => {
    const outside = least !== undefined && kind.accepts(value) && outsideOf(BigInt(value as number), least, greatest);
    if (!kind.accepts(value) || outside) throw wrongElement(kind.expected);
    write(view, index * size, value as number | bigint);
  });
  return data;
}

function outsideOf(value: bigint, least: bigint, greatest: bigint): boolean {
  return value < least || value > greatest;
}

function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function asBooleanElement(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongElement('boolean');
}

function wrongElement(expected: string): CoreError {
  return unparsable('data', `attempt to access JSON non-${expected} as ${expected === 'number' ? 'double' : expected}`);
}

function jsonTexts(data: Buffer): string {
  const texts: string[] = [];
  for (let offset = 0; offset + 4 <= data.byteLength; ) {
    const length = data.readUInt32LE(offset);
    texts.push(JSON.stringify(data.toString('utf8', offset + 4, offset + 4 + length)));
    offset += 4 + length;
  }
  return `[${texts.join(',')}]`;
}

const formats: Partial<Record<Datatype, (view: DataView, offset: number) => string>> = {
  BOOL: (view, offset) => (view.getUint8(offset) === 0 ? 'false' : 'true'),
  UINT8: (view, offset) => String(view.getUint8(offset)),
  UINT16: (view, offset) => String(view.getUint16(offset, true)),
  UINT32: (view, offset) => String(view.getUint32(offset, true)),
  UINT64: (view, offset) => String(view.getBigUint64(offset, true)),
  INT8: (view, offset) => String(view.getInt8(offset)),
  INT16: (view, offset) => String(view.getInt16(offset, true)),
  INT32: (view, offset) => String(view.getInt32(offset, true)),
  INT64: (view, offset) => String(view.getBigInt64(offset, true)),
  FP32: (view, offset) => floatText(view.getFloat32(offset, true)),
  FP64: (view, offset) => floatText(view.getFloat64(offset, true)),
};

/** Whole numbers keep a point, so that a reader that tells integers from floating point sees the latter. */
function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0.0';
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}
