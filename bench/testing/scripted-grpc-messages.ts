import type { Tensor } from '../kserve/tensors.ts';
import { type Output, otherOutput } from './scripted-answers.ts';
import { scriptedModel, scriptedOutputs } from './scripted-model.ts';

/** The right output for a ModelInferRequest (without its prefix) with one raw FP32 input; undefined for anything else. */
export function scriptedGrpcInference(message: Buffer, width: number): Output | undefined {
  const fields = readFields(message);
  const [model, input, raw] = [1, 5, 7].map((number) => fields.find((field) => field.number === number)?.bytes);
  if (model?.toString() !== scriptedModel || input === undefined || raw === undefined) return undefined;
  const shape = readFields(input).find(({ number }) => number === 3)?.bytes;
  if (shape === undefined) return undefined;
  const tensor: Tensor = { name: 'input', datatype: 'FP32', shape: readVarints(shape), data: raw };
  return { model: scriptedModel, tensors: scriptedOutputs(tensor, width) };
}

/** A ModelInferResponse behind its prefix: the right one, or one that is wrong in that way. */
export function scriptedGrpcMessage(output: Output, wrong?: Parameters<typeof otherOutput>[1]): Buffer {
  const { model, tensors } = wrong === undefined ? output : otherOutput(output, wrong);
  const message = Buffer.concat([
    field(1, Buffer.from(model)),
    field(2, Buffer.from('1')),
    ...tensors.map((tensor) => field(5, describe(tensor))),
    ...tensors.map(({ data }) => field(6, data)),
  ]);
  return prefixed(message);
}

/** A message with the 5 bytes that gRPC puts before it. */
export function prefixed(message: Uint8Array, compressed = false): Buffer {
  const prefix = Buffer.of(compressed ? 1 : 0, 0, 0, 0, 0);
  prefix.writeUInt32BE(message.byteLength, 1);
  return Buffer.concat([prefix, message]);
}

function describe({ name, datatype, shape }: Tensor): Buffer {
  const dimensions = field(3, Buffer.concat(shape.map(varint)));
  return Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(datatype)), dimensions]);
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.byteLength), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) + 0x80);
  return Buffer.from([...bytes, left]);
}

/** The length-delimited fields of a message: what is looked for here has no others. */
function readFields(message: Buffer): { number: number; bytes: Buffer }[] {
  const fields: { number: number; bytes: Buffer }[] = [];
  for (let at = 0; at < message.byteLength; ) {
    const key = readVarint(message, at);
    const length = readVarint(message, key.end);
    if (key.value % 8 !== 2) return [];
    fields.push({ number: Math.floor(key.value / 8), bytes: message.subarray(length.end, length.end + length.value) });
    at = length.end + length.value;
  }
  return fields;
}

function readVarints(bytes: Buffer): number[] {
  const values: number[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const { value, end } = readVarint(bytes, at);
    values.push(value);
    at = end;
  }
  return values;
}

function readVarint(bytes: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  let end = start;
  for (let scale = 1; end < bytes.byteLength; scale *= 0x80) {
    const byte = bytes[end] ?? 0;
    value += (byte % 0x80) * scale;
    end += 1;
    if (byte < 0x80) break;
  }
  return { value, end };
}
