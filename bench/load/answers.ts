import { readBfloat16 } from '../kserve/bfloat16.ts';
import type { Datatype, Tensor } from '../kserve/tensors.ts';

/** The status codes of gRPC but OK, by number from 1. */
export const grpcStatuses = [
  'cancelled',
  'unknown',
  'invalid-argument',
  'deadline-exceeded',
  'not-found',
  'already-exists',
  'permission-denied',
  'resource-exhausted',
  'failed-precondition',
  'aborted',
  'out-of-range',
  'unimplemented',
  'internal',
  'unavailable',
  'data-loss',
  'unauthenticated',
] as const;

/**
 * How a request failed: kinds are counted by themselves and never enter a latency. `malformed` is what the protocol does not
 * allow, answers that nothing asked for, and statuses of HTTP that are neither 200 nor an error. `keep-alive-reset` is a
 * connection that had answered before and was closed instead of this answer's first byte; `ports-exhausted` a connection
 * for which this host had no port left; `refused-stream` a request that the server said it did not look at.
 */
export type ErrorKind =
  | 'connect'
  | 'ports-exhausted'
  | 'tls'
  | 'reset'
  | 'keep-alive-reset'
  | 'refused-stream'
  | 'timeout'
  | 'http-4xx'
  | 'http-5xx'
  | `grpc-${(typeof grpcStatuses)[number]}`
  | 'malformed'
  | 'wrong-shape'
  | 'wrong-values';

/**
 * How far a floating point answer may be from the expected one: `absolute`, or `relative` times the expected value, whichever
 * is more. Both 0 asks for the very number; -0 is 0 and any NaN is NaN all the same.
 */
export type Tolerance = { readonly absolute: number; readonly relative: number };

/** A tensor that answers are compared with, and how closely; by default as `defaultTolerance` says for its datatype. */
export type Expected = Tensor & { readonly tolerance?: Tolerance };

/** A batch of another size rounds otherwise; for the short types this is two units in the last place. */
export const defaultTolerance: Readonly<Partial<Record<Datatype, Tolerance>>> = {
  FP64: { absolute: 1e-5, relative: 1e-5 },
  FP32: { absolute: 1e-5, relative: 1e-5 },
  FP16: { absolute: 2 ** -9, relative: 2 ** -9 },
  BF16: { absolute: 2 ** -6, relative: 2 ** -6 },
};

/**
 * Compares an answer with the expected one, output by output in any order: names, datatypes and shapes exactly, integers
 * and texts exactly, floating point numbers within the tolerance. Undefined where all is well.
 */
export function compareAnswers(
  actual: readonly Tensor[],
  expected: readonly Expected[],
): 'wrong-shape' | 'wrong-values' | undefined {
  if (actual.length !== expected.length) return 'wrong-shape';
  const pairs = expected.map((want) => [actual.find(({ name }) => name === want.name), want] as const);
  if (!pairs.every(([have, want]) => have !== undefined && sameForm(have, want))) return 'wrong-shape';
  return pairs.every(([have, want]) => have !== undefined && sameValues(have.data, want)) ? undefined : 'wrong-values';
}

/** Whether `data` holds the expected tensors' values one after the other, floating point numbers within the tolerance. */
export function holdsValues(data: Uint8Array, expected: readonly Expected[]): boolean {
  let start = 0;
  return expected.every((want) => {
    const end = start + want.data.byteLength;
    const same = sameValues(data.subarray(start, end), want);
    start = end;
    return same;
  });
}

function sameForm(have: Tensor, want: Tensor): boolean {
  return (
    have.datatype === want.datatype &&
    have.shape.join() === want.shape.join() &&
    // Other texts are as long as they are; of any other datatype the bytes are part of the form.
    (have.datatype === 'BYTES' || have.data.byteLength === want.data.byteLength)
  );
}

function sameValues(
  have: Uint8Array,
  { datatype, data: want, tolerance = defaultTolerance[datatype] }: Expected,
): boolean {
  if (Buffer.compare(have, want) === 0) return true;
  const read = readers[datatype];
  if (tolerance === undefined || read === undefined) return false;
  const [haveView, wantView] = [viewOf(have), viewOf(want)];
  const { bytes, at } = read;
  for (let offset = 0; offset + bytes <= want.byteLength; offset += bytes) {
    if (!close(at(haveView, offset), at(wantView, offset), tolerance)) return false;
  }
  return true;
}

const readers: Partial<Record<Datatype, { bytes: number; at: (view: DataView, offset: number) => number }>> = {
  FP64: { bytes: 8, at: (view, offset) => view.getFloat64(offset, true) },
  FP32: { bytes: 4, at: (view, offset) => view.getFloat32(offset, true) },
  FP16: { bytes: 2, at: (view, offset) => view.getFloat16(offset, true) },
  BF16: { bytes: 2, at: readBfloat16 },
};

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

function close(value: number, expected: number, { absolute, relative }: Tolerance): boolean {
  if (value === expected || (Number.isNaN(value) && Number.isNaN(expected))) return true;
  // An infinite answer is right only where that very infinity is expected.
  if (!Number.isFinite(value) || !Number.isFinite(expected)) return false;
  return Math.abs(value - expected) <= Math.max(absolute, relative * Math.abs(expected));
}
