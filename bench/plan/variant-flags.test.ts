import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { parsePlan } from './parse.ts';

const head = 'name: p\nmodel: m\nmodelRepository: .\nload: { input: random }\n';
const variantsOf = (text: string) => parsePlan(head + text, 'plan.yaml').variants;

describe('flags of the server in a plan', () => {
  it('stand among the settings of a variant, or beside them as serverFlags', () => {
    assert.deepEqual(
      variantsOf(`variants:
  - { id: a, settings: { instance_group.count: 2, server.http-thread-count: 16 } }
  - { id: b, settings: { instance_group.count: 2 }, serverFlags: { http-thread-count: 16 } }
  - { id: c, serverFlags: { allow-metrics: false } }
`),
      [
        { id: 'a', settings: { 'instance_group.count': 2, 'server.http-thread-count': 16 } },
        { id: 'b', settings: { 'instance_group.count': 2, 'server.http-thread-count': 16 } },
        { id: 'c', settings: { 'server.allow-metrics': false } },
      ],
    );
  });

  it('are an axis of a search like any other', () => {
    const search =
      'search: { strategy: grid, parameters: { server.http-thread-count: [4, 8], max_batch_size: [1, 8] } }';
    assert.deepEqual(
      variantsOf(search).map(({ id }) => id),
      [
        'http-thread-count-4_batch-1',
        'http-thread-count-4_batch-8',
        'http-thread-count-8_batch-1',
        'http-thread-count-8_batch-8',
      ],
    );
  });

  for (const [what, text, message] of [
    [
      'Tritune sets itself',
      'variants:\n  - { id: a, serverFlags: { http-port: 1 } }',
      /^plan\.yaml:6:29: variants\[0\]\.serverFlags\.http-port: is set by Tritune itself/,
    ],
    [
      'is none',
      'variants:\n  - { id: a, settings: { server.X: 1 } }',
      /^plan\.yaml:6:26: variants\[0\]\.settings\.server\.X: is no flag/,
    ],
    [
      'is given twice',
      'variants:\n  - { id: a, settings: { server.x: 1 }, serverFlags: { x: 2 } }',
      /serverFlags\.x: stands among the settings too/,
    ],
    [
      'Tritune sets itself, in a search',
      'search: { strategy: grid, parameters: { server.id: [a, b] } }',
      /^plan\.yaml:5:41: search\.parameters\.server\.id: is set by Tritune itself/,
    ],
    ['is no key of a plan', 'variants:\n  - { id: a, serverFlags: { __proto__: 1 } }', /__proto__ is not a key here/],
    ['makes no variant', 'variants:\n  - { id: a, serverFlags: {} }', /"a" sets nothing/],
  ] as const) {
    it(`are refused with the line where one ${what}`, () => {
      assert.throws(
        () => variantsOf(text),
        (error) => {
          assert(error instanceof Failure);
          assert.match(error.message, message);
          return error.exitCode === 2;
        },
      );
    });
  }
});
