import fc from 'fast-check';
import { getOwn, type PlainMessage, type PlainValue, putOwn } from './plain.ts';
import { type Draw, drawValue, pick } from './random-document.test-suite.ts';
import { entrySchema, type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from './schema.ts';
import type { SettingValue } from './settings.ts';

/** A setting, and the message that a document has once it is in force. */
export type Target = { readonly path: string; readonly value: SettingValue; readonly after: PlainMessage };

/** A random path that fits a message, a value for it, and the message with the value in place: what an edit is to give. */
export function drawSetting(draw: Draw, plain: PlainMessage): Target {
  const steps = descend(draw, plain, modelConfigSchema, '');
  return { path: steps.path, value: steps.value as SettingValue, after: steps.after as PlainMessage };
}

type Spot = { path: string; value: PlainValue | null; after: PlainMessage };

function descend(draw: Draw, message: PlainMessage, schema: MessageSchema, above: string): Spot {
  const known = [...schema.fields.values()].filter((each) => !isBare(each));
  const field = pick(draw, known);
  const path = above === '' ? field.name : `${above}.${field.name}`;
  const present = getOwn(message, field.name);
  const put = (value: PlainValue | undefined): PlainMessage => replaced(message, field.name, value);
  if (field.label === 'single') return one(draw, field, { path, present, put });
  if (draw(fc.nat, { max: 3 }) === 0) return whole(draw, field, path, put);
  if (field.label === 'map') {
    const entries = (present ?? {}) as PlainMessage;
    const key = drawKey(draw, field, entries);
    const inner = (value: PlainValue | undefined) => put(replaced(entries, key, value));
    const spot = { path: `${path}[${JSON.stringify(key)}]`, present: getOwn(entries, key), put: inner };
    return one(draw, field, spot);
  }
  const items = (present ?? []) as readonly PlainValue[];
  const index = draw(fc.nat, { max: items.length });
  const inner = (value: PlainValue | undefined) => {
    return put(value === undefined ? items.toSpliced(index, 1) : items.with(index < items.length ? index : -1, value));
  };
  const grow = (value: PlainValue | undefined) => (value === undefined ? put(items) : put([...items, value]));
  const mark = index === items.length && draw(fc.boolean) ? '+' : String(index);
  const spot = { path: `${path}[${mark}]`, present: items[index], put: index < items.length ? inner : grow };
  return one(draw, field, spot, index < items.length);
}

type Place = { path: string; present: PlainValue | undefined; put: (value: PlainValue | undefined) => PlainMessage };

function one(draw: Draw, field: FieldSchema, place: Place, removable = true): Spot {
  if (removable && draw(fc.nat, { max: 5 }) === 0)
    return { path: place.path, value: null, after: place.put(undefined) };
  if (field.type.kind === 'message' && draw(fc.boolean)) {
    const inner = messageSchema(field.type.name);
    const open = [...inner.fields.values()].some((each) => !isBare(each));
    if (open) {
      const spot = descend(draw, (place.present ?? {}) as PlainMessage, inner, place.path);
      const untouched = spot.value === null && place.present === undefined;
      return { ...spot, after: untouched ? place.put(undefined) : place.put(spot.after) };
    }
  }
  const value = settable(drawValue(draw, field.type));
  return { path: place.path, value, after: place.put(value) };
}

function whole(draw: Draw, field: FieldSchema, path: string, put: Place['put']): Spot {
  if (draw(fc.nat, { max: 3 }) === 0) return { path, value: null, after: put(undefined) };
  const count = draw(fc.nat, { max: 3 });
  const values = Array.from({ length: count }, () => settable(drawValue(draw, field.type)));
  if (field.label === 'repeated') return { path, value: values, after: put(values) };
  const entries: Record<string, PlainValue> = {};
  for (const value of values) putOwn(entries, drawKey(draw, field, {}), value);
  return { path, value: entries, after: put(entries) };
}

/** Fields that settings cannot fill with what a random document holds: text for numbers that JSON lacks. */
function isBare(field: FieldSchema): boolean {
  return field.type.kind === 'scalar' && (field.type.scalar === 'float' || field.type.scalar === 'double');
}

function settable(value: PlainValue): PlainValue {
  if (value === 'Infinity' || value === '-Infinity' || value === 'NaN') return 1;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(settable);
  const entries = Object.entries(value).map(([key, item]) => [key, settable(item ?? '')] as const);
  const message: Record<string, PlainValue> = {};
  for (const [key, item] of entries) putOwn(message, key, item);
  return message;
}

function drawKey(draw: Draw, field: FieldSchema, entries: PlainMessage): string {
  const key = entrySchema(field).fields.get('key');
  if (key === undefined) throw new Error('a map has keys');
  const known = Object.keys(entries);
  return known.length > 0 && draw(fc.boolean) ? pick(draw, known) : String(drawValue(draw, key.type));
}

function replaced(message: PlainMessage, name: string, value: PlainValue | undefined): PlainMessage {
  const copy: Record<string, PlainValue> = {};
  for (const [key, item] of Object.entries(message)) if (key !== name && item !== undefined) putOwn(copy, key, item);
  if (value !== undefined) putOwn(copy, name, value);
  return copy;
}
