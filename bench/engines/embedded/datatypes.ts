import type { Datatype } from '../../kserve/tensors.ts';

/** One element type in the four spellings that meet here: ModelConfig's, KServe's, onnxruntime's name and its number. */
export type ElementType = {
  readonly config: string;
  readonly datatype: Datatype;
  /** The onnxruntime name; undefined where onnxruntime-node has no tensors of the type. */
  readonly onnx: string | undefined;
  /** TensorProto.DataType's number, by which a session names the types of its inputs and outputs. */
  readonly onnxNumber: number;
};

/** Every element type of ModelConfig. */
export const elementTypes: readonly ElementType[] = [
  { config: 'TYPE_BOOL', datatype: 'BOOL', onnx: 'bool', onnxNumber: 9 },
  { config: 'TYPE_UINT8', datatype: 'UINT8', onnx: 'uint8', onnxNumber: 2 },
  { config: 'TYPE_UINT16', datatype: 'UINT16', onnx: 'uint16', onnxNumber: 4 },
  { config: 'TYPE_UINT32', datatype: 'UINT32', onnx: 'uint32', onnxNumber: 12 },
  { config: 'TYPE_UINT64', datatype: 'UINT64', onnx: 'uint64', onnxNumber: 13 },
  { config: 'TYPE_INT8', datatype: 'INT8', onnx: 'int8', onnxNumber: 3 },
  { config: 'TYPE_INT16', datatype: 'INT16', onnx: 'int16', onnxNumber: 5 },
  { config: 'TYPE_INT32', datatype: 'INT32', onnx: 'int32', onnxNumber: 6 },
  { config: 'TYPE_INT64', datatype: 'INT64', onnx: 'int64', onnxNumber: 7 },
  { config: 'TYPE_FP16', datatype: 'FP16', onnx: 'float16', onnxNumber: 10 },
  { config: 'TYPE_FP32', datatype: 'FP32', onnx: 'float32', onnxNumber: 1 },
  { config: 'TYPE_FP64', datatype: 'FP64', onnx: 'float64', onnxNumber: 11 },
  { config: 'TYPE_STRING', datatype: 'BYTES', onnx: 'string', onnxNumber: 8 },
  { config: 'TYPE_BF16', datatype: 'BF16', onnx: undefined, onnxNumber: 16 },
];

const byConfig = new Map(elementTypes.map((each) => [each.config, each]));
const byNumber = new Map(elementTypes.map((each) => [each.onnxNumber, each]));

/** The type that a config's `data_type` names. */
export function typeOfConfig(name: string | undefined): ElementType | undefined {
  return name === undefined ? undefined : byConfig.get(name);
}

/** The type of a session's tensor; undefined for those that no ModelConfig can name (4-bit and 8-bit floats). */
export function typeOfOnnx(number: number): ElementType | undefined {
  return byNumber.get(number);
}
