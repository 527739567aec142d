import { encodeElements, type Tensor } from '../../kserve/tensors.ts';

/** The one model of the null server: whatever comes in, the same comes out. */
export const nullModel = 'null';

export const nullInput: Tensor = {
  name: 'input',
  datatype: 'FP32',
  shape: [1, 4],
  data: encodeElements('FP32', [5.1, 3.5, 1.4, 0.2]),
};

/** Of the size that a small classifier's answers have. */
export const nullOutputs: readonly Tensor[] = [
  { name: 'label', datatype: 'INT64', shape: [1, 1], data: encodeElements('INT64', [0]) },
  { name: 'probabilities', datatype: 'FP32', shape: [1, 3], data: encodeElements('FP32', [0.5, 0.25, 0.25]) },
];

/** What it says of itself. */
export const nullMetadata = {
  server: { name: 'null', version: '1', extensions: ['binary_tensor_data', 'statistics'] },
  model: {
    name: nullModel,
    versions: ['1'],
    platform: 'null',
    inputs: [{ name: nullInput.name, datatype: nullInput.datatype, shape: [-1, 4] }],
    outputs: nullOutputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [-1, ...shape.slice(1)] })),
  },
  config: { name: nullModel, platform: 'null', max_batch_size: 0 },
  statistics: { model_stats: [{ name: nullModel, version: '1', inference_stats: {} }] },
} as const;
