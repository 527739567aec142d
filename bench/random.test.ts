import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom, xoshiro128 } from './random.ts';

test('the generator gives the published first words', () => {
  const next = xoshiro128([1, 2, 3, 4]);
  const words = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
  assert.deepEqual(Array.from(words, next), words);
});

test('a seed gives the same numbers for ever', () => {
  const draw = (seed: number): number[] => {
    const random = seededRandom(seed);
    return [random.next(), random.next(), random.next()];
  };
  assert.deepEqual(draw(0), [0.870254774404272, 0.6697971505310978, 0.3616586206733957]);
  assert.deepEqual(draw(1), [0.3946724931250869, 0.1477500889354657, 0.16688351314326166]);
  assert.deepEqual(draw(-5), [0.626561908310481, 0.580115150770993, 0.3930119704362832]);
  assert.deepEqual(draw(2 ** 53 - 1), [0.2871189810310325, 0.1540904543499252, 0.6056109088751621]);
});

test('a seed gives the same orders for ever', () => {
  const random = seededRandom(1);
  const orders = [random.permutation(5), random.permutation(5), random.permutation(5)];
  assert.deepEqual(orders, [
    [1, 2, 3, 4, 0],
    [4, 1, 0, 3, 2],
    [2, 1, 3, 4, 0],
  ]);
  assert.deepEqual([random.integer(6), random.integer(6), random.integer(2 ** 32)], [2, 5, 508642820]);
});

test('each of the six orders of three comes equally often', () => {
  const random = seededRandom(7);
  const counts = new Map<string, number>();
  for (let draw = 0; draw < 6000; draw++) {
    const order = random.permutation(3).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquare < 15.1, `chi-square ${chiSquare} with 5 degrees of freedom`);
});

test('an empty and a single order are no special case', () => {
  const random = seededRandom(1);
  assert.deepEqual(random.permutation(0), []);
  assert.deepEqual(random.permutation(1), [0]);
});

test('what cannot seed or be drawn is refused', () => {
  for (const seed of [0.5, Number.NaN, 2 ** 53]) assert.throws(() => seededRandom(seed), RangeError);
  for (const n of [0, -1, 1.5, 2 ** 33]) assert.throws(() => seededRandom(1).integer(n), RangeError);
});
