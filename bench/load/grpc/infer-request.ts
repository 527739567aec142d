import type { Tensor } from '../../kserve/tensors.ts';
import type { Target } from '../transport.ts';
import { bytesField, varint } from './protobuf.ts';

/** Of a gRPC message: whether it is compressed, and its length. */
export const messagePrefixBytes = 5;

/** A ModelInferRequest for all outputs, with raw tensors, behind the 5 bytes that precede a message in gRPC. */
export function encodeInferRequest(target: Target, inputs: readonly Tensor[]): Buffer {
  const message = Buffer.concat([
    Buffer.alloc(messagePrefixBytes),
    bytesField(1, target.model),
    ...(target.modelVersion === null ? [] : [bytesField(2, target.modelVersion)]),
    ...inputs.map((input) => bytesField(5, describe(input))),
    ...inputs.map(({ data }) => bytesField(7, data)),
  ]);
  message.writeUInt32BE(message.byteLength - messagePrefixBytes, 1);
  return message;
}

function describe({ name, datatype, shape }: Tensor): Buffer {
  return Buffer.concat([
    bytesField(1, name),
    bytesField(2, datatype),
    // A scalar has no dimensions, and an empty list is not sent.
    ...(shape.length === 0 ? [] : [bytesField(3, Buffer.concat(shape.map(varint)))]),
  ]);
}
