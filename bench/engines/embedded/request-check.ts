import { elementCount, type Tensor } from '../../kserve/tensors.ts';
import type { InferRequest } from './core.ts';
import { CoreError } from './failures.ts';
import { matches, shown } from './shapes.ts';
import type { PlannedTensor, TensorPlan } from './tensor-plan.ts';
import { textFault } from './text-check.ts';

/** A request that its model can run. */
export type CheckedRequest = {
  /** Rows, where the model batches; 0 where it does not. */
  readonly batchSize: number;
  /** One for each input that was sent, in the order of the config. */
  readonly inputs: readonly { readonly plan: PlannedTensor; readonly tensor: Tensor }[];
  /** The outputs that are asked for, in the order of the config. */
  readonly outputs: readonly PlannedTensor[];
  /** Equal for requests that may run in one batch. */
  readonly shapeKey: string;
};

const batchNote =
  'NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input ' +
  'shape. If you want to specify the full shape including the batch dim in your input dims config, try setting ' +
  'max_batch_size to zero. See the model configuration docs for more info on max_batch_size.';

/** @throws CoreError (INVALID_ARG), in Triton's words and in the order of its checks. */
export function checkRequest(request: InferRequest, plan: TensorPlan): CheckedRequest {
  const outputs = checkOutputs(request, plan);
  const tensors = checkNames(request, plan);
  const batchSize = plan.maxBatchSize > 0 ? checkBatchSize(request, plan) : 0;
  const from = plan.maxBatchSize > 0 ? 1 : 0;
  const inputs: { plan: PlannedTensor; tensor: Tensor }[] = [];
  let shapeKey = '';
  for (const planned of plan.inputs.values()) {
    const tensor = tensors.get(planned.name);
    if (tensor === undefined) {
      shapeKey += `${planned.name}?`;
      continue;
    }
    checkTensor(tensor, planned, { request, plan, batchSize, from });
    if (plan.hasOpenInputs) shapeKey += `${tensor.shape.slice(from).join(',')};`;
    inputs.push({ plan: planned, tensor });
  }
  return { batchSize, inputs, outputs, shapeKey };
}

function checkOutputs({ outputs }: InferRequest, plan: TensorPlan): readonly PlannedTensor[] {
  if (outputs.length === 0) return plan.outputs;
  const asked = new Set(outputs.map(({ name }) => name));
  for (const name of asked) {
    if (!plan.outputs.some((output) => output.name === name)) {
      throw new CoreError('INVALID_ARG', `unexpected inference output '${name}' for model '${plan.model}'`);
    }
  }
  return plan.outputs.filter(({ name }) => asked.has(name));
}

function checkNames(request: InferRequest, plan: TensorPlan): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const tensor of request.inputs) {
    if (tensors.has(tensor.name)) throw refused(request, `input '${tensor.name}' already exists in request`);
    tensors.set(tensor.name, tensor);
  }
  const required = [...plan.inputs.values()].filter(({ isOptional }) => !isOptional);
  const missing = required.filter(({ name }) => !tensors.has(name));
  const isWrongCount = tensors.size > plan.inputs.size || tensors.size < required.length;
  if (isWrongCount) {
    const given = [...tensors.keys()].reverse();
    const lacking = missing.length === 0 ? ']' : quotedList(missing.map(({ name }) => name));
    const isRange = required.length < plan.inputs.size;
    const expected = isRange ? `between ${required.length} and ${plan.inputs.size}` : String(plan.inputs.size);
    throw refused(
      request,
      `expected ${expected} inputs but got ${tensors.size} inputs for model '${plan.model}'. Got input(s) ` +
        `${quotedList(given)}, but missing required input(s) ${lacking}. Please provide all required input(s).`,
    );
  }
  const unknown = [...tensors.keys()].find((name) => !plan.inputs.has(name));
  if (unknown !== undefined) {
    throw new CoreError('INVALID_ARG', `unexpected inference input '${unknown}' for model '${plan.model}'`);
  }
  return tensors;
}

function checkBatchSize(request: InferRequest, { model, maxBatchSize }: TensorPlan): number {
  let batchSize: number | undefined;
  for (const { name, shape } of request.inputs.toReversed()) {
    if (shape.length === 0) {
      throw refused(request, `input '${name}' has no shape but model requires batch dimension for '${model}'`);
    }
    batchSize = batchSize || shape[0];
    if (shape[0] !== batchSize) {
      throw refused(request, `input '${name}' batch size does not match other inputs for '${model}'`);
    }
  }
  const rows = batchSize ?? 0;
  if (rows > maxBatchSize) {
    throw refused(request, `inference request batch-size must be <= ${maxBatchSize} for '${model}'`);
  }
  return rows;
}

type Spot = {
  readonly request: InferRequest;
  readonly plan: TensorPlan;
  readonly batchSize: number;
  readonly from: number;
};

function checkTensor(tensor: Tensor, planned: PlannedTensor, { request, plan, batchSize, from }: Spot): void {
  const { name, datatype, shape, data } = tensor;
  const { model } = plan;
  if (datatype !== planned.datatype) {
    throw refused(
      request,
      `inference input '${name}' data-type is '${datatype}', but model '${model}' expects '${planned.datatype}'`,
    );
  }
  if (!matches(planned.dims, shape, from)) {
    const expected = from === 1 ? [-1, ...planned.dims] : planned.dims;
    throw refused(
      request,
      `unexpected shape for input '${name}' for model '${model}'. Expected ${shown(expected)}, got ${shown(shape)}. ` +
        (from === 1 ? batchNote : ''),
    );
  }
  // A batch of no rows counts as one of one row here: its tensors cannot have the right size.
  const rows = from === 1 ? Math.max(1, unsigned(batchSize)) : 1;
  const elements = rows * (planned.rowElements ?? elementCount(shape.slice(from)));
  const isNegative = shape.some((size) => size < 0);
  if (planned.elementBytes === undefined && !isNegative) {
    const fault = textFault(data, elements, `'${name}'`, `'${model}'`);
    if (fault !== undefined) {
      throw fault.isUnnamed ? new CoreError('INVALID_ARG', fault.message) : refused(request, fault.message);
    }
    return;
  }
  const expectedBytes = elements * (planned.elementBytes ?? 1);
  if (isNegative || data.byteLength !== expectedBytes) {
    throw refused(
      request,
      `input byte size mismatch for input '${name}' for model '${model}'. Expected ${expectedBytes}, got ${data.byteLength}`,
    );
  }
}

/** Triton counts rows in 32 bits without a sign, so that -1 is a great many. */
function unsigned(rows: number): number {
  return rows < 0 ? 2 ** 32 + rows : rows;
}

function quotedList(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(',')}]`;
}

/** Triton names the request in front of what is wrong with it. */
export function refused({ id }: InferRequest, message: string): CoreError {
  return new CoreError('INVALID_ARG', withRequestId(id, message));
}

export function withRequestId(id: string, message: string): string {
  return `[request id: ${id === '' ? '<id_unknown>' : id}] ${message}`;
}
