import { defaultOf, getOwn, type PlainConfig, type PlainMessage, type PlainValue } from '../../modelconfig/plain.ts';
import { type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from '../../modelconfig/schema.ts';

/** Instances on the CPU where a config does not count them, as Triton chooses for onnxruntime. */
const defaultInstanceCount = 2;

/** A config as Triton fills it in when it loads an ONNX model; what is filled in is what an asked config left to the server. */
export function fillIn(config: PlainConfig, model: string): PlainConfig {
  return {
    ...config,
    name: model,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: config.version_policy ?? { latest: { num_versions: 1 } },
    optimization: {
      input_pinned_memory: { enable: true },
      output_pinned_memory: { enable: true },
      ...(config.optimization as PlainMessage | undefined),
    },
    ...(config.dynamic_batching !== undefined && { dynamic_batching: withPreferredSize(config) }),
    instance_group: fillGroups(config, model),
    default_model_filename: fileNameOf(config),
  };
}

/** The JSON that `GET /v2/models/M/config` answers: every plain field, the message fields that are set. */
export function toServedConfig(config: PlainConfig): PlainMessage {
  return spellOut(config, modelConfigSchema);
}

/** The file in each version folder that a config means. */
export function fileNameOf({ default_model_filename: name }: PlainConfig): string {
  return typeof name === 'string' && name !== '' ? name : 'model.onnx';
}

function withPreferredSize({ dynamic_batching: batching = {}, max_batch_size: most = 0 }: PlainConfig): PlainMessage {
  const preferred = batching.preferred_batch_size;
  const isSet = Array.isArray(preferred) && preferred.length > 0;
  return isSet || most <= 0 ? batching : { ...batching, preferred_batch_size: [most] };
}

function fillGroups({ instance_group: groups = [] }: PlainConfig, model: string): PlainMessage[] {
  if (groups.length === 0) return [{ name: model, kind: 'KIND_CPU', count: defaultInstanceCount }];
  return groups.map((group, index) => {
    const kind = group.kind === undefined || group.kind === 'KIND_AUTO' ? 'KIND_CPU' : group.kind;
    const usual = kind === 'KIND_MODEL' ? 1 : defaultInstanceCount;
    const count = group.count !== undefined && group.count > 0 ? group.count : usual;
    return { ...group, name: group.name || `${model}_${index}`, kind, count };
  });
}

function spellOut(message: PlainMessage, schema: MessageSchema): PlainMessage {
  const shown: Record<string, PlainValue> = {};
  for (const field of schema.fields.values()) {
    const value = spellField(getOwn(message, field.name), field);
    if (value !== undefined) shown[field.name] = value;
  }
  return shown;
}

function spellField(value: PlainValue | undefined, field: FieldSchema): PlainValue | undefined {
  if (field.label === 'repeated') return ((value ?? []) as readonly PlainValue[]).map((one) => spellOne(one, field));
  if (field.label === 'map') {
    const entries = Object.entries((value ?? {}) as PlainMessage);
    return Object.fromEntries(entries.map(([key, one]) => [key, spellOne(one ?? {}, field)]));
  }
  if (value !== undefined) return spellOne(value, field);
  return field.type.kind === 'message' || field.oneof !== undefined ? undefined : defaultOf(field);
}

function spellOne(value: PlainValue, field: FieldSchema): PlainValue {
  return field.type.kind === 'message' ? spellOut(value as PlainMessage, messageSchema(field.type.name)) : value;
}
