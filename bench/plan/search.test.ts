import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePlan } from './parse.ts';
import { expandSearch, gridSize, type Search } from './search.ts';

const parameters = { 'instance_group.count': [1, 2], max_batch_size: [8, 16, 32] };
const search = (strategy: Search['strategy'], changes: Partial<Search> = {}): Search => ({
  strategy,
  parameters,
  samples: 4,
  ...changes,
});

describe('a search', () => {
  it('of a grid is every combination', () => {
    assert.deepEqual(
      expandSearch(search('grid'), 1).map((settings) => Object.values(settings)),
      [
        [1, 8],
        [1, 16],
        [1, 32],
        [2, 8],
        [2, 16],
        [2, 32],
      ],
    );
    assert.equal(gridSize(search('grid')), 6);
  });

  it('one at a time leaves the other parameters as they are committed', () => {
    assert.deepEqual(expandSearch(search('one-at-a-time'), 1).slice(1, 3), [
      { 'instance_group.count': 2 },
      { max_batch_size: 8 },
    ]);
  });

  it('at random draws as many different ones as asked, the same for a seed', () => {
    const first = expandSearch(search('random'), 7);
    assert.deepEqual(expandSearch(search('random'), 7), first);
    assert.notDeepEqual(expandSearch(search('random'), 8), first);
    assert.equal(new Set(first.map((settings) => JSON.stringify(settings))).size, 4);
    assert.equal(expandSearch(search('random', { samples: 50 }), 7).length, 6);
  });

  it('of a Latin hypercube has each value of a list equally often, and one in each part of a range', () => {
    const range = { from: 1, to: 1_000, scale: 'log', whole: true } as const;
    const samples = expandSearch(search('latin-hypercube', { parameters: { ...parameters, x: range }, samples: 6 }), 3);
    const valuesOf = (path: string): number[] =>
      samples.map((settings) => Number(settings[path])).sort((a, b) => a - b);
    assert.deepEqual(valuesOf('instance_group.count'), [1, 1, 1, 2, 2, 2]);
    assert.deepEqual(valuesOf('max_batch_size'), [8, 8, 16, 16, 32, 32]);
    valuesOf('x').forEach((value, index) => {
      const edge = (share: number): number => 0.5 * (1_000.5 / 0.5) ** share;
      assert(value >= Math.floor(edge(index / 6)) && value <= Math.ceil(edge((index + 1) / 6)), String(value));
    });
  });

  it('over a range gives every whole number of it a chance, its ends included', () => {
    const range = { from: 1, to: 3, scale: 'linear', whole: true } as const;
    const drawn = expandSearch(search('random', { parameters: { x: range }, samples: 3 }), 1).map(({ x }) => x);
    assert.deepEqual(drawn.toSorted(), [1, 2, 3]);
  });
});

describe('a plan with a search', () => {
  const planWith = (text: string) =>
    parsePlan(`name: n\nmodel: m\nmodelRepository: .\nload: { input: rows.csv }\n${text}`, 'plan.yaml');

  it('names its variants by their values, beside those of the list', () => {
    const { variants, conditions } = planWith(`variants: [{ id: count-2, settings: { max_batch_size: 4 } }]
search:
  strategy: grid
  parameters: { instance_group.count: [1, 2], dynamic_batching.max_queue_delay_microseconds: [100, null] }
  where: ["instances * threads <= cores"]
`);
    assert.deepEqual(
      variants.map(({ id }) => id),
      ['count-2', 'count-1_delay-us-100', 'count-1_delay-us-none', 'count-2_delay-us-100', 'count-2_delay-us-none'],
    );
    assert.deepEqual(conditions, ['instances * threads <= cores']);
  });

  it('is refused where nothing is varied, too much is, or in a way that is none', () => {
    for (const [text, message] of [
      ['search: { strategy: grid }', /search\.parameters: is missing|names the parameters/],
      ['search: { strategy: grid, parameters: { a: { from: 1, to: 2 } } }', /a range is for random/],
      [
        'search: { strategy: random, parameters: { a: { from: 2, to: 1 } } }',
        /from a smaller number|list of values or a range/,
      ],
      ['search: { strategy: random, parameters: { a: [] } }', /at least one value|list of values or a range/],
      ['search: { strategy: list }', /names no variant/],
      ['search: { strategy: gird, parameters: { a: [1] } }', /strategy is one of/],
      ['search: { strategy: grid, parameters: { a: [1] }, where: ["a"] }', /a condition compares/],
      [
        `search: { strategy: grid, parameters: { a: [${Array.from({ length: 40 }, (_, i) => i)}], b: [${Array.from({ length: 40 }, (_, i) => i)}] } }`,
        /1600 combinations/,
      ],
      [
        `search: { strategy: one-at-a-time, parameters: { a: [${Array.from({ length: 1_001 }, (_, i) => i)}] } }`,
        /make 1001 variants; at most 1000/,
      ],
      [
        'variants: [{ id: one, settings: { a: 1 } }]\nsearch: { strategy: random, samples: 1000, parameters: { b: { from: 1, to: 100000 } } }',
        /make 1001 variants; at most 1000/,
      ],
      ['', /names no variant/],
    ] as const) {
      assert.throws(() => planWith(`${text}\n`), message, text);
    }
  });
});
