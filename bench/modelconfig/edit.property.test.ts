import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import { parseConfig, toPlain } from './config.ts';
import { editConfig } from './edit.ts';
import { type PlainMessage, type PlainValue, putOwn } from './plain.ts';
import { type Draw, writeMessage } from './random-document.test-suite.ts';
import { drawSetting } from './random-setting.test-suite.ts';
import { type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from './schema.ts';
import type { SettingValue } from './settings.ts';

const runs = { seed: 20240625, numRuns: 2000 };

test('an edited text says what was asked, all else unchanged, and the same edit again changes no byte', () => {
  let conflicts = 0;
  fc.assert(
    fc.property(fc.gen(), (draw: Draw) => {
      const { text, plain } = writeMessage(draw, modelConfigSchema);
      const { path, value, after } = drawSetting(draw, plain);
      if (hasConflict(after, modelConfigSchema)) {
        conflicts += 1;
        assert.throws(() => editConfig(text, 'c', { [path]: value }), isConflict);
        return;
      }
      const edited = editConfig(text, 'c', { [path]: value });
      assert.deepEqual(lean(toPlain(parseConfig(edited, 'c'))), lean(after));
      if (!path.includes('[+]')) assert.equal(repeat(edited, path, value), edited);
      if (same(plain, after) && value !== null) assert.equal(edited, text);
      if (value === null) assert.ok(isPartOf(edited.replace(/\s/g, ''), text), 'a removal only removes');
      if (path.endsWith('[+]')) assert.ok(isPartOf(text.replace(/\s/g, ''), edited), 'an insertion only inserts');
    }),
    runs,
  );
  assert.ok(conflicts > 0 && conflicts < 500, String(conflicts));
});

test('a new value for a scalar that is there leaves every other character as it was', () => {
  fc.assert(
    fc.property(fc.gen(), fc.integer({ min: 1, max: 64 }), (draw, count) => {
      const { text } = writeMessage(draw, modelConfigSchema);
      const before = `${text}\nmax_batch_size :# old\n7#tail\n`;
      if (/max_batch_size/.test(text)) return;
      const after = editConfig(before, 'c', { max_batch_size: count });
      assert.equal(after, `${text}\nmax_batch_size :# old\n${count}#tail\n`);
    }),
    { ...runs, numRuns: 200 },
  );
});

test('what is added and then removed leaves the text as it was, where the file has lines of its own', () => {
  const text = '# head\nname: "x" # the name\n\ninput [\n  {\n    name: "a"\n  }\n]\n# tail\n';
  for (const [path, value] of [
    ['max_batch_size', 4],
    ['dynamic_batching', { preferred_batch_size: [4] }],
    ['parameters.k', 'v'],
    ['input[+]', { name: 'b' }],
    ['input[0].dims', [1]],
  ] as const) {
    const edited = editConfig(text, 'c', { [path]: value });
    assert.notEqual(edited, text);
    assert.equal(editConfig(edited, 'c', { [path.replace('[+]', '[1]')]: null }), text);
  }
});

/** Whether all characters of one text are in the other, in the same order. */
function isPartOf(part: string, text: string): boolean {
  let at = 0;
  for (const mark of part) {
    at = text.indexOf(mark, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

/** A removal by index takes the next element when repeated; every other edit has nothing left to do. */
function repeat(edited: string, path: string, value: SettingValue): string {
  return value === null && path.endsWith(']') ? edited : editConfig(edited, 'c', { [path]: value });
}

function hasConflict(message: PlainMessage, schema: MessageSchema): boolean {
  const owners = [...schema.fields.values()]
    .filter((each) => message[each.name] !== undefined)
    .map((each) => each.oneof);
  const named = owners.filter((each) => each !== undefined);
  return (
    new Set(named).size < named.length || [...schema.fields.values()].some((field) => conflictInside(message, field))
  );
}

function conflictInside(message: PlainMessage, field: FieldSchema): boolean {
  const value = message[field.name];
  if (value === undefined || field.type.kind !== 'message') return false;
  const inner = messageSchema(field.type.name);
  const values = field.label === 'single' ? [value] : Object.values(value);
  return values.some((each) => hasConflict(each as PlainMessage, inner));
}

function isConflict(error: unknown): boolean {
  return error instanceof Failure && error.code === 'setting-conflict';
}

/** Without empty lists and maps: the text format has no difference between them and absent ones. */
function lean(message: PlainMessage, schema: MessageSchema = modelConfigSchema): PlainMessage {
  const kept: Record<string, PlainValue> = {};
  for (const field of schema.fields.values()) {
    const value = message[field.name];
    if (value === undefined || (field.label !== 'single' && Object.keys(value).length === 0)) continue;
    kept[field.name] = leanInside(value, field);
  }
  return kept;
}

function leanInside(value: PlainValue, field: FieldSchema): PlainValue {
  if (field.type.kind !== 'message') return value;
  const inner = messageSchema(field.type.name);
  if (field.label === 'single') return lean(value as PlainMessage, inner);
  if (Array.isArray(value)) return value.map((item) => lean(item, inner));
  const entries: Record<string, PlainValue> = {};
  for (const [key, item] of Object.entries(value)) putOwn(entries, key, lean(item as PlainMessage, inner));
  return entries;
}

function same(before: PlainMessage, after: PlainMessage): boolean {
  try {
    assert.deepEqual(lean(before), lean(after));
    return true;
  } catch {
    return false;
  }
}
