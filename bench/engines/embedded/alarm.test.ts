import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Alarm } from './alarm.ts';
import { nowNs } from './clock.ts';

it('rings once, at its instant and not before', async () => {
  for (const afterNs of [0, 200_000, 1_400_000, 5_000_000, 40_000_000]) {
    const rang = Promise.withResolvers<number>();
    let count = 0;
    const alarm = new Alarm(() => {
      count += 1;
      rang.resolve(nowNs());
    });
    const atNs = nowNs() + afterNs;
    alarm.set(atNs);
    assert((await rang.promise) >= atNs);
    await delay(3);
    assert.equal(count, 1);
  }
});

it('rings at the instant that was set last, or not at all', async () => {
  const rings: number[] = [];
  const alarm = new Alarm(() => rings.push(nowNs()));
  const laterNs = nowNs() + 12_000_000;
  alarm.set(nowNs() + 200_000);
  alarm.set(laterNs);
  await delay(60);
  assert.equal(rings.length, 1);
  assert((rings[0] ?? 0) >= laterNs);
  alarm.set(nowNs() + 500_000);
  alarm.set(undefined);
  await delay(10);
  assert.equal(rings.length, 1);
});

it('rings each of many at its own instant', async () => {
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, (_, index) => {
      const rang = Promise.withResolvers<boolean>();
      const atNs = nowNs() + ((index * 7) % 40) * 1_000_000;
      new Alarm(() => rang.resolve(nowNs() >= atNs)).set(atNs);
      return rang.promise;
    }),
  );
  assert.deepEqual(outcomes, Array(40).fill(true));
});
