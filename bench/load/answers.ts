import { decodeElements, type Tensor } from '../kserve/tensors.ts';

/** How an answer failed: kinds are counted by themselves and never enter a latency. */
export type ErrorKind =
  | 'connect'
  | 'reset'
  | 'timeout'
  | 'http-4xx'
  | 'http-5xx'
  | 'malformed'
  | 'wrong-shape'
  | 'wrong-values';

/** Largest difference of two floating point answers that still count as the same: absolute, and relative to the expected value. */
export const answerTolerance = 1e-5;

/**
 * Compares an answer with the expected one, output by output in any order: names, datatypes and shapes exactly, integers
 * exactly, floating point numbers within the tolerance. Undefined where all is well.
 */
export function compareAnswers(
  actual: readonly Tensor[],
  expected: readonly Tensor[],
): 'wrong-shape' | 'wrong-values' | undefined {
  if (actual.length !== expected.length) return 'wrong-shape';
  for (const want of expected) {
    const have = actual.find(({ name }) => name === want.name);
    if (have === undefined || have.datatype !== want.datatype || have.shape.join() !== want.shape.join())
      return 'wrong-shape';
    if (have.data.byteLength !== want.data.byteLength) return 'wrong-shape';
    if (!sameValues(have, want)) return 'wrong-values';
  }
  return undefined;
}

function sameValues(have: Tensor, want: Tensor): boolean {
  if (Buffer.compare(have.data, want.data) === 0) return true;
  if (want.datatype !== 'FP32' && want.datatype !== 'FP64') return false;
  const expected = decodeElements(want.datatype, want.data);
  return decodeElements(have.datatype, have.data).every((value, index) =>
    close(Number(value), Number(expected[index])),
  );
}

function close(value: number, expected: number): boolean {
  if (Object.is(value, expected) || (Number.isNaN(value) && Number.isNaN(expected))) return true;
  return Math.abs(value - expected) <= answerTolerance * Math.max(1, Math.abs(expected));
}
