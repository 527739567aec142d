import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { nowNs } from '../transport.ts';
import { Alarm, longestLeadNs } from './alarm.ts';

const ms = 1e6;

/** How late a ring may be; instants that are to be told apart lie five times as far from one another. */
const slackNs = 10 * ms;
/** So many instants does the alarm's memory hold: it asks for no more than that at a time. */
const heldCount = 256;

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

  it('rings for each instant of a sequence, and for nothing else', async () => {
    await undisturbed(async () => {
      const { rings, instants } = await ringsFor([50, 100, 150, 200, 300]);
      const counts = instants.map((atNs) => rings.filter((ringNs) => isFor(ringNs, atNs)).length);
      assert.deepEqual(counts, [1, 1, 1, 1, 1], `rings ${rings.map((ringNs) => ringNs - (instants[0] ?? 0))}`);
      assert.equal(rings.length, instants.length);
    });
  });

  it('never rings before the first of its instants by more than it may', async () => {
    const { rings, instants } = await ringsFor([50, 51.4, 60]);
    assert((rings[0] ?? 0) >= (instants[0] ?? 0) - longestLeadNs);
    assert(rings.length <= instants.length);
  });

  it('rings at once for what has passed already, and once for instants that lie close together', async () => {
    await undisturbed(async () => {
      const { rings, instants } = await ringsFor([-5, -4, 100, 100.01, 100.02, 100.03, 100.04]);
      const [passedNs = 0, , soonNs = 0] = instants;
      const [first = Number.NaN, second = Number.NaN] = rings;
      assert(first >= passedNs + 5 * ms && first < passedNs + 5 * ms + slackNs, `${first - passedNs}`);
      assert(isFor(second, soonNs), `${second - soonNs}`);
      // One for the first of those that lie close together, and at most one more for the others.
      assert(rings.length <= 3, `${rings.length} rings`);
    });
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
    // However long the host stood still meanwhile: at first and with each ring it asks for what there is room for.
    assert(askedCount <= heldCount * (ringCount + 1), `${askedCount} in ${ringCount} rings`);
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

function isFor(ringNs: number, atNs: number): boolean {
  return ringNs >= atNs - longestLeadNs && ringNs < atNs + slackNs;
}

/**
 * What other work on the host takes away makes a ring late, now and then; an alarm that is wrong is so each time. One try of
 * several is enough. @throws what the last of them failed with.
 */
async function undisturbed(attempt: () => Promise<void>): Promise<void> {
  for (let left = 8; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}
