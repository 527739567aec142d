import { type Datatype, elementBytes } from '../../kserve/tensors.ts';
import type { PlainConfig, PlainTensor } from '../../modelconfig/plain.ts';
import { typeOfConfig } from './datatypes.ts';
import { dimsOf, modelDimsOf } from './shapes.ts';

/** One input or output as requests are checked against it; dims are without the batch dimension. */
export type PlannedTensor = {
  readonly name: string;
  readonly datatype: Datatype;
  readonly dims: readonly number[];
  readonly modelDims: readonly number[];
  readonly isReshaped: boolean;
  readonly isOptional: boolean;
  /** Bytes of one element; undefined for BYTES. */
  readonly elementBytes: number | undefined;
  /** Where one row's size is fixed: the elements in it; undefined where a dimension is open. */
  readonly rowElements: number | undefined;
  readonly labelFile: string;
};

/** What a model takes and gives, worked out once at its load. */
export type TensorPlan = {
  readonly model: string;
  /** 0 for a model that does not batch. */
  readonly maxBatchSize: number;
  readonly inputs: ReadonlyMap<string, PlannedTensor>;
  readonly outputs: readonly PlannedTensor[];
  /** Whether requests of one batch may differ in shape, so that shapes have to be compared. */
  readonly hasOpenInputs: boolean;
};

/** The plan of a complete config that was checked against its model. */
export function planTensors(config: PlainConfig): TensorPlan {
  const inputs = (config.input ?? []).map(plan);
  return {
    model: config.name ?? '',
    maxBatchSize: config.max_batch_size ?? 0,
    inputs: new Map(inputs.map((input) => [input.name, input])),
    outputs: (config.output ?? []).map(plan),
    hasOpenInputs: inputs.some(({ rowElements }) => rowElements === undefined),
  };
}

function plan(tensor: PlainTensor): PlannedTensor {
  const dims = dimsOf(tensor);
  const datatype = typeOfConfig(tensor.data_type)?.datatype ?? 'FP32';
  return {
    name: tensor.name ?? '',
    datatype,
    dims,
    modelDims: modelDimsOf(tensor),
    isReshaped: tensor.reshape !== undefined,
    isOptional: tensor.optional === true,
    elementBytes: elementBytes[datatype],
    rowElements: dims.includes(-1) ? undefined : dims.reduce((product, size) => product * size, 1),
    labelFile: typeof tensor.label_filename === 'string' ? tensor.label_filename : '',
  };
}
