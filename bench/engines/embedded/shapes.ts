import type { PlainMessage, PlainTensor } from '../../modelconfig/plain.ts';

/** The dims that a client sees, without the batch dimension. */
export function dimsOf(tensor: PlainTensor): number[] {
  return (tensor.dims ?? []).map(Number);
}

/** The dims that the model sees, without the batch dimension: the reshape's where there is one. */
export function modelDimsOf(tensor: PlainTensor): number[] {
  if (tensor.reshape === undefined) return dimsOf(tensor);
  const { shape } = tensor.reshape as PlainMessage;
  return Array.isArray(shape) ? shape.map(Number) : [];
}

/** Whether a shape is one that the dims allow, where -1 stands for any size. */
export function matches(dims: readonly number[], shape: readonly number[], from = 0): boolean {
  if (shape.length - from !== dims.length) return false;
  for (let index = 0; index < dims.length; index += 1) {
    if (dims[index] !== -1 && dims[index] !== shape[index + from]) return false;
  }
  return true;
}

/**
 * A shape in its other spelling: `to` with its open sizes filled in, in order, by those that `shape` has where `from` is
 * open. `from` and `to` are dims and reshape or the other way round.
 */
export function reshaped(shape: readonly number[], from: readonly number[], to: readonly number[]): number[] {
  const open = shape.filter((_, index) => from[index] === -1);
  let next = 0;
  return to.map((size) => (size === -1 ? (open[next++] ?? 1) : size));
}

/** A shape as Triton prints it. */
export function shown(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}
