import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import { assignedBy, changesLoad, splitLoad } from './load-axis.ts';
import { parsePlan } from './parse.ts';
import type { Plan } from './plan.ts';

const planWith = (text: string): Plan =>
  parsePlan(
    `name: n\nmodel: m\nmodelRepository: .\nload: { concurrency: 8, input: rows.csv }\n${text}\n`,
    'configs/plan.yaml',
  );
const searching = (strategy: string, parameters: string, more = ''): string =>
  `search: { strategy: ${strategy}, parameters: { ${parameters} }${more} }`;

describe('a load of a variant', () => {
  it('stands beside settings or instead of them, and holds what differs alone', () => {
    const { variants } = planWith(`variants:
  - { id: a, load: { concurrency: 16 } }
  - { id: b, settings: { max_batch_size: 4 }, load: { batchSize: 4, protocol: grpc } }
  - { id: c, settings: { max_batch_size: 4 } }`);
    assert.deepEqual(variants, [
      { id: 'a', settings: {}, load: { concurrency: 16 } },
      { id: 'b', settings: { max_batch_size: 4 }, load: { batchSize: 4, protocol: 'grpc' } },
      { id: 'c', settings: { max_batch_size: 4 } },
    ]);
  });

  it('is searched for as parameters are, by every strategy', () => {
    const grid = planWith(searching('grid', 'instance_group.count: [1, 2], load.concurrency: [4, 16]')).variants;
    assert.deepEqual(grid[1], {
      id: 'count-1_concurrency-16',
      settings: { 'instance_group.count': 1 },
      load: { concurrency: 16 },
    });
    assert.equal(grid.length, 4);
    const single = planWith(searching('one-at-a-time', 'max_batch_size: [4], load.protocol: [grpc]')).variants;
    assert.deepEqual(single, [
      { id: 'batch-4', settings: { max_batch_size: 4 } },
      { id: 'protocol-grpc', settings: {}, load: { protocol: 'grpc' } },
    ]);
    for (const strategy of ['random', 'latin-hypercube']) {
      const drawn = planWith(
        searching(
          strategy,
          'load.concurrency: { from: 1, to: 64, scale: log }, load.batchSize: [1, 2]',
          ', samples: 6',
        ),
      ).variants;
      assert(drawn.length >= 4);
      for (const { settings, load } of drawn) {
        assert.deepEqual(settings, {});
        assert(Number.isInteger(load?.concurrency) && (load?.concurrency ?? 0) >= 1 && (load?.concurrency ?? 65) <= 64);
        assert([1, 2].includes(load?.batchSize ?? 0));
      }
    }
  });

  const refused: [plan: string, message: RegExp, hint?: RegExp][] = [
    ['variants: [{ id: a, load: { concurency: 4 } }]', /:5:.*concurency: is not a key here/, /concurrency/],
    ['variants: [{ id: a, load: { input: other.csv } }]', /:5:.*input: is not a key here/],
    ['variants: [{ id: a, load: { concurrency: 0 } }]', /concurrency is at least 1/],
    ['variants: [{ id: a, load: { batchSize: 1.5 } }]', /batchSize is a whole number/],
    ['variants: [{ id: a, load: { protocol: http2 } }]', /protocol is http or grpc/],
    ['variants: [{ id: a, load: {} }]', /sets nothing, so it is the baseline again/],
    ['variants: [{ id: a, load: { __proto__: { concurrency: 4 } } }]', /__proto__ is not a key/],
    ['variants: [{ id: a, settings: { load.concurrency: 4 } }]', /:5:.*no field of config/, /load: \{ concurrency/],
    [searching('grid', 'load.concurency: [1]'), /load.concurency: is no part of a load/, /did you mean concurrency/],
    [searching('grid', 'load.input: [a.csv]'), /is no part of a load/],
    [searching('grid', 'load.toString: [1]'), /is no part of a load/],
    [searching('grid', 'load.concurrency: [1, 5000]'), /takes no such value: concurrency is at most 4096/],
    [searching('grid', 'load.concurrency: [null]'), /takes no such value: concurrency is a whole number/],
    [searching('grid', 'load.protocol: [carrier-pigeon]'), /protocol is http or grpc/],
    [searching('random', 'load.protocol: { from: 1, to: 2 }'), /has no range/],
    [searching('random', 'load.batchSize: { from: 0, to: 2 }'), /batchSize is at least 1/],
    [searching('random', 'load.batchSize: { from: 1.5, to: 2, whole: false }'), /is a whole number/],
    ['expectEqual: true\nvariants: [{ id: a, load: { concurrency: 4 } }]', /:5:.*"a" has another load/],
  ];
  for (const [plan, message, hint = /^/] of refused) {
    it(`is refused with place and reason: ${plan.replaceAll('\n', ' ')}`, () => {
      assert.throws(
        () => planWith(plan),
        (error) => {
          assert(error instanceof Failure);
          assert.equal(error.exitCode, 2);
          assert.match(error.message, message);
          assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }

  it('may repeat the plan: then it is no other one', () => {
    const { variants, load } = planWith('expectEqual: true\nvariants: [{ id: a, load: { concurrency: 8 } }]');
    assert.deepEqual(
      variants.map((variant) => changesLoad(variant, load)),
      [false],
    );
    assert.equal(changesLoad({ load: { concurrency: 8, batchSize: 2 } }, load), true);
    assert.equal(changesLoad({}, load), false);
  });

  it('goes into one map with the settings and comes out of it again', () => {
    const assigned = { max_batch_size: 4, 'load.concurrency': 2, 'load.protocol': 'grpc' };
    assert.deepEqual(splitLoad(assigned), {
      settings: { max_batch_size: 4 },
      load: { concurrency: 2, protocol: 'grpc' },
    });
    assert.deepEqual(assignedBy(splitLoad(assigned)), assigned);
    assert.deepEqual(splitLoad({ max_batch_size: 4 }), { settings: { max_batch_size: 4 } });
  });
});
