import assert from 'node:assert/strict';
import test from 'node:test';
import { Failure } from '../failure.ts';
import { editConfig } from './edit.ts';
import type { Settings } from './settings.ts';

const twoGroups = 'instance_group [ { count: 1 kind: KIND_CPU }, { count: 2 kind: KIND_GPU gpus: [ 0 ] } ]\n';
const refusals: { settings: Settings; text?: string; says: string; hint?: RegExp }[] = [
  {
    settings: { instanc_group: null },
    says: 'setting "instanc_group": ModelConfig has no field "instanc_group"; did you mean instance_group?',
  },
  {
    settings: { 'dynamic_batching.max_queue_delay_us': 1 },
    says: 'setting "dynamic_batching.max_queue_delay_us": ModelDynamicBatching has no field "max_queue_delay_us"; did you mean max_queue_delay_microseconds?',
    hint: /^fields of ModelDynamicBatching: preferred_batch_size, /,
  },
  {
    settings: { 'instance_group.count': 4 },
    text: twoGroups,
    says: 'setting "instance_group.count": there are 2 of instance_group: [0] count 1, kind KIND_CPU; [1] count 2, kind KIND_GPU, gpus [0]',
    hint: /^name one of them: instance_group\[0\] to instance_group\[1\]$/,
  },
  {
    settings: { 'instance_group[3].count': 4 },
    text: twoGroups,
    says: 'setting "instance_group[3].count": there is no instance_group[3], there are 2: [0] count 1, kind KIND_CPU; [1] count 2, kind KIND_GPU, gpus [0]',
    hint: /instance_group\[2\] or instance_group\[\+\] appends/,
  },
  {
    settings: { 'instance_group[2]': null },
    text: twoGroups,
    says: 'setting "instance_group[2]": there is no such element of instance_group to remove',
  },
  {
    settings: { 'instance_group[1].count': 1 },
    says: 'setting "instance_group[1].count": there is no instance_group[1], there are none yet',
  },
  { settings: { 'name.first': 'x' }, says: 'setting "name.first": "name" is a plain value: it has no parts' },
  { settings: { 'name[0]': 'x' }, says: 'setting "name[0]": name is neither a list nor a map' },
  { settings: { 'parameters[+]': 'x' }, says: 'setting "parameters[+]": parameters is a map: name a key' },
  {
    settings: { 'instance_group["a"]': {} },
    says: 'setting "instance_group[\\"a\\"]": instance_group is a list: [0] is its first element'.replaceAll('\\', ''),
  },
  { settings: { '': 1 }, says: 'setting "": not a path from character 1 on' },
  { settings: { 'a..b': 1 }, says: 'setting "a..b": not a path from character 2 on' },
  { settings: { max_batch_size: '4' }, says: 'setting "max_batch_size": expected a whole number (int32), found "4"' },
  { settings: { max_batch_size: 4.5 }, says: 'setting "max_batch_size": expected a whole number (int32), found 4.5' },
  {
    settings: { max_batch_size: 2 ** 31 },
    says: 'setting "max_batch_size": expected a number from -2147483648 to 2147483647 (int32), found 2147483648',
  },
  {
    settings: { 'dynamic_batching.priority_levels': -1 },
    says: 'setting "dynamic_batching.priority_levels": expected a number from 0 to 18446744073709551615 (uint64), found -1',
  },
  {
    settings: { 'dynamic_batching.priority_levels': 2 ** 53 },
    says: 'setting "dynamic_batching.priority_levels": expected a whole number of at most 2^53 - 1, to be exact, found 9007199254740992',
  },
  { settings: { name: 4 }, says: 'setting "name": expected text, found 4' },
  {
    settings: { name: '\ud800' },
    says: 'setting "name": expected text that is valid Unicode without NUL, found "\ufffd"',
  },
  {
    settings: { 'response_cache.enable': 1 },
    says: 'setting "response_cache.enable": expected true or false, found 1',
  },
  {
    settings: { 'instance_group.kind': 'KIND_CPUS' },
    says: 'setting "instance_group.kind": ModelInstanceGroup.Kind has no value "KIND_CPUS"; did you mean KIND_CPU?',
  },
  {
    settings: { 'instance_group.kind': 9 },
    says: 'setting "instance_group.kind": ModelInstanceGroup.Kind has no value 9',
  },
  {
    settings: { 'dynamic_batching.preferred_batch_size': 4 },
    says: 'setting "dynamic_batching.preferred_batch_size": expected a list, found 4',
    hint: /write \[ \.\.\. \]/,
  },
  {
    settings: { 'dynamic_batching.preferred_batch_size': [4, '8'] },
    says: 'setting "dynamic_batching.preferred_batch_size[1]": expected a whole number (int32), found "8"',
  },
  { settings: { instance_group: { count: 1 } }, says: 'setting "instance_group": expected a list, found an object' },
  {
    settings: { dynamic_batching: true },
    says: 'setting "dynamic_batching": expected an object with fields of ModelDynamicBatching, found true',
  },
  {
    settings: { dynamic_batching: { delay: 1 } },
    says: 'setting "dynamic_batching": ModelDynamicBatching has no field "delay"',
  },
  { settings: { 'parameters.k': true }, says: 'setting "parameters.k": expected text, found true', hint: /in quotes/ },
  {
    settings: { 'dynamic_batching.priority_queue_policy.x': {} },
    says: 'setting "dynamic_batching.priority_queue_policy.x": expected a key that is a number (uint64), found "x"',
  },
  {
    settings: { version_policy: { all: {}, latest: {} } },
    says: 'setting "version_policy": latest excludes all: both belong to policy_choice',
  },
  {
    settings: { 'sequence_batching.iterative_sequence': true },
    text: 'dynamic_batching { }\n',
    says: 'with the settings in force, c:2:1: sequence_batching excludes dynamic_batching, set at c:1:1: both belong to scheduling_choice',
    hint: /`dynamic_batching: null` removes it/,
  },
  { settings: {}, text: 'nme: "x"', says: 'c:1:1: ModelConfig has no field "nme"; did you mean name?' },
];

for (const { settings, text = '', says, hint } of refusals) {
  test(`editConfig refuses ${JSON.stringify(settings)}${text === '' ? '' : ` on ${JSON.stringify(text)}`}`, () => {
    assert.throws(
      () => editConfig(text, 'c', settings),
      (error) => {
        assert.ok(error instanceof Failure, String(error));
        assert.equal(error.message, says);
        assert.equal(error.exitCode, 2);
        if (hint !== undefined) assert.match(error.hint ?? '', hint);
        return true;
      },
    );
  });
}
