import { createRequire } from 'node:module';
import { Tensor } from 'onnxruntime-node';
import { elementBytes } from '../../kserve/tensors.ts';
import { type ElementType, typeOfOnnx } from './datatypes.ts';
import { readTexts, writeTexts } from './texts.ts';

/** What onnxruntime takes when it opens a model. */
export type SessionOptions = {
  readonly intraOpNumThreads: number;
  readonly interOpNumThreads: number;
  readonly executionMode: 'sequential' | 'parallel';
  readonly graphOptimizationLevel: 'disabled' | 'basic' | 'extended' | 'all';
  readonly enableCpuMemArena: boolean;
  readonly enableMemPattern: boolean;
};

/** An input or output of a model file; a dimension that the file leaves open is -1. */
export type SessionTensor = { readonly name: string; readonly onnxNumber: number; readonly shape: readonly number[] };

/** A tensor on its way into or out of a session: raw little-endian bytes, strings with 4-byte lengths. */
export type SessionValue = { readonly name: string; readonly dims: readonly number[]; readonly data: Uint8Array };

/** An open model. It belongs to the thread that opened it and runs synchronously. */
export type OnnxSession = {
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
  /** @throws what onnxruntime throws where the model cannot run on these values. */
  run(feeds: readonly SessionValue[], fetches: readonly string[]): SessionValue[];
  close(): void;
};

/** Opens a model file. @throws what onnxruntime throws where the file is not a model that it can run. */
export function openSession(path: string, options: SessionOptions): OnnxSession {
  const native = new binding.InferenceSession();
  native.loadModel(path, { ...options, logSeverityLevel: 4 });
  const inputs = native.inputMetadata.map(describe);
  const outputs = native.outputMetadata.map(describe);
  const inputTypes = new Map(inputs.map(({ name, onnxNumber }) => [name, typeOfOnnx(onnxNumber)]));
  const outputTypes = new Map(outputs.map(({ name, onnxNumber }) => [name, typeOfOnnx(onnxNumber)]));
  return {
    inputs,
    outputs,
    run(feeds, fetches) {
      const values: Record<string, Tensor> = Object.create(null);
      for (const feed of feeds) values[feed.name] = toTensor(feed, inputTypes.get(feed.name));
      const asked: Record<string, null> = Object.create(null);
      for (const name of fetches) asked[name] = null;
      const results = native.run(values, asked, {});
      return fetches.map((name) => fromTensor(name, results[name], outputTypes.get(name)));
    },
    close() {
      native.dispose();
    },
  };
}

type NativeTensor = {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type: number;
  readonly shape?: readonly number[];
};
type NativeSession = {
  readonly inputMetadata: readonly NativeTensor[];
  readonly outputMetadata: readonly NativeTensor[];
  loadModel(path: string, options: object): void;
  run(feeds: object, fetches: object, options: object): Record<string, Tensor>;
  dispose(): void;
};
type Binding = { readonly InferenceSession: new () => NativeSession };

// The package's public run() goes by way of a timer of the event loop. A thread that has nothing else to do calls the
// binding below it, which takes half the time for a small model.
const { binding, initOrt } = createRequire(import.meta.url)('onnxruntime-node/dist/binding.js') as {
  readonly binding: Binding;
  readonly initOrt: () => void;
};
// The package would hold FP16 in a Float16Array, which its own binding cannot read; without one it holds plain 16-bit words.
Reflect.deleteProperty(globalThis, 'Float16Array');
initOrt();

function describe({ name, isTensor, type, shape }: NativeTensor): SessionTensor {
  return { name, onnxNumber: isTensor ? type : 0, shape: isTensor ? [...(shape ?? [])] : [] };
}

type Elements = { readonly buffer: ArrayBufferLike; readonly byteOffset: number; readonly byteLength: number };
type ElementsMaker = new (buffer: ArrayBufferLike, offset: number, length: number) => Elements;

const makers: Readonly<Record<string, ElementsMaker>> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

function toTensor({ name, dims, data }: SessionValue, type: ElementType | undefined): Tensor {
  if (type?.onnx === undefined) throw new Error(`input '${name}' has a type that onnxruntime-node does not take`);
  if (type.onnx === 'string') return new Tensor('string', readTexts(data), dims);
  const bytes = elementBytes[type.datatype] ?? 1;
  const make = makers[type.onnx];
  if (make === undefined) throw new Error(`no elements of type ${type.onnx}`);
  const aligned = data.byteOffset % bytes === 0 ? data : data.slice();
  return new AnyTensor(type.onnx, new make(aligned.buffer, aligned.byteOffset, data.byteLength / bytes), dims);
}

// The constructor's overloads tie each type to its elements; here the two were chosen together.
const AnyTensor = Tensor as unknown as new (type: string, elements: Elements, dims: readonly number[]) => Tensor;

function fromTensor(name: string, tensor: Tensor | undefined, type: ElementType | undefined): SessionValue {
  if (tensor === undefined || type === undefined) throw new Error(`the model gave no output '${name}'`);
  if (type.onnx === 'string') return { name, dims: tensor.dims, data: writeTexts(tensor.data as string[]) };
  const { buffer, byteOffset, byteLength } = tensor.data as Elements;
  return { name, dims: tensor.dims, data: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength) };
}
