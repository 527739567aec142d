import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Settings } from '../modelconfig/settings.ts';
import { configSettings, flagsFor, isOwnFlag, serverFlagsOf, wrongFlag } from './server-flags.ts';

describe('the command line of a variant', () => {
  const common = [
    '--log-verbose=1',
    '--http-thread-count',
    '4',
    '--cache-config=local,size=1',
    '--metrics-config',
    'a=b',
  ];
  const flags = (settings: Settings) => flagsFor(common, settings);

  it('is the common one where the variant sets no flag, the same words for all such variants', () => {
    assert.equal(flags({ 'instance_group.count': 2 }), common);
  });

  it('has its own flags by name, in place of those of the plan, values in words of their own included', () => {
    assert.deepEqual(flags({ 'server.http-thread-count': 16, max_batch_size: 4, 'server.allow-metrics': false }), [
      ...['--log-verbose=1', '--cache-config=local,size=1', '--metrics-config', 'a=b'],
      ...['--allow-metrics=false', '--http-thread-count=16'],
    ]);
  });

  it('leaves out a flag that is null, and repeats one that is a list', () => {
    assert.deepEqual(flags({ 'server.log-verbose': null, 'server.metrics-config': ['x=1', 'y=2'] }), [
      ...['--http-thread-count', '4', '--cache-config=local,size=1', '--metrics-config=x=1', '--metrics-config=y=2'],
    ]);
  });

  it('is the same whatever the order of the settings', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 6 }), (names) => {
        const settings = (order: string[]) => Object.fromEntries(order.map((name) => [`server.${name}`, name.length]));
        assert.deepEqual(flags(settings(names)), flags(settings(names.toReversed())));
      }),
      { seed: 1 },
    );
  });
});

it('the settings of config.pbtxt are those that are no flags', () => {
  const settings = { 'instance_group.count': 2, 'server.rate-limit': 'off', 'parameters.server': 'x' };
  assert.deepEqual(configSettings(settings), { 'instance_group.count': 2, 'parameters.server': 'x' });
  assert.deepEqual(serverFlagsOf(settings), [{ name: 'rate-limit', words: ['--rate-limit=off'] }]);
});

describe('a flag of the server', () => {
  it('is a text, a number, true, false, null, or a list of these', () => {
    for (const value of ['off', '', 16, 0.5, true, false, null, ['a', 2]])
      assert.equal(wrongFlag('server.rate-limit', value), undefined);
  });

  for (const [what, path, value, message] of [
    ['a name with dashes before it', 'server.--http-thread-count', 1, /is no flag of a server/],
    ['no name', 'server.', 1, /is no flag of a server/],
    ['a path of a config', 'server.a.b', 1, /is no flag of a server/],
    ['a name with a space', 'server.http-thread-count 1 --id', 1, /is no flag of a server/],
    ['a port', 'server.http-port', 1, /is set by Tritune itself/],
    ['the beginning of what Triton takes for a port', 'server.http-p', 1, /is set by Tritune itself/],
    ['what opens a port to other hosts', 'server.allow-sagemaker', true, /is set by Tritune itself/],
    ['an object', 'server.rate-limit', { a: 1 }, /takes a text, a number/],
    ['a list of lists', 'server.rate-limit', [['a']], /takes a text, a number/],
    ['an empty list', 'server.rate-limit', [], /takes a value, or a list/],
    ['a line feed', 'server.rate-limit', 'off\n--id=x', /holds control characters/],
    ['what ends a word', 'server.rate-limit', 'off\0', /holds control characters/],
    ['a very long text', 'server.rate-limit', 'x'.repeat(4_097), /longer than 4096 characters/],
    ['the name of the shared memory', 'server.backend-config', 'python,shm-region-prefix-name=x', /shared memory/],
  ] as const) {
    it(`is not ${what}`, () => assert.match(wrongFlag(path, value) ?? '', message));
  }
});

it('Tritune sets its own flags, however they are written, and no other', () => {
  for (const own of ['--id=x', '-id', '--http-port=1', '--model-repo', '--exit-timeout-secs', '--load-model=*'])
    assert.equal(isOwnFlag(own), true, own);
  for (const free of ['--http-thread-count=4', '--ids', 'http-port', '8', '--grpc-infer-thread-count'])
    assert.equal(isOwnFlag(free), false, free);
});
