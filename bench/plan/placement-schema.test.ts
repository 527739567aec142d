import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { parsePlan } from './parse.ts';
import { parsePlacement, placementText } from './placement-schema.ts';
import type { PlacementChoice } from './plan.ts';

const plan =
  'name: small\nmodel: m\nmodelRepository: ../models\nload: { input: rows.csv }\nvariants: [{ id: two, settings: { instance_group.count: 2 } }]\n';

describe('the placement of a plan', () => {
  it('is auto, none, or the lists of both sides', () => {
    const read = (text: string) => parsePlan(`${plan}placement: ${text}\n`, 'plan.yaml').placement;
    assert.deepEqual(read('none'), { kind: 'none' });
    assert.deepEqual(read('auto'), { kind: 'auto' });
    assert.deepEqual(read('{ server: "0-2,8", client: 3 }'), { kind: 'lists', server: [0, 1, 2, 8], client: [3] });
  });

  it('is refused with its line where it is anything else', () => {
    const cases = {
      all: /placement/,
      '[0, 1]': /placement: placement is auto, none, or lists of CPUs/,
      '{ server: "0-3" }': /placement/,
      '{ server: "0-3", client: "3-4" }': /placement: CPU 3 is in both lists/,
      '{ server: "0-3", client: "" }': /placement\.client: write a list of CPUs in quotes/,
      '{ server: "3-0", client: "4" }': /placement\.server: write a list of CPUs/,
      '{ server: "0-99999999", client: "4" }': /placement\.server: write a list of CPUs/,
      '{ server: "0; reboot", client: "4" }': /placement\.server: write a list of CPUs/,
      '{ server: "0", client: "4", memory: 0 }': /placement/,
    };
    for (const [text, message] of Object.entries(cases)) {
      const { message: told, exitCode } = failureOf(`${plan}placement: ${text}\n`);
      assert.match(told, /^plan\.yaml:6:/);
      assert.match(told, message);
      assert.equal(exitCode, 2);
    }
  });

  it('is the same from the command line, and is written back as it is read', () => {
    const lists: PlacementChoice = { kind: 'lists', server: [0, 1, 2, 8], client: [3] };
    assert.deepEqual(parsePlacement('0-2,8:3'), lists);
    for (const choice of [lists, { kind: 'auto' }, { kind: 'none' }] as const)
      assert.deepEqual(parsePlacement(placementText(choice)), choice);
    for (const text of ['', 'some', '0-3', '0:1:2', ':', '0-3:a', 'server=0', '$(reboot):1'])
      assert.match(String(parsePlacement(text)), /^write auto, none, or two lists of CPUs, SERVER:CLIENT/, text);
    assert.equal(parsePlacement('0-3:3'), 'CPU 3 is in both lists: each belongs to one of them');
  });
});

describe('the environment of a server', () => {
  const read = (text: string) => parsePlan(`${plan}engine: { kind: local, environment: ${text} }\n`, 'plan.yaml');

  it('is read by name', () => {
    const { environment } = read('{ LD_PRELOAD: /usr/lib/libjemalloc.so.2, OMP_NUM_THREADS: "1" }').engine;
    assert.deepEqual(environment, { LD_PRELOAD: '/usr/lib/libjemalloc.so.2', OMP_NUM_THREADS: '1' });
  });

  it('takes texts alone, no names that are none, and no control characters', () => {
    const cases = {
      '{ OMP_NUM_THREADS: 1 }':
        /environment\.OMP_NUM_THREADS: the value of a variable is a text: put numbers in quotes/,
      '{ "A=B": x }': /a variable is named by letters/,
      '{ "": x }': /a variable is named by letters/,
      '{ A: "a\\nb" }': /holds no control characters/,
      '{ A: "\\0" }': /holds no control characters/,
      '{ PATH: /tmp }': /environment\.PATH: decides which server and which files run/,
      '{ LD_LIBRARY_PATH: /tmp }': /decides which server/,
      '{ __proto__: x }': /__proto__ is not a key here/,
      'LD_PRELOAD=x': /environment gives variables their values/,
    };
    for (const [text, message] of Object.entries(cases))
      assert.match(failureOf(`${plan}engine: { kind: local, environment: ${text} }\n`).message, message);
  });
});

function failureOf(text: string): Failure {
  try {
    parsePlan(text, 'plan.yaml');
  } catch (error) {
    assert(error instanceof Failure);
    return error;
  }
  return assert.fail('the plan was accepted');
}
