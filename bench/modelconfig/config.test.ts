import assert from 'node:assert/strict';
import test from 'node:test';
import { Failure } from '../failure.ts';
import { parseConfig, toPlain } from './config.ts';

const refusals: Record<string, string> = {
  'name: "x"\n  instance_gruop { }': 'c:2:3: ModelConfig has no field "instance_gruop"; did you mean instance_group?',
  'dynamic_batching {\r\n\tmax_queue_delay_us: 1\r\n}':
    'c:2:2: ModelDynamicBatching has no field "max_queue_delay_us"; did you mean max_queue_delay_microseconds?',
  'zzz: 1': 'c:1:1: ModelConfig has no field "zzz"',
  'max_batch_size: "4"': 'c:1:17: expected a whole number (int32), found "\\"4\\""'.replaceAll('\\', ''),
  'max_batch_size: 4.0': 'c:1:17: expected a whole number (int32), found "4.0"',
  'max_batch_size: 2147483648': 'c:1:17: "2147483648" is outside int32: -2147483648 to 2147483647',
  'input { dims: [ 1,\n -9223372036854775809 ] }':
    'c:2:2: "-9223372036854775809" is outside int64: -9223372036854775808 to 9223372036854775807',
  'name: iris': 'c:1:7: expected a string in quotes, found "iris"',
  'input { optional: yes }': 'c:1:19: expected true or false, found "yes"',
  'instance_group { kind: KIND_CUP }':
    'c:1:24: ModelInstanceGroup.Kind has no value "KIND_CUP"; did you mean KIND_CPU?',
  'instance_group { kind: "KIND_CPU" }':
    'c:1:24: expected a value of ModelInstanceGroup.Kind, without quotes, found ""KIND_CPU""',
  'max_batch_size: 1\nmax_batch_size: 1': 'c:2:1: max_batch_size is set twice, first at c:1:1',
  'dynamic_batching { } ensemble_scheduling { }':
    'c:1:22: ensemble_scheduling excludes dynamic_batching, set at c:1:1: both belong to scheduling_choice',
  'name: [ "a" ]': 'c:1:7: name takes one value, not a list',
  'dynamic_batching: true': 'c:1:19: dynamic_batching takes a message in { }, found "true"',
  'max_batch_size { }': 'c:1:16: expected ":" between max_batch_size and its value',
  'max_batch_size: { }': 'c:1:17: max_batch_size takes a plain value, not a message',
  'input { dims [ 1 ] }': 'c:1:14: expected ":" between dims and its value',
  'parameters { k: "v" }': 'c:1:14: an entry of parameters has no field "k"',
  'parameters: [ 1 ]': 'c:1:15: an entry of parameters is written { key: ... value: ... }',
  'name "x"': 'c:1:6: expected ":" after the field name, found ""x""',
  'name:': 'c:1:6: expected a value, found the end of the file',
  'dynamic_batching {\n': 'c:1:18: this "{" is never closed with "}"',
  'input < }': 'c:1:9: expected a field name, found "}"',
  'input { dims: [ 1 2 ] }': 'c:1:19: expected "," or "]", found "2"',
  'name: "x\n"': 'c:1:7: the string does not end on its line',
  'name: "a" \'\\q\'': 'c:1:12: unknown escape in a string: "\\q"',
  'name: "\\377"': 'c:1:7: the string is not UTF-8 once its escapes are decoded',
  'name: "\\501"': 'c:1:8: unknown escape in a string: "\\501"',
  'max_batch_size: 08': 'c:1:17: "08" starts with 0, so its digits must be octal (0 to 7)',
  'max_batch_size: 4x': 'c:1:17: "4x" is not a number',
  'name: "x" @': 'c:1:11: unexpected character "@"',
  'name: "x" \u001b': 'c:1:11: unexpected character "\\u{1b}"',
  'name: "x"\u0000': 'c:1:10: a NUL character is no part of a config',
  '\ufeffname: "x"': 'c:1:1: a byte order mark is no part of a config',
  '[ext]: 1': 'c:1:1: a ModelConfig has no extensions, so no field name in brackets',
};

for (const [text, message] of Object.entries(refusals)) {
  test(`${JSON.stringify(text)} is refused: ${message}`, () => {
    assert.throws(() => parseConfig(text, 'c'), { name: 'Failure', exitCode: 2, code: 'config-invalid', message });
  });
}

test('a message shows hostile text cut short and without marks that move a terminal', () => {
  assert.throws(
    () => parseConfig(`name: "x" "${'\u001b[2J\u202e\u009b'.repeat(50)}" \\`, 'c'),
    (error) => error instanceof Failure && /^c:1:\d+: unexpected character "\\"$/.test(error.message),
  );
  assert.throws(
    () => parseConfig(`max_batch_size: "${'\u001b[2J\u202e'.repeat(50)}"`, 'c'),
    ({ message }: Error) => !/\p{C}/u.test(message) && message.length < 400 && message.includes('\\u{1b}[2J\\u{202e}'),
  );
});

test('hints list what may be written', () => {
  const hintOf = (text: string) => {
    try {
      parseConfig(text, 'c');
    } catch (error) {
      return error instanceof Failure ? error.hint : undefined;
    }
    return undefined;
  };
  assert.equal(hintOf('response_cache { enabled: true }'), 'fields of ModelResponseCache: enable');
  assert.equal(hintOf('version_policy { all { x: 1 } }'), 'ModelVersionPolicy.All has no fields');
  assert.equal(
    hintOf('instance_group { kind: GPU }'),
    'values of ModelInstanceGroup.Kind: KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL',
  );
  assert.match(hintOf('\ufeff') ?? '', /UTF-8 without a byte order mark/);
});

test('a key named __proto__ is a key like any other', () => {
  const config = toPlain(parseConfig('parameters { key: "__proto__" value { string_value: "1" } }', 'c'));
  assert.deepEqual(Object.keys(config.parameters ?? {}), ['__proto__']);
  assert.equal(Object.getPrototypeOf(config.parameters), Object.prototype);
});

test('64-bit integers are numbers where exact and text where not', () => {
  const text = 'dynamic_batching { priority_levels: 9007199254740991 default_priority_level: 9007199254740992 }';
  assert.deepEqual(toPlain(parseConfig(text, 'c')).dynamic_batching, {
    priority_levels: 9007199254740991,
    default_priority_level: '9007199254740992',
  });
});

test('a float of 32 bits is the shortest number that is the same float', () => {
  const text = 'fp32_false_true: [ 0.1, 0.30000001, 0.1234567, 16777217, 3.4028235e38, 1e-45, -0, 1e39 ]';
  const { sequence_batching: sequence } = toPlain(
    parseConfig(`sequence_batching { control_input { control { ${text} } } }`, 'c'),
  );
  const floats = [0.1, 0.3, 0.1234567, 16777216, 3.4028235e38, 1e-45, 0, 'Infinity'];
  assert.deepEqual(sequence, { control_input: [{ control: [{ fp32_false_true: floats }] }] });
});
