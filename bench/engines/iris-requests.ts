import assert from 'node:assert/strict';
import { decodeElements, encodeElements, type Tensor } from '../kserve/tensors.ts';
import type { Server } from './engine.ts';
import { irisModel } from './staged-repository.ts';

/** One flower of each class; its index is its class. */
export const flowers = [
  [5.1, 3.5, 1.4, 0.2],
  [5.9, 3.0, 4.2, 1.5],
  [6.3, 3.3, 6.0, 2.5],
];

export function inputOf(rows: readonly (readonly number[])[]): Tensor {
  const columns = rows[0]?.length ?? 0;
  return { name: 'input', datatype: 'FP32', shape: [rows.length, columns], data: encodeElements('FP32', rows.flat()) };
}

/** The classes that the iris model gives; checks shapes and that the probabilities add up. */
export async function labelsOf(
  server: Server,
  rows: readonly (readonly number[])[],
  model = irisModel,
): Promise<(number | bigint)[]> {
  const outputs = new Map((await server.control.infer(model, [inputOf(rows)])).map((output) => [output.name, output]));
  const [label, probabilities] = [outputs.get('label'), outputs.get('probabilities')];
  assert(label !== undefined && probabilities !== undefined);
  assert.deepEqual(label.shape, [rows.length, 1]);
  assert.deepEqual(probabilities.shape, [rows.length, 3]);
  const total = decodeElements('FP32', probabilities.data).reduce((sum: number, value) => sum + Number(value), 0);
  assert(Math.abs(total - rows.length) < 1e-4);
  return decodeElements('INT64', label.data);
}
