import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { nowNs } from '../transport.ts';
import { Alarm } from './alarm.ts';

const ms = 1e6;

describe('an alarm', () => {
  it('rings once for each instant, at it and not before', async () => {
    const rings: number[] = [];
    let rang = Promise.withResolvers<void>();
    await using alarm = await Alarm.start(() => {
      rings.push(nowNs());
      rang.resolve();
    });
    for (const afterNs of [-5, 0, 0.02, 0.1, 0.2, 1, 1.4, 5, 40].map((after) => after * ms)) {
      rang = Promise.withResolvers();
      rings.length = 0;
      const atNs = nowNs() + afterNs;
      alarm.set(atNs);
      assert.equal(rings.length, 0);
      await rang.promise;
      await delay(3);
      assert.equal(rings.length, 1);
      assert((rings[0] ?? 0) >= atNs);
    }
  });

  it('rings at the instant that was set last, sooner or later, or not at all', async () => {
    const rings: number[] = [];
    await using alarm = await Alarm.start(() => rings.push(nowNs()));
    const laterNs = nowNs() + 30 * ms;
    alarm.set(nowNs() + ms);
    alarm.set(laterNs);
    await delay(60);
    assert.equal(rings.length, 1);
    assert((rings[0] ?? 0) >= laterNs);
    alarm.set(nowNs() + 60_000 * ms);
    alarm.set(nowNs() + ms);
    await delay(30);
    assert.equal(rings.length, 2);
    alarm.set(nowNs() + ms);
    alarm.set(Number.POSITIVE_INFINITY);
    await delay(20);
    assert.equal(rings.length, 2);
  });

  it('rings for each of many instants that it sets itself, however close', async () => {
    const done = Promise.withResolvers<void>();
    const startNs = nowNs();
    const late: number[] = [];
    const at = (index: number): number => startNs + index * 0.03 * ms;
    await using alarm = await Alarm.start(() => {
      late.push(nowNs() - at(late.length));
      if (late.length === 2_000) done.resolve();
      else alarm.set(at(late.length));
    });
    alarm.set(at(0));
    await done.promise;
    assert(late.every((lateNs) => lateNs >= 0));
  });

  it('does not ring any more once it is disposed of', async () => {
    let count = 0;
    {
      await using alarm = await Alarm.start(() => {
        count += 1;
      });
      alarm.set(nowNs() + 5 * ms);
    }
    await delay(30);
    assert.equal(count, 0);
  });
});
