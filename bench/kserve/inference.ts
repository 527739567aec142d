import { Failure, messageOf } from '../failure.ts';
import { decodeByteStrings, elementBytes, elementCount, isDatatype, type Tensor } from './tensors.ts';

/** An HTTP inference request: a JSON header of `headerBytes`, then the raw tensors, as the binary tensor extension says. */
export type InferenceBody = { readonly body: Uint8Array; readonly headerBytes: number };

/** Builds the body of `POST /v2/models/M/infer` with binary inputs, asking for binary outputs. */
export function encodeInferenceRequest(inputs: readonly Tensor[]): InferenceBody {
  const header = Buffer.from(
    JSON.stringify({
      inputs: inputs.map(({ name, datatype, shape, data }) => ({
        name,
        shape,
        datatype,
        parameters: { binary_data_size: data.byteLength },
      })),
      parameters: { binary_data_output: true },
    }),
  );
  return { body: Buffer.concat([header, ...inputs.map(({ data }) => data)]), headerBytes: header.byteLength };
}

/**
 * Reads the answer to such a request. `headerBytes` is the answer's Inference-Header-Content-Length.
 * @throws Failure (measurement) where the answer is not what the protocol says: a size that does not fit its shape included,
 * which a server whose backend broke does send with status 200.
 */
export function decodeInferenceResponse(body: Uint8Array, headerBytes: number): Tensor[] {
  const outputs = outputsOf(body.subarray(0, headerBytes));
  let offset = headerBytes;
  const tensors = outputs.map((output) => {
    const { name, datatype, shape } = output;
    const size = output.parameters?.binary_data_size;
    if (typeof name !== 'string' || typeof datatype !== 'string' || !isDatatype(datatype) || !isShape(shape)) {
      throw wrongAnswer('an output lacks its name, datatype or shape');
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw wrongAnswer(`output ${name} has no binary_data_size`);
    }
    const perElement = elementBytes[datatype];
    if (perElement !== undefined && size !== perElement * elementCount(shape)) {
      throw wrongAnswer(`output ${name} of shape [${shape.join(',')}] carries ${size} bytes`);
    }
    const data = body.subarray(offset, offset + size);
    offset += size;
    // A text that goes beyond the body is told below, with the sizes.
    if (datatype === 'BYTES' && offset <= body.byteLength && decodeByteStrings(data)?.length !== elementCount(shape)) {
      throw wrongAnswer(`output ${name} of shape [${shape.join(',')}] does not carry so many texts`);
    }
    return { name, datatype, shape, data };
  });
  if (offset !== body.byteLength) throw wrongAnswer(`${body.byteLength} bytes where the header announces ${offset}`);
  return tensors;
}

type OutputHeader = {
  name?: unknown;
  datatype?: unknown;
  shape?: unknown;
  parameters?: { binary_data_size?: unknown };
};

function outputsOf(header: Uint8Array): OutputHeader[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(header).toString('utf8'));
  } catch (error) {
    throw wrongAnswer(`its header is not JSON: ${messageOf(error)}`);
  }
  const outputs = (parsed as { outputs?: unknown } | null)?.outputs;
  if (!Array.isArray(outputs)) throw wrongAnswer('it has no outputs');
  return outputs.map((output: unknown) => (typeof output === 'object' && output !== null ? output : {}));
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
}

function wrongAnswer(what: string): Failure {
  return new Failure('measurement', 'wrong-answer', `the server's answer is wrong: ${what}`, {
    hint: "look at the server's log: a backend that failed to start can still answer 200",
  });
}
