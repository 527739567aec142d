import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { compareEnvironments } from './environment-differences.ts';
import { syntheticRecord } from './run.fixture.ts';
import { changesSince, checkUnchanged } from './unchanged.ts';

const environment = {
  host: { name: 'a', cpu: 'Xeon', cores: 32, governor: 'performance', kernel: 'Linux 6.1' },
  topology: { allowed: '0-31', nodes: { node0: '0-15', node1: '16-31' } },
  container: { cpus: null, memoryBytes: 'unknown' },
  software: { node: 'v24.1.0' },
  git: { commit: 'abc', dirty: false },
  model: { 'config.pbtxt': 'd4', '1/model.onnx': '5d' },
};

describe('two environments', () => {
  it('are the same where all that both tell is, whatever the host is called and however keys are ordered', () => {
    const other = {
      ...environment,
      host: { kernel: 'Linux 6.1', cores: 32, cpu: 'Xeon', governor: 'performance', name: 'b' },
      topology: { nodes: { node1: '16-31', node0: '0-15' }, allowed: '0-31' },
      model: { '1/model.onnx': '5d', 'config.pbtxt': 'd4' },
    };
    assert.deepEqual(compareEnvironments(environment, other), {
      differences: [],
      unseen: ['the memory limit of the container'],
    });
  });

  it('differ in what is told with both values, those that make another host of it first', () => {
    const other = {
      ...environment,
      host: { ...environment.host, cpu: 'EPYC', governor: 'powersave' },
      container: { cpus: 2 },
      git: { commit: 'abc', dirty: true },
    };
    assert.deepEqual(compareEnvironments(environment, other).differences, [
      { what: "the host's CPU model", before: 'Xeon', now: 'EPYC', forbids: true },
      { what: 'the CPU quota of the container', before: 'none', now: '2', forbids: true },
      { what: 'the CPU governor', before: 'performance', now: 'powersave', forbids: false },
      { what: 'uncommitted changes', before: 'false', now: 'true', forbids: false },
    ]);
  });

  it('differ in files of the model that changed, came or went', () => {
    const other = { ...environment, model: { 'config.pbtxt': 'd5', 'new.txt': '00' } };
    const [difference] = compareEnvironments(environment, other).differences;
    assert.deepEqual(difference, {
      what: 'the model files',
      before: '1/model.onnx 5d, config.pbtxt d4, new.txt not there',
      now: '1/model.onnx not there, config.pbtxt d5, new.txt 00',
      forbids: true,
    });
  });

  it('are never called the same in what one of them does not know', () => {
    const guest = { ...environment, host: { ...environment.host, governor: 'unknown' } };
    const { differences, unseen } = compareEnvironments(environment, guest);
    assert.deepEqual([differences, unseen.includes('the CPU governor')], [[], true]);
    assert.equal(compareEnvironments({}, environment).differences.length, 1);
    assert.equal(compareEnvironments({ host: 'x', model: 7 }, { host: null }).differences.length, 0);
  });
});

describe('what a run may not change until it goes on', () => {
  const arms = [
    { id: 'baseline', ratio: 1 },
    { id: 'two', ratio: 1 },
  ];
  const record = { ...syntheticRecord({ arms, blocks: 5, sd: 0 }), environment };
  const present = {
    candidates: [],
    environment: environment as never,
    inputMd5: record.inputMd5,
    placement: record.placement,
  };

  it('is its host, as far as it computes, and the CPUs of server and client', () => {
    assert.deepEqual(changesSince(record, present), []);
    const placement = { ...record.placement, divided: true, server: '0-13', client: '14-15' };
    const moved = { ...environment, host: { ...environment.host, cores: 16, governor: 'powersave' } };
    assert.deepEqual(changesSince(record, { ...present, placement, environment: moved as never }), [
      "the host's number of CPUs (32; now 16)",
      'the CPUs of server and client (0-1 for both; now 0-13 and 14-15)',
    ]);
    assert.throws(
      () => checkUnchanged(record, { ...present, placement }),
      (error) => error instanceof Failure && error.exitCode === 6,
    );
  });
});
