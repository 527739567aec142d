import { frameFlags, frameOf, frameTypes, writeStreamId } from '../grpc/frames.ts';
import { bytesField, varint } from '../grpc/protobuf.ts';
import { nullMetadata, nullModel, nullOutputs } from './null-model.ts';

/** The frames of one whole answer but for the stream's number. */
export class GrpcAnswer {
  readonly #bytes: Buffer;
  /** Where the stream's number stands. */
  readonly #idOffsets: readonly number[];

  constructor(frames: readonly Buffer[]) {
    this.#bytes = Buffer.concat(frames);
    this.#idOffsets = frames.map((_, index) => Buffer.concat(frames.slice(0, index)).byteLength + streamIdOffset);
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  write(buffer: Buffer, at: number, streamId: number): void {
    buffer.set(this.#bytes, at);
    for (const offset of this.#idOffsets) writeStreamId(buffer, at + offset, streamId);
  }
}

const streamIdOffset = 5;
/** :status 200, number 8 of the static table. */
const statusOk = Buffer.from([0x88]);
const service = '/inference.GRPCInferenceService';
/** The one field of all that ask whether something is live or ready. */
const yes = Buffer.from([0x08, 0x01]);

/** The answer to each call that the null server knows, by path. */
export const grpcAnswers: ReadonlyMap<string, GrpcAnswer> = new Map([
  [`${service}/ModelInfer`, answerOf(inferResponse())],
  [`${service}/ServerLive`, answerOf(yes)],
  [`${service}/ServerReady`, answerOf(yes)],
  [`${service}/ModelReady`, answerOf(yes)],
  [`${service}/ServerMetadata`, answerOf(serverMetadata())],
  [`${service}/ModelMetadata`, answerOf(modelMetadata())],
]);

/** UNIMPLEMENTED, in trailers alone. */
export const grpcUnknown = new GrpcAnswer([headers([statusOk, contentType(), grpcStatus(12)], frameFlags.endStream)]);

function answerOf(message: Buffer): GrpcAnswer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.byteLength, 1);
  return new GrpcAnswer([
    headers([statusOk, contentType()], 0),
    frameOf(frameTypes.data, 0, 0, Buffer.concat([prefix, message])),
    headers([grpcStatus(0)], frameFlags.endStream),
  ]);
}

function headers(block: readonly Buffer[], flags: number): Buffer {
  return frameOf(frameTypes.headers, frameFlags.endHeaders | flags, 0, Buffer.concat(block));
}

/** Literals that no table keeps; 31 is content-type in the static table, which needs a second byte behind 15. */
function contentType(): Buffer {
  const value = Buffer.from('application/grpc');
  return Buffer.concat([Buffer.from([0x0f, 31 - 15, value.byteLength]), value]);
}

function grpcStatus(status: number): Buffer {
  const [name, value] = [Buffer.from('grpc-status'), Buffer.from(String(status))];
  return Buffer.concat([Buffer.from([0x00, name.byteLength]), name, Buffer.from([value.byteLength]), value]);
}

function inferResponse(): Buffer {
  return Buffer.concat([
    bytesField(1, nullModel),
    bytesField(2, '1'),
    ...nullOutputs.map((output) => bytesField(5, tensor(output))),
    ...nullOutputs.map(({ data }) => bytesField(6, data)),
  ]);
}

function serverMetadata(): Buffer {
  const { name, version, extensions } = nullMetadata.server;
  return Buffer.concat([bytesField(1, name), bytesField(2, version), ...extensions.map((each) => bytesField(3, each))]);
}

function modelMetadata(): Buffer {
  const { name, versions, platform, inputs, outputs } = nullMetadata.model;
  return Buffer.concat([
    bytesField(1, name),
    ...versions.map((each) => bytesField(2, each)),
    bytesField(3, platform),
    ...inputs.map((each) => bytesField(4, tensor(each))),
    ...outputs.map((each) => bytesField(5, tensor(each))),
  ]);
}

function tensor(given: {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}): Buffer {
  const { name, datatype, shape } = given;
  return Buffer.concat([bytesField(1, name), bytesField(2, datatype), bytesField(3, Buffer.concat(shape.map(varint)))]);
}
