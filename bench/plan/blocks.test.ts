import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../random.ts';
import { blockOrder, blockSeed, orderByServer } from './blocks.ts';

test('every round of a block is a permutation of all variants', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 6 }), fc.nat(), (count, rounds, seed) => {
      const ids = Array.from({ length: count }, (_, index) => `v${index}`);
      const order = blockOrder(ids, rounds, seededRandom(seed));
      for (let round = 0; round < rounds; round += 1) {
        const there = order.filter((entry) => entry.round === round).map(({ variantId }) => variantId);
        assert.deepEqual(there.toSorted(), ids.toSorted());
      }
      assert.equal(order.length, count * rounds);
    }),
    { seed: 1 },
  );
});

test('a block has the same order whenever it is drawn, and blocks differ', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  const draw = (seed: number, block: number) => blockOrder(ids, 4, seededRandom(blockSeed(seed, block)));
  assert.deepEqual(draw(1, 3), draw(1, 3));
  assert.notDeepEqual(draw(1, 3), draw(1, 4));
  assert.notDeepEqual(draw(1, 3), draw(2, 3));
});

test('seeds of neighbouring runs and blocks never meet', () => {
  const seeds = [0, 1, 2, 2 ** 31].flatMap((seed) =>
    Array.from({ length: 1000 }, (_, block) => blockSeed(seed, block)),
  );
  assert.equal(new Set(seeds).size, seeds.length);
});

test('a block of several servers measures them one after the other, in each the variants that share it interleaved', () => {
  const servers = [['a', 'b'], ['c'], ['d', 'e', 'f']];
  const firsts = new Set<string>();
  for (let seed = 1; seed <= 50; seed += 1) {
    const order = orderByServer(servers, 4, seededRandom(seed));
    assert.deepEqual(
      order.map((slices) => [...new Set(slices.map(({ variantId }) => variantId))].sort()).sort(),
      servers,
    );
    for (const slices of order)
      assert.deepEqual(
        slices.map(({ round }) => round),
        slices.map(({ round }) => round).sort(),
      );
    firsts.add(order[0]?.[0]?.variantId ?? '');
  }
  assert.deepEqual([...firsts].sort(), ['a', 'b', 'c', 'd', 'e', 'f']);
});

test('a block of one server is ordered as it was before there were several', () => {
  assert.deepEqual(orderByServer([['a', 'b', 'c']], 3, seededRandom(7)), [
    blockOrder(['a', 'b', 'c'], 3, seededRandom(7)),
  ]);
});
