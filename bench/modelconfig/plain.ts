import type { FieldNode, MessageNode, ScalarNode } from './document.ts';
import { nearest } from './nearest.ts';
import { readScalar } from './scalars.ts';
import { entrySchema, type FieldSchema, type MessageSchema, messageSchema } from './schema.ts';
import { failureAt, placeOf, quoted, type Source } from './source.ts';

/** JSON data, as `GET /v2/models/M/config` answers it. */
export type PlainValue = string | number | boolean | readonly PlainValue[] | PlainMessage;
export type PlainMessage = { readonly [field: string]: PlainValue | undefined };

export type PlainTensor = PlainMessage & {
  readonly name?: string;
  readonly data_type?: string;
  readonly dims?: readonly (number | string)[];
  readonly optional?: boolean;
};

export type PlainInstanceGroup = PlainMessage & {
  readonly name?: string;
  readonly kind?: string;
  readonly count?: number;
};

/**
 * A ModelConfig as plain data with the .proto's field names. Holds what the text sets, defaults it spells out included.
 * Maps are objects; enums are names; 64-bit integers are numbers where exact, else decimal text.
 */
export type PlainConfig = PlainMessage & {
  readonly name?: string;
  readonly platform?: string;
  readonly backend?: string;
  readonly max_batch_size?: number;
  readonly input?: readonly PlainTensor[];
  readonly output?: readonly PlainTensor[];
  readonly instance_group?: readonly PlainInstanceGroup[];
  readonly dynamic_batching?: PlainMessage;
  readonly sequence_batching?: PlainMessage;
  readonly ensemble_scheduling?: PlainMessage;
  readonly parameters?: { readonly [key: string]: { readonly string_value?: string } };
};

type Values = Record<string, PlainValue>;

/**
 * The message that a node writes, checked against its schema. Fails with the place of the first unknown field, value of
 * another type, field set twice, or oneof with two members set.
 */
export function readMessage(source: Source, node: MessageNode, schema: MessageSchema): PlainMessage {
  const values: Values = {};
  const seen = new Map<string, FieldNode>();
  for (const field of node.fields) {
    const known = schema.fields.get(field.name);
    if (known === undefined) throw unknownField(source, field, schema);
    refuseRepetition(source, field, known, seen);
    seen.set(known.oneof ?? field.name, field);
    readField(source, field, known, values);
  }
  return values;
}

/** The singular value of a field, or of one element of a repeated one. */
export function readValue(source: Source, node: ScalarNode | MessageNode, field: FieldSchema): PlainValue {
  if (field.type.kind !== 'message') {
    if (node.kind === 'scalar') return readScalar(source, node, field.type);
    throw failureAt(source, node.start, `${field.name} takes a plain value, not a message`);
  }
  if (node.kind === 'message') return readMessage(source, node, messageSchema(field.type.name));
  const found = quoted(source.text.slice(node.start, node.end));
  throw failureAt(source, node.start, `${field.name} takes a message in { }, found ${found}`);
}

/** Sets an own property whatever its name is; assigning to `__proto__` would not. */
export function putOwn<T>(target: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

/** An own property, never an inherited one. */
export function getOwn<T>(target: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}

/** The values that a field's node lists: the items of `[ ]`, or the one value it has. */
export function itemsOf(node: FieldNode): readonly (ScalarNode | MessageNode)[] {
  return node.value.kind === 'list' ? node.value.items : [node.value];
}

function readField(source: Source, node: FieldNode, field: FieldSchema, values: Values): void {
  if (!node.colon && field.type.kind !== 'message' && field.label !== 'map') {
    throw failureAt(source, node.value.start, `expected ":" between ${field.name} and its value`);
  }
  if (field.label === 'single') {
    if (node.value.kind === 'list')
      throw failureAt(source, node.value.start, `${field.name} takes one value, not a list`);
    values[field.name] = readValue(source, node.value, field);
  } else if (field.label === 'repeated') {
    const items = (values[field.name] ?? []) as PlainValue[];
    for (const item of itemsOf(node)) items.push(readValue(source, item, field));
    values[field.name] = items;
  } else {
    const entries = (values[field.name] ?? {}) as Values;
    for (const item of itemsOf(node)) readEntry(source, item, field, entries);
    values[field.name] = entries;
  }
}

function readEntry(source: Source, node: ScalarNode | MessageNode, field: FieldSchema, entries: Values): void {
  if (node.kind !== 'message') {
    throw failureAt(source, node.start, `an entry of ${field.name} is written { key: ... value: ... }`);
  }
  const entry = readMessage(source, node, entrySchema(field));
  putOwn(entries, mapKey(entry.key, field), entry.value ?? defaultOf(field));
}

/** A map entry's key as a property name; an absent key is its type's default. */
function mapKey(key: PlainValue | undefined, field: FieldSchema): string {
  if (key !== undefined) return String(key);
  return field.keyType === 'string' ? '' : '0';
}

/** What an absent field of this type stands for; of a message, the empty one. */
export function defaultOf(field: FieldSchema): PlainValue {
  const { type } = field;
  if (type.kind === 'message') return {};
  if (type.kind === 'enum') return [...type.values.keys()][0] ?? 0;
  if (type.scalar === 'string') return '';
  return type.scalar === 'bool' ? false : 0;
}

function refuseRepetition(source: Source, node: FieldNode, field: FieldSchema, seen: Map<string, FieldNode>): void {
  const earlier = seen.get(field.oneof ?? field.name);
  if (earlier === undefined || field.label !== 'single') return;
  const before = placeOf(source, earlier.start);
  if (earlier.name === node.name) throw failureAt(source, node.start, `${node.name} is set twice, first at ${before}`);
  const hint = `keep one of them; as a setting, \`${earlier.name}: null\` removes it`;
  const what = `${node.name} excludes ${earlier.name}, set at ${before}: both belong to ${field.oneof}`;
  throw failureAt(source, node.start, what, hint);
}

function unknownField(source: Source, node: FieldNode, schema: MessageSchema): Error {
  const near = nearest(node.name, schema.fields.keys());
  const advice = near === undefined ? '' : `; did you mean ${near}?`;
  const known = [...schema.fields.keys()].join(', ');
  const hint = known === '' ? `${schema.name} has no fields` : `fields of ${schema.name}: ${known}`;
  return failureAt(source, node.start, `${schema.name} has no field ${quoted(node.name)}${advice}`, hint);
}
