import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { execaSync } from 'execa';
import { Failure } from '../failure.ts';
import { pythonPath, requires } from '../testing/requires.ts';
import { parseConfig, printConfig, toPlain } from './config.ts';
import { readPlain } from './normalise.ts';
import { defaultOf, type PlainMessage, type PlainValue } from './plain.ts';
import { type FieldSchema, type MessageSchema, messageSchema, modelConfigSchema } from './schema.ts';

const folder = fileURLToPath(new URL('fixtures/', import.meta.url));
const names = readdirSync(folder).filter((name) => name.endsWith('.pbtxt'));
const expected: Record<string, { config?: unknown; refused?: true }> = JSON.parse(read('expected.json'));

/**
 * Where Python's text_format judges otherwise than we do. Triton reads the file with the C++ parser, so we follow that:
 * `protoc --encode` accepts each file under `accepted` and refuses each under `refused`, but for default-set-twice.
 */
const differing: Record<'accepted' | 'refused', Record<string, string>> = {
  accepted: {
    'bool-hex.pbtxt': 'C++ reads a bool that is a number as any integer literal, Python only as 0 or 1',
    'enum-octal.pbtxt': 'C++ reads octal enum numbers, Python does not',
    'negative-with-blank.pbtxt': 'to C++ the sign is a token of its own, blanks may follow it',
    'surrogate-pair.pbtxt': 'C++ joins two \\u escapes to one character, Python fails on the first',
  },
  refused: {
    'refused-default-set-twice.pbtxt':
      'both parsers miss a field set twice if it was a default first; it is a mistake, and an edit would not know which to change',
    'refused-no-break-space.pbtxt': 'blanks are ASCII to C++, Unicode to Python',
    'refused-plus-sign.pbtxt': 'C++ has no plus sign',
    'refused-string-unknown-escape.pbtxt': 'C++ refuses an unknown escape, Python keeps it with its backslash',
    'refused-underscored-number.pbtxt': 'digits grouped by underscores are Python',
    'refused-unsigned-minus-zero.pbtxt': 'C++ has no sign before an unsigned number',
  },
};

/** Values that Python reads otherwise than C++ and we do. */
const readOtherwise: Record<string, unknown> = {
  'escape-question-mark.pbtxt': { name: 'a?b' },
};

test('the corpus and its expectations name the same files', () => {
  assert.deepEqual(Object.keys(expected).toSorted(), names.toSorted());
  assert.ok(names.length >= 100);
});

for (const name of names) {
  const refused = differing.refused[name] !== undefined || (expected[name]?.refused && !differing.accepted[name]);
  test(`${name} is ${refused ? 'refused, with its place,' : 'read'} as by protobuf`, () => {
    const text = read(name);
    assert.equal(name.startsWith('refused-'), refused ?? false);
    if (refused) {
      assert.throws(() => parseConfig(text, name), isPlacedFailure(name));
      return;
    }
    const document = parseConfig(text, name);
    assert.equal(printConfig(document), text);
    if (differing.accepted[name] !== undefined) return;
    const theirs = readOtherwise[name] ?? expected[name]?.config;
    assert.deepEqual(withoutDefaults(toPlain(document), modelConfigSchema), readPlain(theirs));
  });
}

test('each difference from Python is one, not a leftover', () => {
  for (const name of Object.keys(differing.accepted)) assert.equal(expected[name]?.refused, true, name);
  for (const name of Object.keys(differing.refused)) assert.notEqual(expected[name]?.config, undefined, name);
});

test('what only C++ reads has the value that C++ gives it', () => {
  const configOf = (name: string) => toPlain(parseConfig(read(name), name));
  assert.deepEqual(configOf('bool-hex.pbtxt'), { input: [{ optional: true, is_shape_tensor: false }] });
  assert.deepEqual(configOf('enum-octal.pbtxt'), { input: [{ data_type: 'TYPE_FP32' }] });
  assert.deepEqual(configOf('negative-with-blank.pbtxt'), { input: [{ dims: [-1, -2] }] });
  assert.deepEqual(configOf('surrogate-pair.pbtxt'), { name: '😀' });
});

test('expected.json is what Python says today', requires('python'), () => {
  const made = execaSync(pythonPath(), ['-W', 'ignore', `${folder}make_expected.py`, '--print']);
  assert.deepEqual(JSON.parse(made.stdout), expected);
});

function read(name: string): string {
  return readFileSync(`${folder}${name}`, 'utf8');
}

function isPlacedFailure(name: string): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.exitCode, 2);
    assert.match(error.message, new RegExp(`^${name}:\\d+:\\d+: [^\\n]+$`));
    return true;
  };
}

/** Python's MessageToDict leaves out what equals its default and has no presence; so does this. */
function withoutDefaults(message: PlainMessage, schema: MessageSchema): PlainMessage {
  const kept: Record<string, PlainValue> = {};
  for (const field of schema.fields.values()) {
    const value = message[field.name];
    if (value !== undefined && !isLeftOut(value, field)) kept[field.name] = inside(value, field);
  }
  return kept;
}

function isLeftOut(value: PlainValue, field: FieldSchema): boolean {
  if (field.label !== 'single') return Object.keys(value).length === 0;
  return field.type.kind !== 'message' && field.oneof === undefined && value === defaultOf(field);
}

function inside(value: PlainValue, field: FieldSchema): PlainValue {
  if (field.type.kind !== 'message') return value;
  const schema = messageSchema(field.type.name);
  const one = (item: PlainValue) => withoutDefaults(item as PlainMessage, schema);
  if (field.label === 'single') return one(value);
  if (field.label === 'repeated') return (value as readonly PlainValue[]).map(one);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, one(item)]));
}
