import type { Tensor } from '../../kserve/tensors.ts';
import { CoreError } from './failures.ts';
import type { PartedValue } from './mailbox.ts';
import type { SessionValue } from './onnx-session.ts';
import type { CheckedRequest } from './request-check.ts';
import { reshaped } from './shapes.ts';
import type { PlannedTensor, TensorPlan } from './tensor-plan.ts';
import { textOffsets } from './texts.ts';

/** What a batch runs: the tensors of its requests one after the other, and the outputs that any of them asks for. */
export type BatchOrder = {
  readonly feeds: readonly PartedValue[];
  readonly fetches: readonly string[];
  /** Rows in all; 0 for a model that does not batch. */
  readonly rows: number;
};

/** Joins requests of one shape. */
export function joinRequests(requests: readonly CheckedRequest[], plan: TensorPlan): BatchOrder {
  const [first] = requests;
  if (first === undefined) throw new RangeError('a batch has at least one request');
  const rows = requests.reduce((sum, { batchSize }) => sum + batchSize, 0);
  const from = plan.maxBatchSize > 0 ? 1 : 0;
  const feeds = first.inputs.map(({ plan: input, tensor }, index) => {
    const shape = from === 0 ? tensor.shape : tensor.shape.slice(1);
    const dims = input.isReshaped ? reshaped(shape, input.dims, input.modelDims) : shape;
    const parts = requests.map(({ inputs }) => inputs[index]?.tensor.data ?? new Uint8Array());
    return { name: input.name, dims: from === 0 ? dims : [rows, ...dims], parts };
  });
  return { feeds, fetches: fetchesOf(requests, plan), rows };
}

/** Gives each request its own outputs. @throws CoreError (INTERNAL) where the model's outputs do not have the batch's rows. */
export function splitOutputs(
  outputs: readonly SessionValue[],
  requests: readonly CheckedRequest[],
  { plan, rows }: { plan: TensorPlan; rows: number },
): Tensor[][] {
  const byName = new Map(outputs.map((output) => [output.name, output]));
  const cuts = new Map<string, number[] | undefined>();
  for (const output of outputs) cuts.set(output.name, plan.maxBatchSize > 0 ? cutsOf(output, rows, plan) : undefined);
  let row = 0;
  return requests.map((request) => {
    const start = row;
    row += request.batchSize;
    return request.outputs.map((planned) => {
      const output = byName.get(planned.name);
      if (output === undefined) throw new CoreError('INTERNAL', `the model gave no output '${planned.name}'`);
      return toTensor(output, planned, { cuts: cuts.get(planned.name), start, end: row });
    });
  });
}

function fetchesOf(requests: readonly CheckedRequest[], plan: TensorPlan): readonly string[] {
  if (requests.every(({ outputs }) => outputs === plan.outputs)) return plan.outputs.map(({ name }) => name);
  return plan.outputs
    .filter((output) => requests.some(({ outputs }) => outputs.includes(output)))
    .map(({ name }) => name);
}

/** Where each row of an output begins in its bytes, and the end of the last; for fixed sizes only the size of a row. */
function cutsOf({ name, dims, data }: SessionValue, rows: number, plan: TensorPlan): number[] {
  if (dims[0] !== rows) {
    throw new CoreError(
      'INTERNAL',
      `the model gave ${dims[0] ?? 1} rows of output '${name}' for a batch of ${rows} of '${plan.model}'`,
    );
  }
  const planned = plan.outputs.find((output) => output.name === name);
  if (planned?.elementBytes !== undefined) return [data.byteLength / rows];
  const offsets = textOffsets(data) ?? [];
  const perRow = (offsets.length - 1) / rows;
  return Array.from({ length: rows + 1 }, (_, row) => offsets[row * perRow] ?? 0);
}

function toTensor(
  { dims, data }: SessionValue,
  planned: PlannedTensor,
  { cuts, start, end }: { cuts: readonly number[] | undefined; start: number; end: number },
): Tensor {
  const { name, datatype } = planned;
  if (cuts === undefined) return { name, datatype, shape: clientShape(dims, planned), data };
  const shape = [end - start, ...clientShape(dims.slice(1), planned)];
  const [size = 0] = cuts;
  const isFixed = planned.elementBytes !== undefined;
  const from = isFixed ? start * size : (cuts[start] ?? 0);
  const to = isFixed ? end * size : (cuts[end] ?? 0);
  return { name, datatype, shape, data: data.subarray(from, to) };
}

function clientShape(shape: readonly number[], { dims, modelDims, isReshaped }: PlannedTensor): readonly number[] {
  // A scalar has no dimensions, and a config cannot say so: its dims are ones.
  if (shape.length === 0 && modelDims.length > 0) return modelDims;
  return isReshaped ? reshaped(shape, modelDims, dims) : shape;
}
