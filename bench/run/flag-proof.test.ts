import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { flagStatus, flagsNotGiven, flagsWithoutEffect, isOfFlags, serverFacts, startRefusal } from './flag-proof.ts';

const log = [
  'I1123 09:53:14.166835 15746 tritonserver.cc:2598]',
  '+----------------------------------+-------+',
  '| Option                           | Value |',
  '+----------------------------------+-------+',
  '| rate_limit                       | OFF   |',
  '| min_supported_compute_capability | 6.0   |',
  '| strict_readiness                 | 0     |',
  '+----------------------------------+-------+',
];
type Told = Parameters<typeof serverFacts>[0];
const server = { pid: undefined, command: ['tritonserver', '--x=1'], logSince: () => log } as unknown as Told;

describe('what a server tells of the flags of a variant', () => {
  it('is what its log has of them, and its command line', () => {
    const settings = { 'server.strict-readiness': false, 'server.http-thread-count': 4, 'server.rate-limit': 'off' };
    assert.deepEqual(serverFacts(server, settings), {
      pid: null,
      command: ['tritonserver', '--x=1'],
      told: { 'rate-limit': 'OFF', 'strict-readiness': '0' },
    });
    assert.deepEqual(serverFacts(server, { max_batch_size: 4 }).told, {});
  });

  it('verifies a flag where it is the same value, in its own way of writing', () => {
    for (const [asked, told] of [
      ['false', '0'],
      ['true', '1'],
      ['off', 'OFF'],
      ['6', '6.0'],
      ['', ''],
    ] as const)
      assert.equal(flagStatus([`--x=${asked}`], told), 'verified', asked);
    for (const [asked, told] of [
      ['true', '0'],
      ['', '0'],
      ['16', undefined],
      ['a=b', 'a'],
    ] as const)
      assert.equal(flagStatus([`--x=${asked}`], told), 'accepted, effect unknown', asked);
    assert.equal(flagStatus([], '0'), 'accepted, effect unknown');
  });

  it('is that it has no use for one, or runs without it', () => {
    const settings = { 'server.a': 1, 'server.b': [1, 2] };
    assert.deepEqual(flagsWithoutEffect(settings, ['--a has no effect here', '--bb has no effect here']), ['a']);
    assert.deepEqual(flagsNotGiven(settings, ['x', '--a=1', '--b=1', '--b=2']), []);
    assert.deepEqual(flagsNotGiven(settings, ['x', '--a=11', '--b=1']), ['a', 'b']);
  });
});

describe('a start that fails with flags of a variant', () => {
  const failure = (hint: string, code = 'server-died') =>
    new Failure('server', code, 'tritonserver ended by itself (exit code 1)', { hint });

  it('is told in the words of the server', () => {
    for (const [hint, reason] of [
      [
        "what it logged:\n/a/bin/tritonserver: unrecognized option '--x=1'\n...\n used",
        "tritonserver: unrecognized option '--x=1'",
      ],
      [
        'what it logged:\nUsage\nBad option: "--x".\nInvalid option value. Got abc',
        'Bad option: "--x". | Invalid option value. Got abc',
      ],
      ['it logged nothing', 'tritonserver ended by itself (exit code 1)'],
    ] as const)
      assert.equal(startRefusal(failure(hint)), `the server does not start with these flags: ${reason}`);
  });

  it('is not what goes wrong on the host', () => {
    assert.deepEqual(
      ['server-died', 'server-not-ready', 'engine-changed', 'no-shell', 'log'].map((code) =>
        isOfFlags(failure('', code)),
      ),
      [true, true, false, false, false],
    );
    assert.equal(isOfFlags(new Failure('interrupted', 'interrupted', 'x')), false);
  });
});
