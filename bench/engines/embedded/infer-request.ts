import { isDatatype, type Tensor } from '../../kserve/tensors.ts';
import type { InferRequest, Parameter } from './core.ts';
import { CoreError } from './failures.ts';
import { encodeJsonData } from './json-elements.ts';
import { parseExactJson } from './json-exact.ts';
import {
  asBoolean,
  asCount,
  asList,
  asText,
  isObject,
  type JsonObject,
  member,
  parseJson,
  requiredText,
  unparsable,
} from './json-fields.ts';

export type ParsedInference = {
  readonly request: InferRequest;
  /** Which outputs the client wants as raw bytes behind the JSON. */
  readonly isBinary: (output: string) => boolean;
};

export type InferTarget = { readonly modelName: string; readonly modelVersion: string };

/**
 * Reads the body of an HTTP inference: JSON of `headerBytes`, then raw tensors in the order in which the JSON names them.
 * @throws CoreError with Triton's status and wording.
 */
export function parseInference(target: InferTarget, body: Uint8Array, headerBytes: number): ParsedInference {
  const head = body.subarray(0, headerBytes);
  const json = parseJson(head);
  const id = member(json, 'id');
  const parameters = readParameters(member(json, 'parameters'));
  if (member(json, 'inputs') === undefined) {
    throw unparsable('inputs', "attempt to access non-existing object member 'inputs'");
  }
  let exact: unknown;
  const inputs = readInputs(json, {
    model: target.modelName,
    raw: body.subarray(headerBytes),
    exact: () => {
      exact ??= parseExactJson(head);
      return exact;
    },
  });
  const { outputs, binary } = readOutputs(member(json, 'outputs'));
  const isBinaryByDefault = parameters.binary_data_output === true;
  return {
    request: {
      ...target,
      id: id === undefined ? '' : asText(id, 'id'),
      parameters,
      inputs,
      outputs,
    },
    isBinary: (output) => binary.get(output) ?? isBinaryByDefault,
  };
}

function readParameters(given: unknown): Record<string, Parameter> {
  if (given === undefined) return {};
  if (!isObject(given)) {
    throw new CoreError('INTERNAL', 'failed to get request params.: attempt to get members for non-object');
  }
  const parameters: Record<string, Parameter> = Object.create(null);
  for (const [key, value] of Object.entries(given)) parameters[key] = readParameter(key, value);
  return parameters;
}

function readParameter(key: string, value: unknown): Parameter {
  if (key === 'binary_data_output' || key === 'sequence_start' || key === 'sequence_end') return asBoolean(value, key);
  if (key === 'priority' || key === 'timeout') return asCount(value, key);
  if (key.startsWith('triton_')) {
    throw new CoreError(
      'INVALID_ARG',
      "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
    );
  }
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  throw new CoreError(
    'INVALID_ARG',
    `parameter '${key}' has invalid type. It should be either 'int', 'bool', or 'string'.`,
  );
}

type Source = {
  readonly model: string;
  readonly raw: Uint8Array;
  /** The same JSON with every digit of its integers; read once for all inputs. */
  readonly exact: () => unknown;
};

function readInputs(json: unknown, source: Source): Tensor[] {
  let offset = 0;
  const inputs = asList(member(json, 'inputs'), 'inputs').map((input, index): Tensor => {
    const size = member(member(input, 'parameters'), 'binary_data_size');
    checkOneSource(input, size);
    const name = requiredText(input, 'name');
    const datatype = requiredText(input, 'datatype');
    if (!isDatatype(datatype)) throw new CoreError('INVALID_ARG', `invalid datatype for input ${name}`);
    const shape = readShape(input);
    if (size === undefined) {
      const again = (): unknown => exactData(source, index);
      return { name, datatype, shape, data: encodeJsonData({ name, datatype, shape }, member(input, 'data'), again) };
    }
    const end = offset + asCount(size, 'binary_data_size');
    if (end > source.raw.byteLength) {
      const what = `expecting ${end - source.raw.byteLength} additional bytes for model '${source.model}'`;
      throw new CoreError('INVALID_ARG', `unexpected size for input '${name}', ${what}`);
    }
    const data = source.raw.subarray(offset, end);
    offset = end;
    return { name, datatype, shape, data };
  });
  if (offset === source.raw.byteLength) return inputs;
  throw new CoreError('INVALID_ARG', `unexpected additional input data for model '${source.model}'`);
}

/** A tensor comes as JSON, as raw bytes or in shared memory, which this server has not. */
function checkOneSource(input: unknown, size: unknown): void {
  const region = member(member(input, 'parameters'), 'shared_memory_region');
  const set = [
    ...(member(input, 'data') === undefined ? [] : ["'data'"]),
    ...(size === undefined ? [] : ["'binary_data_size'"]),
    ...(region === undefined ? [] : ["'shared_memory_region'"]),
  ];
  if (set.length !== 1) {
    const what =
      "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But";
    throw new CoreError('INVALID_ARG', `${what} ${set.length === 0 ? 'no field is set' : `set ${set.join(' ')}`}`);
  }
  if (region !== undefined) throw noSharedMemory(asText(region, 'shared_memory_region'));
}

function readShape(input: unknown): number[] {
  const shape = member(input, 'shape');
  if (shape === undefined) throw unparsable('shape', "attempt to access non-existing object member 'shape'");
  return asList(shape, 'shape').map((dimension) => asCount(dimension, 'shape'));
}

function exactData({ exact }: Source, index: number): unknown {
  const inputs = member(exact(), 'inputs');
  return Array.isArray(inputs) ? member(inputs[index], 'data') : undefined;
}

type Outputs = { outputs: { name: string; classification?: number }[]; binary: Map<string, boolean> };

function readOutputs(given: unknown): Outputs {
  const outputs: Outputs['outputs'] = [];
  const binary: Outputs['binary'] = new Map();
  for (const output of given === undefined ? [] : asList(given, 'outputs')) {
    const name = requiredText(output, 'name');
    const parameters = member(output, 'parameters');
    const region = member(parameters, 'shared_memory_region');
    if (region !== undefined) throw noSharedMemory(asText(region, 'shared_memory_region'));
    const wanted = member(parameters, 'binary_data');
    if (wanted !== undefined) binary.set(name, asBoolean(wanted, 'binary_data'));
    outputs.push({ name, ...classificationOf(parameters) });
  }
  return { outputs, binary };
}

function classificationOf(parameters: unknown): { classification?: number } {
  const wanted = member(parameters as JsonObject | undefined, 'classification');
  const count = wanted === undefined ? 0 : asCount(wanted, 'classification', 'set');
  return count === 0 ? {} : { classification: count };
}

function noSharedMemory(region: string): CoreError {
  return new CoreError('NOT_FOUND', `Unable to find shared memory region: '${region}'`);
}
