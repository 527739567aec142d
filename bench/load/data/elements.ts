import { type Datatype, elementBytes, encodeByteStrings, encodeElements } from '../../kserve/tensors.ts';
import type { TensorForm } from './model-form.ts';
import { shown, wrongData } from './wrong-data.ts';

/**
 * Encodes the elements of one example. Numbers beyond 2^53 must come as bigint; floating point is rounded to the nearest.
 * @throws Failure (usage), naming the element, for one that the datatype cannot hold.
 */
export function encodeChecked(
  { role, name, datatype }: Pick<TensorForm, 'role' | 'name' | 'datatype'>,
  values: readonly unknown[],
  place: string,
): Uint8Array {
  const bad = values.findIndex((value) => !fits(datatype, value));
  if (bad !== -1) {
    throw wrongData(
      `${place}: ${role} ${name} is ${datatype}, which cannot hold element ${bad + 1}: ${shown(values[bad])}`,
      `write ${wanted[datatype] ?? 'whole numbers within the range of the datatype'}`,
    );
  }
  return datatype === 'BYTES'
    ? encodeByteStrings(values as (string | Uint8Array)[])
    : encodeElements(datatype, values as (number | bigint | boolean)[]);
}

const float = 'numbers within the range of the datatype';
const wanted: Partial<Record<Datatype, string>> = {
  BYTES: 'texts',
  BOOL: 'true and false, or 1 and 0',
  FP16: float,
  BF16: float,
  FP32: float,
  FP64: float,
};

/** Whether the datatype can hold the value. An integer above 2^53 that is no bigint may have been another one before. */
export function fits(datatype: Datatype, value: unknown): boolean {
  if (datatype === 'BYTES') return typeof value === 'string' || value instanceof Uint8Array;
  if (datatype === 'BOOL')
    return typeof value === 'boolean' || value === 0 || value === 1 || value === 0n || value === 1n;
  const round = floats[datatype];
  if (round !== undefined) {
    if (typeof value !== 'number' && typeof value !== 'bigint') return false;
    const number = Number(value);
    return !Number.isFinite(number) ? typeof value === 'number' : Number.isFinite(round(number));
  }
  if (typeof value === 'bigint') return within(integerLimits(datatype), value);
  return Number.isSafeInteger(value) && within(integerLimits(datatype), value as number);
}

/** From here on a number rounds to infinity: half a unit above the largest bfloat16. */
const bfloat16Beyond = (2 - 2 ** -8) * 2 ** 127;
const floats: Partial<Record<Datatype, (value: number) => number>> = {
  FP64: (value) => value,
  FP32: Math.fround,
  FP16: Math.f16round,
  BF16: (value) => (Math.abs(value) < bfloat16Beyond ? value : Number.POSITIVE_INFINITY),
};

/** Least and greatest value of an integer datatype. */
export function integerLimits(datatype: Datatype): readonly [least: bigint, most: bigint] {
  const bits = BigInt((elementBytes[datatype] ?? 0) * 8);
  return datatype.startsWith('U') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

function within([least, most]: readonly [bigint, bigint], value: number | bigint): boolean {
  return value >= least && value <= most;
}
