import type { ScalarNode } from './document.ts';
import { decodeStrings } from './literals.ts';
import { nearest } from './nearest.ts';
import type { ScalarType, ValueType } from './schema.ts';
import { failureAt, quoted, type Source } from './source.ts';

export type PlainScalar = string | number | boolean;

/** Inclusive bounds of the integer types. */
export const integerRanges: Partial<Record<ScalarType, readonly [least: bigint, greatest: bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

const booleans = new Map([
  ['true', true],
  ['True', true],
  ['t', true],
  ['false', false],
  ['False', false],
  ['f', false],
]);

/**
 * What a scalar means as a value of the type: enums by name (by number where the schema has no name for it), integers
 * beyond JavaScript's safe ones as decimal text, `inf`, `-inf` and `nan` as `Infinity`, `-Infinity`, `NaN` in text.
 * Fails with the place where the scalar is none of the type's values.
 */
export function readScalar(source: Source, node: ScalarNode, type: ValueType): PlainScalar {
  if (type.kind === 'enum') return readEnum(source, node, type);
  if (type.kind === 'message') throw wrongType(source, node, `a message in { }`);
  const range = integerRanges[type.scalar];
  if (range !== undefined) return readInteger(source, node, type.scalar, range);
  if (type.scalar === 'string') return readString(source, node);
  if (type.scalar === 'bool') return readBool(source, node);
  return readFloat(source, node, type.scalar);
}

/** An integer as plain data: a number where it is exact as one, else its decimal digits. */
export function plainInteger(value: bigint): number | string {
  const exact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return exact ? Number(value) : String(value);
}

/** A float as plain data: the shortest number that is the same 32-bit (or 64-bit) value; text where JSON has no number. */
export function plainFloat(value: number, scalar: ScalarType): number | string {
  const stored = scalar === 'float' ? Math.fround(value) : value;
  if (!Number.isFinite(stored)) return String(stored);
  if (scalar === 'double') return stored;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(stored.toPrecision(digits));
    if (Math.fround(short) === stored) return short;
  }
  return Number(stored.toPrecision(9));
}

function readString(source: Source, node: ScalarNode): string {
  if (node.tokens[0].kind !== 'string') throw wrongType(source, node, 'a string in quotes');
  return decodeStrings(source, node.tokens);
}

function readBool(source: Source, node: ScalarNode): boolean {
  const { kind, text } = node.tokens[0];
  const word = kind === 'identifier' && !node.negative ? booleans.get(text) : undefined;
  if (word !== undefined) return word;
  const value = kind === 'integer' && !node.negative ? integerOf(text) : undefined;
  if (value === 0n || value === 1n) return value === 1n;
  throw wrongType(source, node, 'true or false');
}

function readInteger(source: Source, node: ScalarNode, scalar: ScalarType, range: readonly [bigint, bigint]) {
  const [least, greatest] = range;
  const { kind, text } = node.tokens[0];
  if (kind !== 'integer') throw wrongType(source, node, `a whole number (${scalar})`);
  if (node.negative && least === 0n) throw wrongType(source, node, `a number that is not negative (${scalar})`);
  const magnitude = integerOf(text);
  const value = node.negative && magnitude !== undefined ? -magnitude : magnitude;
  if (value === undefined || value < least || value > greatest) {
    throw failureAt(source, node.start, `${shown(source, node)} is outside ${scalar}: ${least} to ${greatest}`);
  }
  return plainInteger(value);
}

function readFloat(source: Source, node: ScalarNode, scalar: ScalarType): number | string {
  const { kind, text } = node.tokens[0];
  const magnitude = kind === 'identifier' ? namedFloat(text) : kind === 'string' ? undefined : decimalOf(text);
  if (magnitude === undefined) throw wrongType(source, node, `a decimal number (${scalar})`);
  return plainFloat(node.negative ? -magnitude : magnitude, scalar);
}

function readEnum(source: Source, node: ScalarNode, type: ValueType & { kind: 'enum' }): string | number {
  const { kind, text } = node.tokens[0];
  if (kind === 'identifier' && !node.negative) {
    if (type.values.has(text)) return text;
    const near = nearest(text, type.values.keys());
    const advice = near === undefined ? '' : `; did you mean ${near}?`;
    const hint = `values of ${type.name}: ${[...type.values.keys()].join(', ')}`;
    throw failureAt(source, node.start, `${type.name} has no value ${quoted(text)}${advice}`, hint);
  }
  if (kind !== 'integer') throw wrongType(source, node, `a value of ${type.name}, without quotes`);
  const value = Number(readInteger(source, node, 'int32', integerRanges.int32 ?? [0n, 0n]));
  return enumName(type.values, value) ?? value;
}

/** The name that an enum's number has. */
export function enumName(values: ReadonlyMap<string, number>, number: number): string | undefined {
  for (const [name, value] of values) if (value === number) return name;
  return undefined;
}

function integerOf(text: string): bigint | undefined {
  if (text.length > 40) return undefined;
  return BigInt(/^0\d/.test(text) ? `0o${text}` : text);
}

function decimalOf(text: string): number | undefined {
  if (/^0[\dxX]/.test(text)) return undefined;
  return Number(text.replace(/[fF]$/, ''));
}

function namedFloat(text: string): number | undefined {
  const name = text.toLowerCase();
  if (name === 'nan') return Number.NaN;
  return name === 'inf' || name === 'infinity' ? Number.POSITIVE_INFINITY : undefined;
}

function wrongType(source: Source, node: ScalarNode, wanted: string): Error {
  return failureAt(source, node.start, `expected ${wanted}, found ${shown(source, node)}`);
}

function shown(source: Source, node: ScalarNode): string {
  return quoted(source.text.slice(node.start, node.end));
}
