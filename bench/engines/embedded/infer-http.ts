import { elementBytes, isDatatype, type Tensor } from '../../kserve/tensors.ts';
import type { Core } from './core.ts';
import { CoreError } from './failures.ts';
import type { HttpAnswer, HttpRequest } from './http-message.ts';
import { errorAnswer } from './http-message.ts';
import { inferenceAnswer } from './infer-answer.ts';
import { type InferTarget, type ParsedInference, parseInference } from './infer-request.ts';

const headerName = 'inference-header-content-length';

/** One inference over HTTP. @throws CoreError */
export async function inferHttp(core: Core, target: InferTarget, request: HttpRequest): Promise<HttpAnswer> {
  const { body, headers } = request;
  const given = headers.get(headerName);
  const headerBytes = given === undefined ? body.byteLength : leadingInteger(given);
  if (headerBytes < 0 || headerBytes > body.byteLength) {
    const message = `inference header size should be in range (0, ${body.byteLength}), got: ${given}`;
    return { ...errorAnswer(400, message), contentType: 'text/plain' };
  }
  const { request: inference, isBinary } =
    headerBytes === 0 ? rawInference(core, target, body) : parseInference(target, body, headerBytes);
  return inferenceAnswer(await core.infer(inference), isBinary);
}

/** What stands at the beginning, as C's atoi reads it: nothing counts as 0. */
function leadingInteger(text: string): number {
  return Number(/^\s*([+-]?\d+)/.exec(text)?.[1] ?? 0);
}

/** A body without any JSON: all of it is the one input of the model, and what its configuration leaves open follows from the size. */
function rawInference(core: Core, target: InferTarget, body: Uint8Array): ParsedInference {
  const { modelName, modelVersion } = target;
  const { inputs } = core.modelMetadata(modelName, modelVersion === '' ? undefined : modelVersion);
  const [input] = inputs;
  if (input === undefined || inputs.length !== 1 || !isDatatype(input.datatype)) {
    throw new CoreError(
      'INVALID_ARG',
      `Raw request must only have 1 input (found ${inputs.length}) to be deduced but got ${inputs.length} inputs in '${modelName}' model configuration`,
    );
  }
  const { name, datatype } = input;
  const data = datatype === 'BYTES' ? withLength(body) : body;
  const shape = rawShape(core, target, { datatype, shape: input.shape, byteLength: body.byteLength });
  const parameters = { binary_data_output: true };
  return {
    request: { ...target, id: '', parameters, inputs: [{ name, datatype, shape, data }], outputs: [] },
    isBinary: () => true,
  };
}

type Raw = Pick<Tensor, 'datatype' | 'shape'> & { readonly byteLength: number };

function rawShape(
  core: Core,
  { modelName, modelVersion }: InferTarget,
  { datatype, shape, byteLength }: Raw,
): number[] {
  const config = core.modelConfig(modelName, modelVersion === '' ? undefined : modelVersion);
  const isBatching = Number(config.max_batch_size ?? 0) > 0;
  const fixed = isBatching ? [1, ...shape.slice(1)] : [...shape];
  const open = fixed.filter((dimension) => dimension < 0).length;
  if (open === 0) return fixed;
  if (open > 1) {
    throw new CoreError(
      'INVALID_ARG',
      `The shape of the raw input cannot be deduced: '${modelName}' leaves ${open} dimensions open`,
    );
  }
  const known = fixed.filter((dimension) => dimension >= 0).reduce((product, dimension) => product * dimension, 1);
  const elementCount = datatype === 'BYTES' ? 1 : Math.floor(byteLength / (elementBytes[datatype] ?? 1));
  return fixed.map((dimension) => (dimension < 0 ? Math.floor(elementCount / Math.max(1, known)) : dimension));
}

function withLength(text: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.byteLength);
  return Buffer.concat([length, text]);
}
