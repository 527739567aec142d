import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { asksForCost, constraintText, objectiveText, percentileOf, withLowerPercentiles } from './objective.ts';
import { parsePlan } from './parse.ts';
import type { Objective } from './plan.ts';

const start = `name: small
model: m
modelRepository: ../models
load: { input: rows.csv }
variants: [{ id: two, settings: { instance_group.count: 2 } }]
`;

const costMessage = 'atMost of cost is a number of CPU seconds per 1000 inferences, above 0';

function read(text: string) {
  return parsePlan(`${start}${text}\n`, 'plan.yaml');
}

describe('the objective of a plan', () => {
  it('is one metric, or several by weight, each turned the way that is better', () => {
    assert.deepEqual(read('objective: { maximize: throughput }').objective, {
      kind: 'single',
      direction: 'maximize',
      metric: 'throughput',
    });
    for (const metric of ['latency.mean', 'latency.p50', 'latency.p90', 'latency.p95', 'latency.p99', 'cost'])
      assert.deepEqual(read(`objective: { minimize: ${metric} }`).objective, {
        kind: 'single',
        direction: 'minimize',
        metric,
      });
    assert.deepEqual(read('objective: { weighted: { latency.p99: 0.3, throughput: 0.7 } }').objective, {
      kind: 'weighted',
      terms: [
        { direction: 'maximize', metric: 'throughput', weight: 0.7 },
        { direction: 'minimize', metric: 'latency.p99', weight: 0.3 },
      ],
    });
  });

  it('may weigh the cost, which is better the smaller it is', () => {
    const { objective } = read('objective: { weighted: { cost: 0.3, throughput: 0.7 } }');
    assert.deepEqual(objective, {
      kind: 'weighted',
      terms: [
        { direction: 'maximize', metric: 'throughput', weight: 0.7 },
        { direction: 'minimize', metric: 'cost', weight: 0.3 },
      ],
    });
  });

  it('asks for cost where it, or a constraint, is about cost', () => {
    const asks = ['objective: { minimize: cost }', 'objective: { weighted: { cost: 0.3, latency.p99: 0.7 } }'];
    for (const text of [...asks, 'constraints: { cost: { atMost: 1 } }']) assert.equal(asksForCost(read(text)), true);
    for (const text of ['objective: { minimize: latency.p99 }', 'constraints: { throughput: { atLeast: 1 } }'])
      assert.equal(asksForCost(read(text)), false);
  });

  it('has weights that sum to 1 as people write them', () => {
    const { objective } = read('objective: { weighted: { throughput: 0.1, latency.mean: 0.2, latency.p99: 0.7 } }');
    assert.equal(objectiveText(objective), 'weighted 0.1 throughput, 0.2 latency.mean, 0.7 latency.p99');
  });

  for (const [what, text, message, hint] of [
    [
      'weights of more than 1 in all',
      'weighted: { throughput: 0.7, latency.p99: 0.4 }',
      '6:14: objective.weighted: the weights sum to 1.1, and must sum to 1',
    ],
    [
      'one weight alone',
      'weighted: { throughput: 1 }',
      '6:14: objective.weighted: weighs two metrics at least; one alone is { maximize: throughput } or { minimize: latency.p99 }',
    ],
    [
      'no weights',
      'weighted: {}',
      '6:14: objective.weighted: weighs two metrics at least; one alone is { maximize: throughput } or { minimize: latency.p99 }',
    ],
    [
      'a weight of 0',
      'weighted: { throughput: 1, latency.p99: 0 }',
      '6:41: objective.weighted.latency.p99: a weight is a number above 0 and at most 1',
    ],
    [
      'a weight that is text',
      'weighted: { throughput: most, latency.p99: 0.5 }',
      '6:26: objective.weighted.throughput: a weight is a number above 0 and at most 1',
    ],
    [
      'a weight of a metric that is none',
      'weighted: { throughput: 0.5, latency.p98: 0.5 }',
      '6:43: objective.weighted.latency.p98: is not a key here',
      'did you mean latency.p90?',
    ],
    [
      'weights that are a list',
      'weighted: [throughput, latency.p99]',
      '6:14: objective.weighted: weighted gives each metric its weight: { throughput: 0.7, latency.p99: 0.3 }',
    ],
    [
      'two forms at once',
      'maximize: throughput, minimize: latency.p99',
      '6:1: objective: has one of these forms: write { maximize: throughput }, { minimize: latency.p99 }, { weighted: { throughput: 0.7, latency.p99: 0.3 } } or { capacity: { where: { latency.p99: 5ms } } }',
    ],
    ['a latency to maximize', 'maximize: latency.p99', '6:14: objective.maximize: only throughput can be maximized'],
    [
      'a percentile that is not measured',
      'minimize: latency.p42',
      '6:14: objective.minimize: minimize is one of latency.mean, latency.p50, latency.p90, latency.p95, latency.p99, cost',
    ],
    [
      'a misspelt form',
      'minimise: latency.p99',
      '6:14: objective.minimise: is not a key here',
      'did you mean minimize?',
    ],
  ] as const) {
    it(`cannot be ${what}`, () => {
      const failure = failureOf(`objective: { ${text} }`);
      assert.deepEqual([failure.message, failure.hint], [`plan.yaml:${message}`, hint]);
    });
  }
});

describe('the constraints of a plan', () => {
  it('limit latencies from above and throughput from below', () => {
    const { constraints } = read(
      'constraints: { throughput: { atLeast: 1000 }, latency.p95: { atMost: 2ms }, latency.p90: { atMost: 900us } }',
    );
    assert.deepEqual(constraints, [
      { metric: 'latency.p90', atMostNs: 900e3 },
      { metric: 'latency.p95', atMostNs: 2e6 },
      { metric: 'throughput', atLeastPerSecond: 1_000 },
    ]);
    assert.deepEqual(constraints.map(constraintText), [
      'latency.p90 at most 0.9 ms',
      'latency.p95 at most 2 ms',
      'throughput at least 1000/s',
    ]);
  });

  it('limit the cost from above, in CPU seconds', () => {
    const { constraints } = read('constraints: { cost: { atMost: 0.25 }, throughput: { atLeast: 10 } }');
    assert.deepEqual(constraints, [
      { metric: 'throughput', atLeastPerSecond: 10 },
      { metric: 'cost', atMostCpuSeconds: 0.25 },
    ]);
    assert.equal(constraints.map(constraintText)[1], 'cost at most 0.25 CPU s per 1000');
  });

  for (const [what, text, message] of [
    ['cost of nothing', 'cost: { atMost: 0 }', `6:24: constraints.cost.atMost: ${costMessage}`],
    ['cost as a duration', 'cost: { atMost: 20ms }', `6:24: constraints.cost.atMost: ${costMessage}`],
    [
      'a bare cost',
      'cost: 0.3',
      '6:16: constraints.cost: write a limit such as { atMost: 0.3 }, in CPU seconds per 1000 inferences',
    ],
    ['throughput at most', 'throughput: { atMost: 5 }', '6:30: constraints.throughput.atMost: is not a key here'],
    ['throughput of nothing', 'throughput: { atLeast: 0 }', '6:30: constraints.throughput.atLeast: atLeast is above 0'],
    [
      'a bare number',
      'throughput: 1000',
      '6:16: constraints.throughput: write a limit such as { atLeast: 1000 }, in inferences per second',
    ],
    ['a bare duration', 'latency.p99: 20ms', '6:16: constraints.latency.p99: write a limit such as { atMost: 20ms }'],
    [
      'a limit without a unit',
      'latency.p99: { atMost: 20 }',
      '6:31: constraints.latency.p99.atMost: write a duration such as 90s, 5m or 1h30m',
    ],
    [
      'a percentile that is not measured',
      'latency.p98: { atMost: 20ms }',
      '6:16: constraints.latency.p98: is not a key here',
    ],
  ] as const) {
    it(`cannot be ${what}`, () => assert.equal(failureOf(`constraints: { ${text} }`).message, `plan.yaml:${message}`));
  }
});

describe('lower percentiles', () => {
  const single = (metric: 'latency.p99' | 'latency.p95' | 'latency.p90' | 'latency.p50' | 'throughput'): Objective => ({
    kind: 'single',
    direction: metric === 'throughput' ? 'maximize' : 'minimize',
    metric,
  });

  it('are p95, then p90 of what asks for more', () => {
    const texts = (objective: Objective) => withLowerPercentiles(objective).map(objectiveText);
    assert.deepEqual(texts(single('latency.p99')), [
      'minimize latency.p99',
      'minimize latency.p95',
      'minimize latency.p90',
    ]);
    assert.deepEqual(texts(single('latency.p95')), ['minimize latency.p95', 'minimize latency.p90']);
    for (const metric of ['latency.p90', 'latency.p50', 'throughput'] as const)
      assert.deepEqual(texts(single(metric)), [objectiveText(single(metric))]);
    assert.deepEqual(texts(read('objective: { weighted: { throughput: 0.7, latency.p99: 0.3 } }').objective), [
      'weighted 0.7 throughput, 0.3 latency.p99',
      'weighted 0.7 throughput, 0.3 latency.p95',
      'weighted 0.7 throughput, 0.3 latency.p90',
    ]);
  });

  it('are shares; a mean and a rate are none', () => {
    const metrics = ['latency.p50', 'latency.p90', 'latency.p95', 'latency.p99', 'latency.mean', 'throughput'] as const;
    assert.deepEqual(metrics.map(percentileOf), [0.5, 0.9, 0.95, 0.99, null, null]);
  });
});

function failureOf(text: string): Failure {
  try {
    read(text);
  } catch (error) {
    assert(error instanceof Failure && error.exitCode === 2);
    return error;
  }
  return assert.fail('the plan was accepted');
}
