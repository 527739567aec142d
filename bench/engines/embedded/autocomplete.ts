import type { PlainConfig, PlainTensor } from '../../modelconfig/plain.ts';
import { typeOfOnnx } from './datatypes.ts';
import { CoreError } from './failures.ts';
import type { ModelTensors } from './model-check.ts';
import type { SessionTensor } from './onnx-session.ts';

/** What completion sets where a model can batch and its config does not say. */
const defaultMaxBatchSize = 4;

/** Whether a config leaves out what completion would take from the model file. */
export function needsCompletion(config: PlainConfig): boolean {
  return (config.input ?? []).length === 0 || (config.output ?? []).length === 0;
}

/**
 * A config with its inputs, outputs, batch size and batching filled in from the model file, as Triton's onnxruntime backend
 * does. @throws CoreError (INTERNAL) for a type that cannot be served.
 */
export function complete(config: PlainConfig, { inputs, outputs }: ModelTensors, name: string): PlainConfig {
  const canBatch = [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);
  const asked = config.max_batch_size ?? 0;
  const most = canBatch && asked === 0 ? defaultMaxBatchSize : asked;
  const hasScheduler = ['dynamic_batching', 'sequence_batching', 'ensemble_scheduling'].some(
    (kind) => config[kind] !== undefined,
  );
  const take = (tensors: readonly SessionTensor[]) => tensors.map((each) => describe(each, most, name));
  return {
    ...config,
    max_batch_size: most,
    ...(most > 1 && !hasScheduler && { dynamic_batching: {} }),
    input: (config.input ?? []).length > 0 ? (config.input ?? []) : take(inputs),
    output: (config.output ?? []).length > 0 ? (config.output ?? []) : take(outputs),
  };
}

function describe({ name, onnxNumber, shape }: SessionTensor, most: number, model: string): PlainTensor {
  const type = typeOfOnnx(onnxNumber);
  if (type?.onnx === undefined) {
    throw new CoreError(
      'INTERNAL',
      `unsupported datatype ${type?.config ?? `number ${onnxNumber}`} for '${name}' for model '${model}'`,
    );
  }
  const dims = shape.slice(most > 0 ? 1 : 0);
  const isRow = dims.length === 0 && most > 0;
  // A list of dims may not be empty: only a reshape says that there is nothing but the batch dimension.
  return {
    name,
    data_type: type.config,
    dims: dims.length > 0 ? dims : [1],
    ...(isRow && { reshape: { shape: [] } }),
  };
}
