import { defaultOf, getOwn, type PlainConfig, type PlainMessage, type PlainValue, putOwn } from './plain.ts';
import { enumName, plainFloat, plainInteger } from './scalars.ts';
import { type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema, type ValueType } from './schema.ts';

const idleDefaultUs = 1_000_000;

// Absent, these mean something else than empty: an absent reshape reshapes nothing, absent pinned memory is enabled.
const meaningfulWhenEmpty = new Set(['reshape', 'input_pinned_memory', 'output_pinned_memory', 'version_policy']);

/**
 * Any JSON as a ModelConfig in one spelling: integers as numbers (servers may send them as text), enums by name, fields
 * that the schema does not have left out.
 */
export function readPlain(json: unknown): PlainConfig {
  return readMessage(json, modelConfigSchema) as PlainConfig;
}

/**
 * A config as Triton runs it, without the server: what it fills in when it loads a model (a preferred batch size of
 * max_batch_size, the latest version, pinned memory, a sequence's idle time), then without what equals its default.
 */
export function normalise(json: unknown): PlainConfig {
  return withoutDefaults(fillIn(readPlain(json)), modelConfigSchema) as PlainConfig;
}

/** Whether a value is what an absent field stands for: the type's default, an empty list or an empty map. */
export function isDefault(value: PlainValue | undefined, field: FieldSchema): boolean {
  if (value === undefined) return true;
  if (field.label === 'repeated') return Array.isArray(value) && value.length === 0;
  if (field.label === 'map') return Object.keys(value).length === 0;
  if (field.type.kind === 'message') return Object.keys(value).length === 0 && !isMeaningful(field);
  return value === defaultOf(field) && field.oneof === undefined;
}

/** Whether a message that is there but empty says something else than an absent one. */
export function isMeaningful(field: FieldSchema): boolean {
  return field.oneof !== undefined || meaningfulWhenEmpty.has(field.name);
}

/** A config with what the server fills in when it loads it. */
function fillIn(config: PlainConfig): PlainConfig {
  const { dynamic_batching: dynamic, sequence_batching: sequence, ensemble_scheduling: ensemble } = config;
  const optimization = { input_pinned_memory: { enable: true }, output_pinned_memory: { enable: true } };
  return {
    ...config,
    version_policy: config.version_policy ?? { latest: { num_versions: 1 } },
    ...(dynamic !== undefined && { dynamic_batching: withPreferredSize(dynamic, config) }),
    ...(sequence !== undefined && { sequence_batching: withSequenceDefaults(sequence, config) }),
    ...(ensemble === undefined && { optimization: { ...optimization, ...(config.optimization as PlainMessage) } }),
  };
}

function withPreferredSize(batching: PlainMessage, config: PlainConfig): PlainMessage {
  const preferred = batching.preferred_batch_size;
  const isSet = Array.isArray(preferred) && preferred.length > 0;
  const greatest = config.max_batch_size ?? 0;
  return isSet || greatest <= 0 ? batching : { ...batching, preferred_batch_size: [greatest] };
}

function withSequenceDefaults(sequence: PlainMessage, config: PlainConfig): PlainMessage {
  const { oldest, max_sequence_idle_microseconds: idle = 0 } = sequence;
  return {
    ...sequence,
    max_sequence_idle_microseconds: idle === 0 ? idleDefaultUs : idle,
    ...(oldest !== undefined && { oldest: withPreferredSize(oldest as PlainMessage, config) }),
  };
}

function withoutDefaults(message: PlainMessage, schema: MessageSchema): PlainMessage {
  const kept: Record<string, PlainValue> = {};
  for (const field of schema.fields.values()) {
    const value = message[field.name];
    if (value === undefined) continue;
    const lean = eachValue(value, field, (one) =>
      field.type.kind === 'message' ? withoutDefaults(one as PlainMessage, messageSchema(field.type.name)) : one,
    );
    if (!isDefault(lean, field)) kept[field.name] = lean;
  }
  return kept;
}

function eachValue(value: PlainValue, field: FieldSchema, change: (one: PlainValue) => PlainValue): PlainValue {
  if (field.label === 'single') return change(value);
  if (field.label === 'repeated') return (value as readonly PlainValue[]).map(change);
  const entries: Record<string, PlainValue> = {};
  for (const [key, one] of Object.entries(value)) putOwn(entries, key, change(one));
  return entries;
}

function readMessage(json: unknown, schema: MessageSchema): PlainMessage {
  const message: Record<string, PlainValue> = {};
  if (!isObject(json)) return message;
  for (const field of schema.fields.values()) {
    const value = readField(getOwn(json, field.name), field);
    if (value !== undefined) message[field.name] = value;
  }
  return message;
}

function readField(json: unknown, field: FieldSchema): PlainValue | undefined {
  if (json === undefined || json === null) return undefined;
  if (field.label === 'single') return readOne(json, field.type);
  if (field.label === 'repeated') {
    if (!Array.isArray(json)) return undefined;
    return json.map((item) => readOne(item, field.type)).filter((item) => item !== undefined);
  }
  if (!isObject(json)) return undefined;
  const entries: Record<string, PlainValue> = {};
  for (const [key, item] of Object.entries(json)) {
    const value = readOne(item, field.type);
    if (value !== undefined) putOwn(entries, key, value);
  }
  return entries;
}

function readOne(json: unknown, type: ValueType): PlainValue | undefined {
  if (type.kind === 'message') return readMessage(json, messageSchema(type.name));
  if (type.kind === 'enum') return typeof json === 'number' ? (enumName(type.values, json) ?? json) : scalarOf(json);
  if (type.scalar === 'string' || type.scalar === 'bool') return scalarOf(json);
  if (type.scalar === 'float' || type.scalar === 'double') {
    const value = typeof json === 'string' && json.trim() !== '' ? Number(json) : json;
    return typeof value === 'number' ? plainFloat(value, type.scalar) : scalarOf(json);
  }
  return typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? plainInteger(BigInt(json)) : scalarOf(json);
}

function scalarOf(json: unknown): PlainValue | undefined {
  return typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean' ? json : undefined;
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
