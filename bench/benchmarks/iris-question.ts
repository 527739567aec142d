import { encodeElements, type Tensor } from '../kserve/tensors.ts';

/** The one request that every client sends, and what a right answer to it holds; the servers under `servers/` know the same. */
export const irisInput: readonly Tensor[] = [
  { name: 'input', datatype: 'FP32', shape: [1, 4], data: encodeElements('FP32', [7.3, 2.9, 6.3, 1.8]) },
];

export const irisAnswer: readonly Tensor[] = [
  { name: 'label', datatype: 'INT64', shape: [1, 1], data: encodeElements('INT64', [2n]) },
  {
    name: 'probabilities',
    datatype: 'FP32',
    shape: [1, 3],
    data: encodeElements('FP32', [8.4990153e-41, 1.6116363e-4, 0.99983883]),
  },
];
