import { isDefault, isMeaningful, normalise, readPlain } from './normalise.ts';
import { parsePath, type Step } from './path.ts';
import { getOwn, type PlainConfig, type PlainMessage, type PlainValue } from './plain.ts';
import { type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from './schema.ts';

/** A field that the server runs with another value than asked; undefined where one side does not have it. */
export type Difference = {
  readonly path: string;
  readonly asked: PlainValue | undefined;
  readonly served: PlainValue | undefined;
};

// Left at its default, each of these is the server's to choose.
const chosenByServer = new Set([
  'name',
  'platform',
  'backend',
  'default_model_filename',
  'instance_group.name',
  'instance_group.kind',
  'instance_group.count',
  'instance_group.gpus',
  'sequence_batching.max_sequence_idle_microseconds',
]);

/**
 * Where the config that a server reports is another than the one asked for: each field set in the asked one, each
 * element that the served lists have beyond it, and the scheduler, since auto-completion may switch batching on where
 * it was switched off. A field at its default equals an absent one. `paths` names settings that must hold too where the
 * asked config lacks their field: what a setting removed may not be served.
 */
export function differences(
  asked: PlainConfig | PlainMessage,
  served: PlainConfig | PlainMessage,
  paths: readonly string[] = [],
): Difference[] {
  const left = readPlain(asked);
  const right = readPlain(served);
  const found = compareMessages(left, right, modelConfigSchema, {
    path: '',
    pattern: '',
    batchSize: right.max_batch_size,
  });
  const schedulers = ['dynamic_batching', 'sequence_batching', 'ensemble_scheduling'];
  for (const path of new Set([...schedulers, ...paths])) {
    const steps = parsePath(path);
    const ours = valueAt(left, steps);
    const theirs = valueAt(right, steps);
    if (ours === undefined && theirs !== undefined && !isUnset(theirs, steps) && !mayBeFilledIn(path, theirs, right))
      found.push({ path, asked: ours, served: theirs });
  }
  return found.filter((each, index) => found.findIndex((other) => other.path === each.path) === index);
}

/** One string for all configs that Triton runs alike: what it fills in is filled in, defaults and order do not count. */
export function canonical(config: PlainConfig | PlainMessage): string {
  return JSON.stringify(sorted(normalise(config)));
}

/**
 * Whether a config can be loaded with `--disable-auto-complete-config`: a backend or platform, and inputs and outputs
 * that each have a name, a data type and dims.
 */
export function isComplete(config: PlainConfig | PlainMessage): boolean {
  const { backend = '', platform = '', input = [], output = [] } = readPlain(config);
  const tensors = [...input, ...output];
  if ((backend === '' && platform === '') || input.length === 0 || output.length === 0) return false;
  return tensors.every(({ name = '', data_type: type = 'TYPE_INVALID', dims = [] }) => {
    return name !== '' && type !== 'TYPE_INVALID' && dims.length > 0;
  });
}

type Spot = {
  readonly path: string;
  /** The path without indexes and keys. */
  readonly pattern: string;
  readonly batchSize: number | undefined;
};

function compareMessages(asked: PlainMessage, served: PlainMessage, schema: MessageSchema, spot: Spot): Difference[] {
  const dot = spot.path === '' ? '' : '.';
  return [...schema.fields.values()].flatMap((field) => {
    const ours = asked[field.name];
    if (ours === undefined) return [];
    const at = { ...spot, path: spot.path + dot + field.name, pattern: spot.pattern + dot + field.name };
    return compareFields(ours, served[field.name], field, at);
  });
}

function compareFields(
  asked: PlainValue,
  served: PlainValue | undefined,
  field: FieldSchema,
  spot: Spot,
): Difference[] {
  if (isDefault(asked, field) && (isDefault(served, field) || isChosen(served, spot))) return [];
  const inner = field.type.kind === 'message' ? messageSchema(field.type.name) : undefined;
  if (field.label === 'single' && inner !== undefined && (served !== undefined || !isMeaningful(field))) {
    return compareMessages(asked as PlainMessage, (served ?? {}) as PlainMessage, inner, spot);
  }
  if (field.label === 'map') return compareEntries(asked as PlainMessage, (served ?? {}) as PlainMessage, field, spot);
  if (field.label === 'repeated' && inner !== undefined) {
    return compareElements(asked as readonly PlainValue[], (served ?? []) as readonly PlainValue[], inner, spot);
  }
  const equal = JSON.stringify(asked) === JSON.stringify(served);
  return equal ? [] : [{ path: spot.path, asked, served }];
}

function compareElements(
  asked: readonly PlainValue[],
  served: readonly PlainValue[],
  schema: MessageSchema,
  spot: Spot,
): Difference[] {
  return Array.from({ length: Math.max(asked.length, served.length) }, (_, index) => {
    const at = { ...spot, path: `${spot.path}[${index}]` };
    const [ours, theirs] = [asked[index], served[index]];
    if (ours === undefined || theirs === undefined) return [{ path: at.path, asked: ours, served: theirs }];
    return compareMessages(ours as PlainMessage, theirs as PlainMessage, schema, at);
  }).flat();
}

function compareEntries(asked: PlainMessage, served: PlainMessage, field: FieldSchema, spot: Spot): Difference[] {
  const inner = field.type.kind === 'message' ? messageSchema(field.type.name) : undefined;
  return Object.entries(asked).flatMap(([key, ours]) => {
    const at = { ...spot, path: `${spot.path}${/^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`}` };
    const theirs = getOwn(served, key);
    if (ours === undefined || ours === theirs) return [];
    if (theirs === undefined || inner === undefined) return [{ path: at.path, asked: ours, served: theirs }];
    return compareMessages(ours as PlainMessage, theirs as PlainMessage, inner, at);
  });
}

function isChosen(served: PlainValue | undefined, spot: Spot): boolean {
  if (chosenByServer.has(spot.pattern)) return true;
  const preferred = /^(dynamic_batching|sequence_batching\.oldest)\.preferred_batch_size$/.test(spot.pattern);
  return preferred && JSON.stringify(served) === JSON.stringify([spot.batchSize]);
}

function valueAt(config: PlainMessage, steps: readonly Step[]): PlainValue | undefined {
  let value: PlainValue | undefined = config;
  for (const step of steps) {
    if (typeof value !== 'object' || Array.isArray(value)) return undefined;
    const message = value as PlainMessage;
    // A map's entry is the value itself here, so the step to its `value` stays where it is.
    if (step.kind === 'single' && step.field.name === 'value' && !Object.hasOwn(message, 'value')) continue;
    value = getOwn(message, step.field.name);
    if (step.kind === 'entry' && value !== undefined) value = getOwn(value as PlainMessage, step.key);
    if (step.kind === 'item' && value !== undefined) {
      value =
        step.index === 'append' ? undefined : (value as readonly PlainValue[])[step.index === 'only' ? 0 : step.index];
    }
  }
  return value;
}

// Whatever these hold when a setting removed them, the server has chosen.
const filledIn = new Set([
  'instance_group',
  'optimization',
  'version_policy',
  'default_model_filename',
  'platform',
  'backend',
]);

function mayBeFilledIn(path: string, served: PlainValue, config: PlainConfig): boolean {
  const [first = ''] = path.split(/[.[]/);
  return filledIn.has(first) || isChosen(served, { path, pattern: path, batchSize: config.max_batch_size });
}

function isUnset(served: PlainValue, steps: readonly Step[]): boolean {
  const last = steps.at(-1);
  return last === undefined || (last.kind !== 'entry' && isDefault(served, last.field));
}

function sorted(value: PlainValue): PlainValue {
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value as PlainMessage).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => [key, sorted(item ?? '')]);
}
