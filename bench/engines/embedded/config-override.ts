import { messageOf } from '../../failure.ts';
import { readPlain } from '../../modelconfig/normalise.ts';
import { type PlainConfig, putOwn } from '../../modelconfig/plain.ts';
import { type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from '../../modelconfig/schema.ts';
import { CoreError } from './failures.ts';
import { parseExactJson } from './json-exact.ts';

/**
 * The config that the JSON of a load request gives: the .proto's field names or their camelCase, nothing unknown, every
 * value of its field's type. @throws CoreError (INTERNAL) that says what is wrong and where.
 */
export function readOverride(text: string): PlainConfig {
  let json: unknown;
  try {
    json = parseExactJson(Buffer.from(text));
  } catch (error) {
    throw refused(messageOf(error));
  }
  if (!isObject(json)) throw refused(': Root element must be a message.');
  return readPlain(readMessage(json, modelConfigSchema, ''));
}

function readMessage(json: Record<string, unknown>, schema: MessageSchema, path: string): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    const field = schema.fields.get(key) ?? schema.fields.get(snakeCase(key));
    if (field === undefined) throw refused(`${path === '' ? '' : `(${path}) `}${key}: Cannot find field.`);
    if (value === null) continue;
    if (Object.hasOwn(read, field.name)) throw refused(`(${path}${key}): the field is there twice`);
    read[field.name] = readField(value, field, path === '' ? field.name : `${path}.${field.name}`);
  }
  return read;
}

function readField(json: unknown, field: FieldSchema, path: string): unknown {
  if (field.label === 'single') return readOne(json, field, path);
  if (field.label === 'repeated') {
    const items = Array.isArray(json) ? json : [json];
    return items.map((item, index) => readOne(item, field, `${path}[${index}]`));
  }
  if (!isObject(json)) throw wrongValue(json, field, path);
  const entries: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(json)) putOwn(entries, key, readOne(item, field, `${path}[${key}]`));
  return entries;
}

function readOne(json: unknown, field: FieldSchema, path: string): unknown {
  const { type } = field;
  if (type.kind === 'message') {
    if (!isObject(json)) throw wrongValue(json, field, path);
    return readMessage(json, messageSchema(type.name), path);
  }
  const isRight = type.kind === 'enum' ? isEnumValue(json, type.values) : isScalar(json, type.scalar);
  if (!isRight) throw wrongValue(json, field, path);
  return typeof json === 'bigint' ? String(json) : json;
}

function isEnumValue(json: unknown, values: ReadonlyMap<string, number>): boolean {
  return typeof json === 'string' ? values.has(json) : Number.isSafeInteger(json);
}

function isScalar(json: unknown, scalar: string): boolean {
  if (scalar === 'string') return typeof json === 'string';
  if (scalar === 'bool') return typeof json === 'boolean';
  if (typeof json !== 'number' && typeof json !== 'string' && typeof json !== 'bigint') return false;
  if (typeof json === 'string' && json.trim() === '') return false;
  if (scalar === 'float' || scalar === 'double') return !Number.isNaN(Number(json));
  const isWhole =
    typeof json === 'string' ? /^-?\d{1,20}$/.test(json) : typeof json === 'bigint' || Number.isInteger(json);
  if (!isWhole) return false;
  const value = BigInt(json);
  const isSigned = !scalar.startsWith('u');
  const limit = 2n ** BigInt(Number(scalar.replace(/\D/g, '')) - (isSigned ? 1 : 0));
  return value < limit && value >= (isSigned ? -limit : 0n);
}

function wrongValue(json: unknown, { type }: FieldSchema, path: string): CoreError {
  const name =
    type.kind === 'scalar' ? `TYPE_${type.scalar.toUpperCase()}` : `type.googleapis.com/inference.${type.name}`;
  return refused(`(${path}): invalid value ${shown(json)} for type ${name}`);
}

function shown(json: unknown): string {
  if (Array.isArray(json)) return '[...]';
  if (isObject(json)) return '{...}';
  return (typeof json === 'bigint' ? String(json) : JSON.stringify(json)).slice(0, 100);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function refused(what: string): CoreError {
  return new CoreError('INTERNAL', `Invalid config override: ${what}`);
}
