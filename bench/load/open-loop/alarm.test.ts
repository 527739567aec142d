import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { nowNs } from '../transport.ts';
import { Alarm, longestLeadNs } from './alarm.ts';

const ms = 1e6;

/** Follows instants, given in ms from now, until one ring has come after the last of them; the times of all rings. */
async function ringsFor(afterMs: readonly number[]): Promise<{ rings: number[]; instants: number[] }> {
  const rings: number[] = [];
  const over = Promise.withResolvers<void>();
  let lastNs = Number.POSITIVE_INFINITY;
  await using alarm = await Alarm.start(() => {
    rings.push(nowNs());
    if (nowNs() >= lastNs - longestLeadNs) over.resolve();
  });
  const startNs = nowNs();
  const instants = afterMs.map((after) => startNs + after * ms);
  lastNs = instants.at(-1) ?? 0;
  alarm.follow(instants);
  await over.promise;
  return { rings, instants };
}

describe('an alarm', () => {
  it('starts in a process whose program is text', async () => {
    const script = `
      const { Alarm } = await import(${JSON.stringify(new URL('./alarm.ts', import.meta.url).href)});
      await using alarm = await Alarm.start(() => {});
      console.log('started');`;
    const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(stdout, 'started');
  });

  it('rings for each instant of a sequence, not much before it', async () => {
    const { rings, instants } = await ringsFor([1, 2.4, 5, 9, 30, 60]);
    for (const [index, atNs] of instants.entries()) {
      const next = instants[index + 1] ?? Number.POSITIVE_INFINITY;
      assert(
        rings.some((ringNs) => ringNs >= atNs - longestLeadNs && ringNs < next),
        `no ring for instant ${index}`,
      );
    }
    assert(rings.length <= instants.length);
  });

  it('rings at once for what has passed already, and once for instants that lie close together', async () => {
    const { rings } = await ringsFor([-5, -4, 10, 10.01, 10.02, 10.03, 10.04]);
    assert(rings.length >= 2 && rings.length <= 4, `${rings.length} rings`);
  });

  it('goes on through more instants than it can know of at a time', async () => {
    const count = 3_000;
    const { rings, instants } = await ringsFor(Array.from({ length: count }, (_, index) => index * 0.05));
    const last = rings.at(-1) ?? 0;
    assert(last >= (instants.at(-1) ?? 0) - longestLeadNs);
    assert(rings.length > 1 && rings.length < count);
  });

  it('asks for instants only as time goes on, so that a sequence may have no end', async () => {
    let askedCount = 0;
    function* endless(fromNs: number): Generator<number> {
      for (;;) {
        yield fromNs + askedCount * 0.5 * ms;
        askedCount += 1;
      }
    }
    const enough = Promise.withResolvers<void>();
    let ringCount = 0;
    await using alarm = await Alarm.start(() => {
      ringCount += 1;
      if (ringCount === 100) enough.resolve();
    });
    alarm.follow(endless(nowNs()));
    await enough.promise;
    assert(askedCount >= 100);
    assert(askedCount < 5_000);
  });

  it('does not ring for an empty sequence, nor once it is disposed of', async () => {
    let count = 0;
    {
      await using alarm = await Alarm.start(() => {
        count += 1;
      });
      alarm.follow([]);
      await delay(20);
      assert.equal(count, 0);
      alarm.follow([nowNs() + 5 * ms]);
    }
    await delay(30);
    assert.equal(count, 0);
  });
});
