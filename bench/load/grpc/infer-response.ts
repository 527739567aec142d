import type { Tensor } from '../../kserve/tensors.ts';
import { elementBytes, elementCount, isDatatype } from '../../kserve/tensors.ts';
import { type ProtoReader, wireTypes } from './protobuf.ts';
import { TypedContents } from './typed-contents.ts';

/** The outputs of a ModelInferResponse; undefined where they lack what makes a tensor, or their bytes do not fit their shapes. */
export function decodeInferResponse(message: ProtoReader): Tensor[] | undefined {
  const outputs: Output[] = [];
  const raw: Buffer[] = [];
  while (message.next()) {
    if (message.field === 5) outputs.push(readOutput(message.message()));
    else if (message.field === 6) raw.push(message.bytes());
    else message.skip();
  }
  if (raw.length > 0 && raw.length !== outputs.length) return undefined;
  const tensors = outputs.map((output, index) => tensorOf(output, raw[index]));
  return tensors.every((tensor) => tensor !== undefined) ? tensors : undefined;
}

type Output = { name: string; datatype: string; shape: number[]; contents: TypedContents };

function readOutput(message: ProtoReader): Output {
  const output: Output = { name: '', datatype: '', shape: [], contents: new TypedContents() };
  while (message.next()) {
    if (message.field === 1) output.name = message.text();
    else if (message.field === 2) output.datatype = message.text();
    else if (message.field === 3) readShape(message, output.shape);
    else if (message.field === 5) output.contents.read(message.message());
    else message.skip();
  }
  return output;
}

/** Packed, as everyone sends it, or one by one, as everyone must understand. */
function readShape(message: ProtoReader, shape: number[]): void {
  if (message.wireType === wireTypes.varint) {
    shape.push(message.size());
    return;
  }
  const packed = message.message();
  while (packed.more) shape.push(packed.size());
}

function tensorOf({ name, datatype, shape, contents }: Output, raw: Buffer | undefined): Tensor | undefined {
  if (!isDatatype(datatype) || !shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0)) {
    return undefined;
  }
  if (raw !== undefined && !contents.empty) return undefined;
  const data = raw ?? contents.raw(datatype);
  const perElement = elementBytes[datatype];
  const count = elementCount(shape);
  const fits = perElement === undefined ? holdsTexts(data, count) : data.byteLength === perElement * count;
  return fits ? { name, datatype, shape, data } : undefined;
}

/** Whether these are so many strings, each behind its length. */
function holdsTexts(data: Buffer, count: number): boolean {
  let at = 0;
  for (let left = count; left > 0; left -= 1) {
    if (at + 4 > data.byteLength) return false;
    at += 4 + data.readUInt32LE(at);
  }
  return at === data.byteLength;
}
