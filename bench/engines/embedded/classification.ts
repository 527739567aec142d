import { decodeElements, elementCount, type Tensor } from '../../kserve/tensors.ts';
import type { InferRequest } from './core.ts';
import { CoreError } from './failures.ts';
import { writeTexts } from './texts.ts';

export type ClassificationOptions = {
  /** Whether the first dimension counts rows that are classified each by itself. */
  readonly batches: boolean;
  readonly labels: ReadonlyMap<string, readonly string[]>;
};

/**
 * The outputs with those that a request wants classified replaced by their highest values, as `value:index[:label]`.
 * @throws CoreError (INVALID_ARG) for a type whose values have no order.
 */
export function classify(
  outputs: readonly Tensor[],
  asked: InferRequest['outputs'],
  { batches, labels }: ClassificationOptions,
): readonly Tensor[] {
  const counts = new Map(asked.map(({ name, classification = 0 }) => [name, classification]));
  return outputs.map((output) => {
    const count = counts.get(output.name) ?? 0;
    return count > 0 ? classifyOne(output, count, { batches, labels: labels.get(output.name) ?? [] }) : output;
  });
}

function classifyOne(
  { name, datatype, shape, data }: Tensor,
  most: number,
  { batches, labels }: { batches: boolean; labels: readonly string[] },
): Tensor {
  if (['BYTES', 'BF16', 'FP16', 'BOOL'].includes(datatype)) {
    throw new CoreError('INVALID_ARG', `class result not available for output due to unsupported type '${datatype}'`);
  }
  const values = decodeElements(datatype, data);
  const rows = batches ? (shape[0] ?? 1) : 1;
  const perRow = elementCount(batches ? shape.slice(1) : shape);
  const count = Math.min(most, perRow);
  const isFloat = datatype.startsWith('FP');
  const texts = Array.from({ length: rows }, (_, row) => {
    const start = row * perRow;
    const indexes = Array.from({ length: perRow }, (_, index) => index);
    indexes.sort((a, b) => compare(values[start + b] ?? 0, values[start + a] ?? 0));
    return indexes.slice(0, count).map((index) => {
      const value = values[start + index] ?? 0;
      const label = labels[index];
      return `${isFloat ? Number(value).toFixed(6) : value}:${index}${label === undefined ? '' : `:${label}`}`;
    });
  }).flat();
  return { name, datatype: 'BYTES', shape: batches ? [rows, count] : [count], data: writeTexts(texts) };
}

function compare(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}
