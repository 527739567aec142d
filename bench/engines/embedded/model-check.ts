import type { PlainConfig, PlainTensor } from '../../modelconfig/plain.ts';
import { typeOfConfig, typeOfOnnx } from './datatypes.ts';
import { CoreError } from './failures.ts';
import type { SessionTensor } from './onnx-session.ts';
import { modelDimsOf, shown } from './shapes.ts';

/** The inputs and outputs of a model file. */
export type ModelTensors = { readonly inputs: readonly SessionTensor[]; readonly outputs: readonly SessionTensor[] };

/** @throws CoreError (INTERNAL), in the words of Triton's onnxruntime backend, where a config does not fit the model file. */
export function checkAgainstModel(config: PlainConfig, model: ModelTensors, name: string): void {
  const { input: inputs = [], output: outputs = [], max_batch_size: most = 0 } = config;
  if (inputs.length !== model.inputs.length) {
    throw refused(
      `unable to load model '${name}', configuration expects ${inputs.length} inputs, model provides ${model.inputs.length}`,
    );
  }
  for (const input of inputs) {
    if (input.optional === true && most > 0) {
      throw refused(
        `unable to load model '${name}', optional input '${input.name}' is not supported for models that support batching`,
      );
    }
    checkTensor(input, model.inputs, { name, most, side: 'input' });
  }
  for (const output of outputs) checkTensor(output, model.outputs, { name, most, side: 'output' });
}

type Spot = { readonly name: string; readonly most: number; readonly side: 'input' | 'output' };

function checkTensor(asked: PlainTensor, known: readonly SessionTensor[], spot: Spot): void {
  const { name, side } = spot;
  const given = known.find((each) => each.name === asked.name);
  if (given === undefined) {
    const allowed = known.map((each) => each.name).sort();
    throw refused(`unexpected inference ${side} '${asked.name}', allowed ${side}s are: ${allowed.join(', ')}`);
  }
  const provided = typeOfOnnx(given.onnxNumber);
  if (provided === undefined || provided.onnx === undefined) {
    throw refused(
      `unsupported datatype ${provided?.config ?? `number ${given.onnxNumber}`} for ${side} '${given.name}' for model '${name}'`,
    );
  }
  if (provided !== typeOfConfig(asked.data_type)) {
    throw refused(
      `unable to load model '${name}', configuration expects datatype ${asked.data_type} for ${side} '${given.name}', ` +
        `model provides ${provided.config}`,
    );
  }
  checkShape(modelDimsOf(asked), given, spot);
}

function checkShape(
  asked: readonly number[],
  { name: tensor, shape }: SessionTensor,
  { name, most, side }: Spot,
): void {
  if (shape.length === 0) {
    if (asked.every((size) => size === 1)) return;
    throw refused(
      `unable to load model '${name}', scalar tensor '${tensor}', should only provide 1 in the model configuration when ` +
        `the model doesn't support batching. Model configuration provided: ${shown(asked)}.`,
    );
  }
  if (most > 0 && shape[0] !== -1) {
    throw refused(
      `model '${name}', tensor '${tensor}': for the model to support batching the shape should have at least 1 dimension ` +
        `and the first dimension must be -1; but shape expected by the model is ${shown(shape)}`,
    );
  }
  const complete = most > 0 ? [-1, ...asked] : asked;
  const fits =
    complete.length === shape.length &&
    complete.every((size, index) => size === shape[index] || (shape[index] === -1 && side === 'input'));
  if (fits) return;
  const explained =
    most > 0
      ? ` dimensions (an initial batch dimension because max_batch_size > 0 followed by the explicit tensor shape, making complete shape ${shown(complete)})`
      : ` dimensions (shape ${shown(complete)})`;
  throw refused(
    `model '${name}', tensor '${tensor}': the model expects ${shape.length} dimensions (shape ${shown(shape)}) but the ` +
      `model configuration specifies ${complete.length}${explained}`,
  );
}

function refused(message: string): CoreError {
  return new CoreError('INTERNAL', message);
}
