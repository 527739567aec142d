import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { defaultLevels } from './levels.ts';
import { objectiveText, termsOf, withLowerPercentiles } from './objective.ts';
import { parsePlan } from './parse.ts';

const start = `name: small
model: m
modelRepository: ../models
load: { input: rows.csv }
variants: [{ id: two, settings: { instance_group.count: 2 } }]
`;

const read = (text: string) => parsePlan(`${start}${text}\n`, 'plan.yaml');

describe('an objective of capacity', () => {
  it('is the throughput, and its limits are constraints before those of the plan', () => {
    const { objective, constraints } = read(
      'objective: { capacity: { where: { latency.p99: 5ms, latency.mean: 2ms } } }\nconstraints: { throughput: { atLeast: 100 } }',
    );
    const limits = [
      { metric: 'latency.mean', atMostNs: 2e6 },
      { metric: 'latency.p99', atMostNs: 5e6 },
    ];
    assert.deepEqual(objective, { kind: 'capacity', limits, levels: defaultLevels });
    assert.deepEqual(constraints, [...limits, { metric: 'throughput', atLeastPerSecond: 100 }]);
    assert.equal(objectiveText(objective), 'capacity where latency.mean at most 2 ms and latency.p99 at most 5 ms');
    assert.deepEqual(termsOf(objective), [{ direction: 'maximize', metric: 'throughput', weight: 1 }]);
    assert.deepEqual(withLowerPercentiles(objective), [objective]);
  });

  it('has the levels of the plan', () => {
    const { objective } = read('objective: { capacity: { where: { latency.p99: 5ms }, levels: [1, 2, 4] } }');
    assert.deepEqual(objective.kind === 'capacity' && objective.levels, [1, 2, 4]);
  });

  it('doubles its own levels from 1 to 256, with steps in between', () => {
    for (const power of [1, 2, 4, 8, 16, 32, 64, 128, 256]) assert(defaultLevels.includes(power));
    assert.deepEqual([defaultLevels[0], defaultLevels.at(-1)], [1, 256]);
    for (const [index, level] of defaultLevels.entries())
      if (index > 0) assert(level > (defaultLevels[index - 1] ?? 0));
  });

  for (const [what, text, message, hint] of [
    [
      'no limit',
      '{ where: {} }',
      '6:26: objective.capacity.where: where gives latencies their limits: { latency.p99: 5ms }',
    ],
    ['nothing at all', '{}', '6:14: objective.capacity.where: is missing'],
    [
      'a limit without a unit',
      '{ where: { latency.p99: 5 } }',
      '6:35: objective.capacity.where.latency.p99: write a duration such as 90s, 5m or 1h30m',
    ],
    [
      'a limit of throughput',
      '{ where: { throughput: 5ms } }',
      '6:35: objective.capacity.where.throughput: is not a key here',
    ],
    [
      'a misspelt metric',
      '{ where: { latency.p98: 5ms } }',
      '6:35: objective.capacity.where.latency.p98: is not a key here',
      'did you mean latency.p90?',
    ],
    [
      'a misspelt key',
      '{ where: { latency.p99: 5ms }, level: [1, 2] }',
      '6:55: objective.capacity.level: is not a key here',
      'did you mean levels?',
    ],
    [
      'levels that descend',
      '{ where: { latency.p99: 5ms }, levels: [4, 2] }',
      '6:55: objective.capacity.levels: levels ascend, none comes twice',
    ],
    [
      'a level twice',
      '{ where: { latency.p99: 5ms }, levels: [2, 2] }',
      '6:55: objective.capacity.levels: levels ascend, none comes twice',
    ],
    [
      'one level',
      '{ where: { latency.p99: 5ms }, levels: [2] }',
      '6:55: objective.capacity.levels: a variant chooses its level from two at least',
    ],
    [
      'a level of 0',
      '{ where: { latency.p99: 5ms }, levels: [0, 2] }',
      '6:64: objective.capacity.levels[0]: a level is at least 1',
    ],
    [
      'a level beyond all',
      '{ where: { latency.p99: 5ms }, levels: [1, 5000] }',
      '6:67: objective.capacity.levels[1]: a level is at most 4096',
    ],
    ['a key that means something else', '{ where: { __proto__: 5ms } }', '6:35: __proto__ is not a key here'],
  ] as const)
    it(`refuses ${what}, and says where`, () => {
      assert.throws(
        () => read(`objective: { capacity: ${text} }`),
        (error: unknown) => {
          assert(error instanceof Failure);
          assert.deepEqual([error.message, error.hint], [`plan.yaml:${message}`, hint]);
          return true;
        },
      );
    });

  it('refuses a limit that the constraints have too', () => {
    const text =
      'objective: { capacity: { where: { latency.p99: 5ms } } }\nconstraints: { latency.p99: { atMost: 9ms } }';
    assert.throws(
      () => read(text),
      /plan\.yaml:7:16: constraints\.latency\.p99: has a limit in objective\.capacity\.where already/,
    );
  });
});
