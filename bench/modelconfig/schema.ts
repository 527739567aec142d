import { enums } from './schema/enums.ts';
import { modelMessages } from './schema/model.ts';
import { policyMessages } from './schema/policies.ts';
import { schedulingMessages } from './schema/scheduling.ts';

export type ScalarType = 'string' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double';

/** What one value of a field is: a plain scalar, an enum (value name -> number), or a message. */
export type ValueType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly name: string; readonly values: ReadonlyMap<string, number> }
  | { readonly kind: 'message'; readonly name: string };

export type FieldSchema = {
  readonly name: string;
  readonly number: number;
  readonly label: 'single' | 'repeated' | 'map';
  /** Type of one value; of a map, the type of an entry's `value`. */
  readonly type: ValueType;
  /** Type of a map's keys; undefined for every other field. */
  readonly keyType: ScalarType | undefined;
  /** Name of the oneof the field belongs to: at most one of its members may be set. */
  readonly oneof: string | undefined;
};

export type MessageSchema = { readonly name: string; readonly fields: ReadonlyMap<string, FieldSchema> };

const scalarTypes: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'bool',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'float',
  'double',
]);

/** Every message of model_config.proto by name without the package, e.g. `ModelRateLimiter.Resource`. */
export const messageSchemas: ReadonlyMap<string, MessageSchema> = new Map(
  Object.entries({ ...modelMessages, ...schedulingMessages, ...policyMessages }).map(([name, fields]) => [
    name,
    { name, fields: new Map(Object.entries(fields).map(([field, text]) => [field, readField(field, text)])) },
  ]),
);

/** The message named; a name that the schema does not have is a bug. */
export function messageSchema(name: string): MessageSchema {
  const found = messageSchemas.get(name);
  if (found === undefined) throw new Error(`the schema has no message ${name}`);
  return found;
}

/** The message a config.pbtxt holds. */
export const modelConfigSchema: MessageSchema = messageSchema('ModelConfig');

const entrySchemas = new Map<FieldSchema, MessageSchema>();

/** A map's entries as the text format writes them: a message with the fields `key` and `value`. */
export function entrySchema(field: FieldSchema): MessageSchema {
  const made = entrySchemas.get(field);
  if (made !== undefined) return made;
  const { keyType: scalar = 'string', type } = field;
  const shared = { label: 'single', keyType: undefined, oneof: undefined } as const;
  const key: FieldSchema = { ...shared, name: 'key', number: 1, type: { kind: 'scalar', scalar } };
  const value: FieldSchema = { ...shared, name: 'value', number: 2, type };
  const schema = { name: `an entry of ${field.name}`, fields: new Map([key, value].map((each) => [each.name, each])) };
  entrySchemas.set(field, schema);
  return schema;
}

function readField(name: string, text: string): FieldSchema {
  const parts = /^(\d+) (?:(repeated) |map<(\w+), (?=.*>))?([\w.]+)>?(?: in (\w+))?$/.exec(text);
  if (parts === null) throw new Error(`the schema's field ${name} is not readable: ${text}`);
  const [, number, repeated, key, type = '', oneof] = parts;
  return {
    name,
    number: Number(number),
    label: key !== undefined ? 'map' : repeated !== undefined ? 'repeated' : 'single',
    type: readType(type),
    keyType: key === undefined ? undefined : readScalar(key),
    oneof,
  };
}

function readType(name: string): ValueType {
  if (scalarTypes.has(name)) return { kind: 'scalar', scalar: readScalar(name) };
  const values = enums[name];
  if (values !== undefined) return { kind: 'enum', name, values: new Map(Object.entries(values)) };
  return { kind: 'message', name };
}

function readScalar(name: string): ScalarType {
  if (!scalarTypes.has(name)) throw new Error(`the schema has no scalar type ${name}`);
  return name as ScalarType;
}
