import { Failure } from '../failure.ts';
import { nearest } from './nearest.ts';
import { type PlainValue, putOwn } from './plain.ts';
import { enumName, integerRanges, plainFloat } from './scalars.ts';
import { type FieldSchema, type MessageSchema, messageSchema, type ScalarType, type ValueType } from './schema.ts';
import type { SettingValue } from './settings.ts';
import { quoted } from './source.ts';

type Given = { readonly [key: string]: SettingValue };

/**
 * A setting's value as plain data of the field's type: enums by name, fields given as `null` left out. A number becomes
 * text where the value of a map is text (`parameters.intra_op_thread_count: 2`), and such a scalar may stand for
 * `{ string_value: ... }`. Throws a usage Failure that names the path where the value is of another type.
 */
export function coerceWhole(value: SettingValue, field: FieldSchema, path: string): PlainValue {
  if (field.label === 'single') return coerceOne(value, field.type, path);
  if (field.label === 'repeated') {
    if (!Array.isArray(value))
      throw wrongValue(path, value, 'a list', `write [ ... ], or name one element: ${path}[0]`);
    return value.map((item, index) => coerceOne(item, field.type, `${path}[${index}]`));
  }
  if (!isObject(value)) throw wrongValue(path, value, 'an object of keys and values');
  const entries: Record<string, PlainValue> = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = `${path}[${JSON.stringify(key)}]`;
    if (item !== null) putOwn(entries, coerceKey(key, field, inner), coerceMapValue(item, field, inner));
  }
  return entries;
}

/** As `coerceWhole`, for one element of a repeated field or the field of a message. */
export function coerceOne(value: SettingValue, type: ValueType, path: string): PlainValue {
  if (type.kind === 'message') return coerceMessage(value, messageSchema(type.name), path);
  if (type.kind === 'enum') return coerceEnum(value, type, path);
  return coerceScalar(value, type.scalar, path);
}

/** As `coerceWhole`, for the value of one map entry. */
export function coerceMapValue(value: SettingValue, field: FieldSchema, path: string): PlainValue {
  const { type } = field;
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  if (type.kind === 'message' && type.name === 'ModelParameter') {
    if (isObject(value)) return coerceMessage(value, messageSchema(type.name), path);
    return { string_value: coerceScalar(text, 'string', path) };
  }
  return coerceOne(type.kind === 'scalar' && type.scalar === 'string' ? text : value, type, path);
}

/** A map's key in its one spelling; throws where the key type is a number and the key is none. */
export function coerceKey(key: string, field: FieldSchema, path: string): string {
  const range = integerRanges[field.keyType ?? 'string'];
  if (range === undefined) return key.isWellFormed() ? key : String(coerceScalar(key, 'string', path));
  const value = /^\d{1,20}$/.test(key) ? BigInt(key) : -1n;
  if (value < range[0] || value > range[1]) throw wrongValue(path, key, `a key that is a number (${field.keyType})`);
  return String(value);
}

function coerceMessage(value: SettingValue, schema: MessageSchema, path: string): PlainValue {
  if (!isObject(value)) throw wrongValue(path, value, `an object with fields of ${schema.name}`);
  const message: Record<string, PlainValue> = {};
  const chosen = new Map<string, string>();
  for (const [name, item] of Object.entries(value)) {
    const field = schema.fields.get(name);
    if (field === undefined) throw unknownField(path, name, schema);
    if (item === null) continue;
    const rival = field.oneof === undefined ? undefined : chosen.get(field.oneof);
    if (rival !== undefined) throw fail(path, `${name} excludes ${rival}: both belong to ${field.oneof}`);
    if (field.oneof !== undefined) chosen.set(field.oneof, name);
    message[name] = coerceWhole(item, field, `${path}.${name}`);
  }
  return message;
}

function coerceScalar(value: SettingValue, scalar: ScalarType, path: string): PlainValue {
  const range = integerRanges[scalar];
  if (range !== undefined) return coerceInteger(value, scalar, range, path);
  if (scalar === 'bool') {
    if (typeof value !== 'boolean') throw wrongValue(path, value, 'true or false');
    return value;
  }
  if (scalar === 'string') {
    if (typeof value !== 'string') throw wrongValue(path, value, 'text', 'put the value in quotes');
    if (!value.isWellFormed() || value.includes('\0'))
      throw wrongValue(path, value, 'text that is valid Unicode without NUL');
    return value;
  }
  if (typeof value !== 'number') throw wrongValue(path, value, `a number (${scalar})`);
  if (scalar === 'float' && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    throw wrongValue(path, value, 'a number that a 32-bit float can hold');
  }
  return plainFloat(value, scalar);
}

function coerceInteger(value: SettingValue, scalar: ScalarType, range: readonly [bigint, bigint], path: string) {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw wrongValue(path, value, `a whole number (${scalar})`);
  if (!Number.isSafeInteger(value)) throw wrongValue(path, value, 'a whole number of at most 2^53 - 1, to be exact');
  if (BigInt(value) >= range[0] && BigInt(value) <= range[1]) return value;
  throw wrongValue(path, value, `a number from ${range[0]} to ${range[1]} (${scalar})`);
}

function coerceEnum(value: SettingValue, type: ValueType & { kind: 'enum' }, path: string): PlainValue {
  const known = [...type.values.keys()];
  const name = typeof value === 'number' ? enumName(type.values, value) : value;
  if (typeof name === 'string' && type.values.has(name)) return name;
  const near = typeof value === 'string' ? nearest(value, known) : undefined;
  const advice = near === undefined ? '' : `; did you mean ${near}?`;
  throw fail(path, `${type.name} has no value ${shown(value)}${advice}`, `values of ${type.name}: ${known.join(', ')}`);
}

function unknownField(path: string, name: string, schema: MessageSchema): Failure {
  const known = [...schema.fields.keys()];
  const near = nearest(name, known);
  const advice = near === undefined ? '' : `; did you mean ${near}?`;
  return fail(
    path,
    `${schema.name} has no field ${quoted(name)}${advice}`,
    `fields of ${schema.name}: ${known.join(', ')}`,
  );
}

function isObject(value: SettingValue): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongValue(path: string, value: SettingValue, wanted: string, hint?: string): Failure {
  return fail(path, `expected ${wanted}, found ${shown(value)}`, hint);
}

function fail(path: string, what: string, hint?: string): Failure {
  return new Failure('usage', 'setting-value', `setting ${quoted(path)}: ${what}`, hint === undefined ? {} : { hint });
}

function shown(value: SettingValue): string {
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'an object' : String(value);
}
