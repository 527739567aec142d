import { type Datatype, encodeElements, isDatatype, type Tensor } from '../../kserve/tensors.ts';
import type { InferRequest, InferResponse, Parameter } from './core.ts';
import { CoreError } from './failures.ts';

/** A parameter as the wire has it; 64-bit integers as text. */
export type WireParameter = {
  bool_param?: boolean;
  int64_param?: string;
  string_param?: string;
  double_param?: number;
  uint64_param?: string;
};
type WireParameters = Readonly<Record<string, WireParameter>>;

type WireContents = Partial<
  Record<'int64_contents' | 'uint64_contents', string[]> &
    Record<'int_contents' | 'uint_contents' | 'fp32_contents' | 'fp64_contents', number[]>
> & { bool_contents?: boolean[]; bytes_contents?: Uint8Array[] };

type WireInput = {
  name?: string;
  datatype?: string;
  shape?: string[];
  parameters?: WireParameters;
  contents?: WireContents | null;
};

export type WireInferRequest = {
  model_name?: string;
  model_version?: string;
  id?: string;
  parameters?: WireParameters;
  inputs?: WireInput[];
  outputs?: { name?: string; parameters?: WireParameters }[];
  raw_input_contents?: Uint8Array[];
};

/** @throws CoreError with Triton's status and wording. */
export function readWireInference(wire: WireInferRequest): InferRequest {
  const { model_name: modelName = '', inputs = [], outputs = [], raw_input_contents: raw = [] } = wire;
  const parameters: Record<string, Parameter> = Object.create(null);
  for (const [key, value] of Object.entries(wire.parameters ?? {})) parameters[key] = readParameter(key, value);
  return {
    modelName,
    modelVersion: readVersion(wire.model_version ?? '') ?? '',
    id: wire.id ?? '',
    parameters,
    inputs: readInputs(inputs, raw, modelName),
    outputs: outputs.map(({ name = '', parameters: given = {} }) => ({ name, ...classificationOf(given) })),
  };
}

/** Outputs always travel as raw bytes beside their descriptions, whatever the request did. */
export function wireInference({ modelName, modelVersion, id, outputs }: InferResponse): object {
  return {
    model_name: modelName,
    model_version: modelVersion,
    id,
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_output_contents: outputs.map(({ data }) => data),
  };
}

/** The version asked for, without leading zeros; undefined for the latest. @throws CoreError where it is no version. */
export function readVersion(text: string): string | undefined {
  if (text === '') return undefined;
  if (/^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n) return String(BigInt(text));
  const shown = text.slice(0, 100);
  const what = /^-\d{1,19}$/.test(text)
    ? `invalid model version specified '${shown}' ,`
    : `failed to get model version from specified version string '${shown}' (details: stol),`;
  throw new CoreError('INVALID_ARG', `${what} version should be an integral value > 0`);
}

function readParameter(key: string, value: WireParameter): Parameter {
  if (key.startsWith('triton_') && key !== 'triton_enable_empty_final_response') {
    const what = "parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys";
    const allowed = "starting with 'triton_' are allowed: triton_enable_empty_final_response";
    throw new CoreError('INVALID_ARG', `${what} ${allowed}`);
  }
  const read =
    value.bool_param ??
    value.string_param ??
    value.double_param ??
    numberOf(value.int64_param) ??
    numberOf(value.uint64_param);
  if (read !== undefined) return read;
  const what = `invalid value type for '${key}' parameter, expected int64_param, bool_param, or string_param.`;
  throw new CoreError('INVALID_ARG', what);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function classificationOf(parameters: WireParameters): { classification?: number } {
  if (Object.hasOwn(parameters, 'shared_memory_region')) throw noSharedMemory(parameters);
  const given = Object.hasOwn(parameters, 'classification') ? parameters.classification : undefined;
  if (given === undefined) return {};
  const count = numberOf(given.int64_param ?? given.uint64_param);
  if (count === undefined) {
    throw new CoreError('INVALID_ARG', "invalid value type for 'classification' parameter, expected int64_param");
  }
  if (count < 0) throw new CoreError('INVALID_ARG', "invalid value for 'classification' parameter, expected >= 0");
  return count > 0 ? { classification: count } : {};
}

function readInputs(inputs: readonly WireInput[], raw: readonly Uint8Array[], model: string): Tensor[] {
  return inputs.map((input, index): Tensor => {
    const { name = '', datatype = '', shape = [], parameters = {}, contents } = input;
    if (Object.hasOwn(parameters, 'shared_memory_region')) throw noSharedMemory(parameters);
    if (!isDatatype(datatype)) throw new CoreError('INVALID_ARG', `invalid datatype for input ${name}`);
    const described = { name, datatype, shape: shape.map(Number) };
    if (raw.length > 0) {
      if (contents !== undefined && contents !== null) {
        const what = `contents field must not be specified when using raw_input_contents for '${name}' for model '${model}'`;
        throw new CoreError('INVALID_ARG', what);
      }
      const data = raw[index];
      if (data === undefined) throw noData(name, model);
      return { ...described, data };
    }
    if (contents === undefined || contents === null) throw noData(name, model);
    return { ...described, data: readContents(described, contents, model) };
  });
}

/** Where a tensor's elements are when they are not raw, and the type that such a field stands for in an error. */
const contentsOf: Partial<Record<Datatype, keyof WireContents>> = {
  BOOL: 'bool_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};
const typeOf: Readonly<Record<keyof WireContents, Datatype>> = {
  bool_contents: 'BOOL',
  int_contents: 'INT32',
  int64_contents: 'INT64',
  uint_contents: 'UINT32',
  uint64_contents: 'UINT64',
  fp32_contents: 'FP32',
  fp64_contents: 'FP64',
  bytes_contents: 'BYTES',
};

function readContents({ name, datatype }: Omit<Tensor, 'data'>, contents: WireContents, model: string): Uint8Array {
  const field = contentsOf[datatype];
  for (const [other, type] of Object.entries(typeOf) as [keyof WireContents, Datatype][]) {
    if (other === field || (contents[other]?.length ?? 0) === 0) continue;
    const where = `input tensor '${name}' for model '${model}'`;
    const what = `unexpected explicit tensor data for ${where} of type '${type}', expected datatype '${datatype}'`;
    throw new CoreError('INVALID_ARG', what);
  }
  const values = field === undefined ? [] : (contents[field] ?? []);
  if (datatype === 'BYTES') return joinBytes(values as readonly Uint8Array[]);
  if (field === undefined) return new Uint8Array(0);
  return encodeElements(datatype, is64Bit(datatype) ? (values as string[]).map(BigInt) : (values as number[]));
}

function is64Bit(datatype: Datatype): boolean {
  return datatype === 'INT64' || datatype === 'UINT64';
}

function joinBytes(texts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32LE(text.byteLength);
      return [length, text];
    }),
  );
}

function noData(name: string, model: string): CoreError {
  return new CoreError(
    'INVALID_ARG',
    `unable to find data for input tensor '${name}' for model '${model}' in request.`,
  );
}

function noSharedMemory(parameters: WireParameters): CoreError {
  return new CoreError(
    'NOT_FOUND',
    `Unable to find shared memory region: '${parameters.shared_memory_region?.string_param ?? ''}'`,
  );
}
