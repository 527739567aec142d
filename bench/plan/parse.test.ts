import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Failure } from '../failure.ts';
import { engineOfKind } from './engine-choice.ts';
import { parsePlan } from './parse.ts';

const minimal = `name: small
model: m
modelRepository: ../models
load: { input: rows.csv }
variants:
  - { id: two, settings: { instance_group.count: 2 } }
`;

function failureOf(text: string): Failure {
  try {
    parsePlan(text, 'configs/plan.yaml');
  } catch (error) {
    assert.ok(error instanceof Failure);
    assert.equal(error.exitCode, 2);
    return error;
  }
  return assert.fail('the plan was accepted');
}

test('a plan of the needed keys alone has every default filled in, and paths count from its own folder', () => {
  assert.deepEqual(parsePlan(minimal, 'plan.yaml', '/home/u/configs/plan.yaml'), {
    name: 'small',
    model: 'm',
    modelRepository: '/home/u/models',
    engine: engineOfKind('auto'),
    placement: { kind: 'auto' },
    apply: 'auto',
    load: {
      protocol: 'http',
      concurrency: 8,
      batchSize: 1,
      input: '/home/u/configs/rows.csv',
      requestTimeoutMs: 60_000,
    },
    objective: { kind: 'single', direction: 'maximize', metric: 'throughput' },
    constraints: [],
    goal: 'improve',
    practicalMargin: 0.02,
    alpha: 0.05,
    budgetMs: null,
    blocks: null,
    slicesPerBlock: 4,
    seed: 1,
    expectEqual: false,
    variants: [{ id: 'two', settings: { 'instance_group.count': 2 } }],
    conditions: [],
    allowResponseCache: false,
  });
});

test('input that is made up is no file, unless it says so', () => {
  const inputOf = (input: string): string =>
    parsePlan(minimal.replace('rows.csv', input), 'plan.yaml', '/home/u/plan.yaml').load.input;
  assert.deepEqual(['random', 'zero', './random', 'data/x.npy', '/d/x.json'].map(inputOf), [
    'random',
    'zero',
    '/home/u/random',
    '/home/u/data/x.npy',
    '/d/x.json',
  ]);
});

test('objective, constraints, shares and durations are read as people write them', () => {
  const plan = parsePlan(
    `${minimal}objective: { minimize: latency.p99 }\nconstraints: { latency.p99: { atMost: 20ms }, latency.mean: { atMost: 500us } }\npracticalMargin: 3%\nbudget: 1h30m\nengine: local\n`,
    'plan.yaml',
  );
  assert.deepEqual(plan.objective, { kind: 'single', direction: 'minimize', metric: 'latency.p99' });
  assert.deepEqual(plan.constraints, [
    { metric: 'latency.mean', atMostNs: 500e3 },
    { metric: 'latency.p99', atMostNs: 20e6 },
  ]);
  assert.equal(plan.practicalMargin, 0.03);
  assert.equal(plan.budgetMs, 5_400_000);
  assert.equal(plan.engine.kind, 'local');
});

test('the committed plans are read', () => {
  for (const [file, count] of [
    ['iris', 11],
    ['noise', 3],
  ] as const) {
    const url = new URL(`../../configs/${file}.yaml`, import.meta.url);
    assert.equal(parsePlan(readFileSync(url, 'utf8'), `${file}.yaml`).variants.length, count);
  }
});

const broken: [what: string, change: (text: string) => string, message: string, hint?: string][] = [
  [
    'a misspelt key',
    (t) => t.replace('variants', 'variant'),
    'configs/plan.yaml:5:1: variant: is not a key here',
    'did you mean variants?',
  ],
  [
    'a misspelt key further in',
    (t) => t.replace('input:', 'inptu: x, input:'),
    'configs/plan.yaml:4:9: load.inptu: is not a key here',
    'did you mean input?',
  ],
  ['a missing key', (t) => t.replace('model: m\n', ''), 'configs/plan.yaml:1:1: model: is missing'],
  [
    'a number that is text',
    (t) => `${t}blocks: many\n`,
    'configs/plan.yaml:7:1: blocks: blocks is a whole number from 1 to 1000',
  ],
  [
    'a duration without unit',
    (t) => `${t}budget: 60\n`,
    'configs/plan.yaml:7:1: budget: write a duration such as 90s, 5m or 1h30m',
  ],
  [
    'a share that is none',
    (t) => `${t}practicalMargin: two\n`,
    'configs/plan.yaml:7:1: practicalMargin: write a share such as 2% or 0.02',
  ],
  [
    'a margin of everything',
    (t) => `${t}practicalMargin: 100%\n`,
    'configs/plan.yaml:7:1: practicalMargin: a margin is below 100%: write 2% or 0.02',
  ],
  [
    'an alpha that claims everything',
    (t) => `${t}alpha: 0.7\n`,
    'configs/plan.yaml:7:1: alpha: alpha lies between 0.001 and 0.2',
  ],
  [
    'two variants of one name',
    (t) => `${t}  - { id: two, settings: { max_batch_size: 4 } }\n`,
    'configs/plan.yaml:7:7: variants[1].id: "two" is the id of two variants',
  ],
  [
    'a variant that is named as the baseline',
    (t) => t.replace('id: two', 'id: baseline'),
    'configs/plan.yaml:6:7: variants[0].id: "baseline" is the name of the committed config.pbtxt; choose another',
  ],
  [
    'a variant that sets nothing',
    (t) => t.replace(', settings: { instance_group.count: 2 }', ''),
    'configs/plan.yaml:6:5: variants[0]: "two" sets nothing, so it is the baseline again',
    'a plan of equal variants says expectEqual: true',
  ],
  [
    'a name that is a path',
    (t) => t.replace('model: m', 'model: ../m'),
    'configs/plan.yaml:2:1: model: model may hold letters, digits, ".", "_" and "-" (at most 100), no leading "." or "-"',
  ],
  [
    'broken YAML',
    (t) => `${t}seed: [1\n`,
    'configs/plan.yaml:8:1: Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a list', () => '- a\n', 'configs/plan.yaml:1:1: a plan is a map of keys such as name, model and variants'],
  ['nothing', () => '', 'configs/plan.yaml:1:1: a plan is a map of keys such as name, model and variants'],
  ['a key twice', (t) => `${t}name: other\n`, 'configs/plan.yaml:7:1: Map keys must be unique'],
  ['a prototype', (t) => `${t}__proto__: { a: 1 }\n`, 'configs/plan.yaml:7:1: __proto__ is not a key here'],
];

for (const [what, change, message, hint] of broken) {
  test(`${what} is an error with its place`, () => {
    const failure = failureOf(change(minimal));
    assert.equal(failure.message, message);
    assert.equal(failure.hint, hint);
  });
}

test('a prototype further in is refused too, and not left out of what is measured', () => {
  const failure = failureOf(minimal.replace('instance_group.count: 2', 'parameters: { __proto__: x }'));
  assert.equal(failure.message, 'configs/plan.yaml:6:42: __proto__ is not a key here');
});

test('server flags that decide what is served or where are refused, others are kept', () => {
  const flagged = (flag: string) => `${minimal}engine: { kind: local, flags: ["${flag}"] }\n`;
  for (const flag of ['--id=triton', '--model-repository=/x', '--http-port=1', '-id=x', '--model-control-mode=none']) {
    assert.match(failureOf(flagged(flag)).message, /engine\.flags\[0\]: Tritune sets this flag itself: leave it out/);
  }
  const { engine } = parsePlan(flagged('--http-thread-count=4'), 'plan.yaml');
  assert.deepEqual(engine.flags, ['--http-thread-count=4']);
});

test("a server's path counts from the plan's folder, as all others do", () => {
  const { engine } = parsePlan(
    `${minimal}engine: { kind: local, path: ./bin/tritonserver }\n`,
    'plan.yaml',
    '/home/u/plan.yaml',
  );
  assert.equal(engine.path, '/home/u/bin/tritonserver');
});

test('aliases that multiply are refused before they fill the memory', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
  for (let depth = 1; depth < 12; depth += 1) {
    const before = depth === 1 ? 'a' : `a${depth - 1}`;
    lines.push(`b${depth}: &a${depth} [${Array(10).fill(`*${before}`).join(', ')}]`);
  }
  assert.match(failureOf(lines.join('\n')).message, /repeats its aliases too often/);
});
