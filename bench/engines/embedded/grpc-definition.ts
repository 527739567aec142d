import type { ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { enums } from '../../modelconfig/schema/enums.ts';
import { type FieldSchema, messageSchemas } from '../../modelconfig/schema.ts';
import { protocolMessages, protocolMethods } from './grpc-messages.ts';

type Field = { type: string; id: number; rule?: 'repeated'; keyType?: string };
type Namespace = {
  fields?: Record<string, Field>;
  oneofs?: Record<string, { oneof: string[] }>;
  values?: Record<string, number>;
  methods?: Record<string, { requestType: string; responseType: string; requestStream?: true; responseStream?: true }>;
  nested?: Record<string, Namespace>;
};

/** The service as grpc-js takes it. 64-bit integers come as text, so that none loses digits. */
export function serviceDefinition(): ServiceDefinition {
  const root = { nested: { inference: packageJson() } };
  const definition = fromJSON(root as Parameters<typeof fromJSON>[0], {
    keepCase: true,
    longs: String,
    enums: String,
    arrays: true,
    objects: true,
    oneofs: true,
  });
  return definition['inference.GRPCInferenceService'] as ServiceDefinition;
}

/** The package `inference` in protobufjs' JSON: the protocol's own messages, and ModelConfig's from its schema. */
export function packageJson(): Namespace {
  const top: Namespace = { nested: {} };
  for (const [name, fields] of Object.entries(protocolMessages)) {
    const message = namespaceOf(top, name);
    message.fields = {};
    for (const [field, text] of Object.entries(fields)) addField(message, field, readField(text));
  }
  for (const { name, fields } of messageSchemas.values()) {
    const message = namespaceOf(top, name);
    message.fields = {};
    for (const field of fields.values()) addField(message, field.name, schemaField(field));
  }
  for (const [name, values] of Object.entries(enums)) namespaceOf(top, name).values = values;
  namespaceOf(top, 'GRPCInferenceService').methods = {
    ...Object.fromEntries(
      protocolMethods.map((name) => [name, { requestType: `${name}Request`, responseType: `${name}Response` }]),
    ),
    ModelStreamInfer: {
      requestType: 'ModelInferRequest',
      responseType: 'ModelStreamInferResponse',
      requestStream: true,
      responseStream: true,
    },
  };
  return top;
}

/** Where a dotted name lies, made on the way. */
function namespaceOf(top: Namespace, name: string): Namespace {
  let at = top;
  for (const part of name.split('.')) {
    at.nested ??= {};
    at = at.nested[part] ??= {};
  }
  return at;
}

type Described = Field & { oneof?: string | undefined };

function addField(message: Namespace, name: string, { oneof, ...field }: Described): void {
  message.fields = { ...message.fields, [name]: field };
  if (oneof === undefined) return;
  message.oneofs ??= {};
  message.oneofs[oneof] ??= { oneof: [] };
  message.oneofs[oneof].oneof.push(name);
}

function readField(text: string): Described {
  const parts = /^(\d+) (?:(repeated) |map<(\w+), )?([\w.]+)>?(?: in (\w+))?$/.exec(text);
  if (parts === null) throw new Error(`the protocol's field is not readable: ${text}`);
  const [, id, repeated, keyType, type = '', oneof] = parts;
  return {
    type,
    id: Number(id),
    oneof,
    ...(repeated === undefined ? {} : { rule: 'repeated' as const }),
    ...(keyType === undefined ? {} : { keyType }),
  };
}

function schemaField({ number, label, type, keyType, oneof }: FieldSchema): Described {
  return {
    type: type.kind === 'scalar' ? type.scalar : type.name,
    id: number,
    oneof,
    ...(label === 'repeated' ? { rule: 'repeated' as const } : {}),
    ...(label === 'map' ? { keyType: keyType ?? 'string' } : {}),
  };
}
