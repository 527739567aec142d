import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { isOwnFlag } from './fixtures/test-engine.ts';
import { readCommand, withoutGiven } from './server-command.ts';

const read = (command: unknown, entrypoint: unknown = null) =>
  readCommand({ command, entrypoint }, 'service triton', isOwnFlag);

describe("a service's command", () => {
  it('keeps its own flags and loses those that a run sets, values in words of their own included', () => {
    const command = [
      'tritonserver',
      '--model-repository=/data',
      '--http-port',
      '8000',
      '--log-verbose',
      '1',
      '--x=$$HOME',
      '--load-model=a',
    ];
    assert.deepEqual(read(command), {
      program: ['tritonserver'],
      flags: ['--log-verbose', '1', '--x=$HOME'],
      repository: '/data',
    });
  });

  it('keeps what stands in front of the server', () => {
    const command = ['numactl', '--membind=0', '/opt/tritonserver/bin/tritonserver', '--log-info=1'];
    assert.deepEqual(read(command), {
      program: ['numactl', '--membind=0', '/opt/tritonserver/bin/tritonserver'],
      flags: ['--log-info=1'],
      repository: '/models',
    });
  });

  it('is made up where there is none, and is flags alone behind an entrypoint that is the server', () => {
    assert.deepEqual(read(null), { program: ['tritonserver'], flags: [], repository: '/models' });
    assert.deepEqual(read(['--log-info=1'], ['tritonserver']), {
      program: [],
      flags: ['--log-info=1'],
      repository: '/models',
    });
    assert.deepEqual(read(['--log-info=1']), {
      program: ['tritonserver'],
      flags: ['--log-info=1'],
      repository: '/models',
    });
  });

  it('has the repository where it can be mounted, a folder and no bucket', () => {
    for (const repository of ['s3://bucket/models', 'models', '', 'gs://x']) {
      assert.equal(read(['tritonserver', `--model-repository=${repository}`]).repository, '/models');
    }
    assert.equal(read(['tritonserver', '--model-repository', '/a b']).repository, '/a b');
  });

  it('is refused where it is a script', () => {
    for (const command of [
      ['sh', '-c', 'tritonserver --model-repository=/models'],
      ['bash', 'start.sh'],
    ]) {
      assert.throws(
        () => read(command),
        (error) => error instanceof Failure && error.exitCode === 2,
      );
    }
  });
});

describe('flags that others are given for', () => {
  it('are left out by name, wherever their values stand', () => {
    assert.deepEqual(withoutGiven(['--a=1', '--b', '2', '--c', '-d=3'], ['--b=4', '--d', '5']), ['--a=1', '--c']);
    assert.deepEqual(withoutGiven(['--a=1'], []), ['--a=1']);
  });
});
