import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseConfig, toPlain } from '../modelconfig/config.ts';
import { seededRandom } from '../random.ts';
import { closedForm, plainHost, type ScriptedHost, type Serving, servingOf } from './scripted-host.ts';
import { ScriptedHostState } from './scripted-host-state.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { simulateLoad } from './simulated-load.ts';

const plain: Serving = { instances: 1, rowsMost: 1, queueDelayNs: null, effort: 1, hungry: false };

/** Requests of one row per second of a window of so many ms, after as long a warm-up. */
function rateOf(host: ScriptedHost, serving: Serving, users: number, windowMs = 10_000): number {
  return measured(host, serving, users, windowMs).requestsPerSecond;
}

function measured(host: ScriptedHost, serving: Serving, users: number, windowMs: number) {
  const place = {
    host: new ScriptedHostState(host, serving, seededRandom(1)),
    clock: new SimulatedClock(),
    networkNs: 0,
  };
  const load = {
    pacing: { kind: 'closed', concurrency: users },
    batchSize: 1,
    warmup: { minimumNs: windowMs * 1e6, minimumRequestCount: users },
    windowNs: windowMs * 1e6,
    limitsNs: [],
    requestTimeoutNs: 600e9,
  } as const;
  return simulateLoad(load, place);
}

function near(actual: number, expected: number, ratio = 1e-6): void {
  assert(Math.abs(actual / expected - 1) <= ratio, `${actual} is not ${expected}`);
}

describe('a scripted host', () => {
  it('reads what matters to it from a config.pbtxt', () => {
    const read = (text: string): Serving => servingOf(toPlain(parseConfig(text, 'config.pbtxt')));
    assert.deepEqual(read('name: "m"'), plain);
    const text = `max_batch_size: 16 instance_group [{ count: 2 }, { count: 3 }]
      dynamic_batching { max_queue_delay_microseconds: 500 }
      parameters { key: "effort" value { string_value: "0.9" } }
      parameters { key: "hungry" value { string_value: "true" } }`;
    assert.deepEqual(read(text), { instances: 5, rowsMost: 16, queueDelayNs: 500_000, effort: 0.9, hungry: true });
  });

  it('serves one request after another without batching, on as many instances as there are users for', () => {
    near(rateOf(plainHost(8, 10e6), plain, 1), 100);
    near(rateOf(plainHost(8, 10e6), { ...plain, instances: 4 }, 8), 400);
    near(rateOf(plainHost(8, 10e6), { ...plain, instances: 4 }, 3), 300);
  });

  it('shares its cores among executions, and loses what their contention costs', () => {
    near(rateOf(plainHost(2, 10e6), { ...plain, instances: 4 }, 8), 200);
    near(rateOf({ ...plainHost(2, 10e6), contention: 0.1 }, { ...plain, instances: 4 }, 8), 200 / 1.2);
  });

  it('is never faster for a queue delay that only makes requests wait', () => {
    const batching = { ...plain, rowsMost: 16, queueDelayNs: 5e6 };
    near(rateOf(plainHost(1, 10e6), batching, 8), 8 / 0.015);
    near(rateOf({ ...plainHost(1, 10e6), rowNs: 1e6 }, batching, 64), 16 / 0.026);
  });

  it('serves what arithmetic says, wherever that says anything', () => {
    const cases = fc.record({
      cores: fc.integer({ min: 1, max: 8 }),
      fixedUs: fc.integer({ min: 50, max: 50_000 }),
      rowUs: fc.integer({ min: 0, max: 5_000 }),
      instances: fc.integer({ min: 1, max: 12 }),
      rowsMost: fc.integer({ min: 1, max: 32 }),
      queueDelayUs: fc.option(fc.integer({ min: 1, max: 10_000 })),
      effort: fc.double({ min: 0.5, max: 2, noNaN: true }),
      users: fc.integer({ min: 1, max: 64 }),
    });
    let known = 0;
    fc.assert(
      fc.property(cases, (given) => {
        const { cores, fixedUs, rowUs, instances, rowsMost, queueDelayUs, effort, users } = given;
        const host = { ...plainHost(cores, fixedUs * 1e3), rowNs: rowUs * 1e3, contention: 0.03 };
        const queueDelayNs = queueDelayUs === null ? null : queueDelayUs * 1e3;
        const serving = { instances, rowsMost, queueDelayNs, effort, hungry: false };
        const expected = closedForm(host, serving, users);
        if (expected === null) return;
        known += 1;
        near(rateOf(host, serving, users, (2_000 * 1e3) / expected), expected, 0.02);
      }),
      { seed: 1, numRuns: 300 },
    );
    assert(known > 50, `${known}`);
  });

  it('keeps its mean where executions differ', () => {
    near(rateOf({ ...plainHost(1, 1e6), jitterSd: 0.3 }, plain, 4, 60_000), 1_000, 0.01);
  });

  it('takes longer while a model is young', () => {
    const host = { ...plainHost(1, 10e6), warmup: { excess: 1, executions: 10 } };
    const state = new ScriptedHostState(host, plain, seededRandom(1));
    const endsMs: number[] = [];
    for (let ticket = 0, atNs = 0; ticket < 30; ticket += 1) {
      state.arrive(ticket, atNs);
      const { nextNs } = state;
      assert.deepEqual(state.advance(nextNs), [ticket]);
      endsMs.push((nextNs - atNs) / 1e6);
      atNs = nextNs;
    }
    near(endsMs[0] ?? 0, 20);
    near(endsMs[10] ?? 0, 10 * (1 + Math.exp(-1)));
    near(endsMs[29] ?? 0, 10 * (1 + Math.exp(-2.9)));
  });

  it('slows a hungry configuration down when it has been at work for long, and lets it cool', () => {
    const host = { ...plainHost(1, 10e6), heat: { afterNs: 5e9, slowdown: 0.1 } };
    const hungry = { ...plain, hungry: true };
    near(rateOf(host, hungry, 1, 2_000), 100);
    near(rateOf(host, hungry, 1, 20_000), 100 / 1.1);
    near(rateOf(host, plain, 1, 20_000), 100);
    const state = new ScriptedHostState(host, hungry, seededRandom(1));
    const spentMs = (ticket: number, atNs: number): number => {
      state.advance(atNs);
      state.arrive(ticket, atNs);
      const { nextNs } = state;
      state.advance(nextNs);
      return (nextNs - atNs) / 1e6;
    };
    for (let ticket = 0; ticket < 600; ticket += 1) spentMs(ticket, ticket * 11e6);
    near(spentMs(600, 6_600e6), 11);
    state.load(plain, 6_700e6);
    state.load(hungry, 9_700e6);
    near(spentMs(601, 9_700e6), 10);
  });

  it('answers a quarter of the requests later in the seconds in which it stalls', () => {
    const host = { ...plainHost(1, 1e6), stalls: { share: 0.2, everyNs: 1e9, addedNs: 30e6 } };
    const { latency } = measured(host, plain, 1, 200_000);
    near(latency.maxNs, 31e6);
    // One user waits: a second that stalls has room for 1000 / 8.5 requests.
    near(latency.sumNs / latency.count, 1e9 / (0.8 * 1_000 + 0.2 * (1_000 / 8.5)), 0.05);
  });

  it('lets time go by where nothing happens', () => {
    const state = new ScriptedHostState(plainHost(1, 1e6), plain, seededRandom(1));
    assert.equal(state.nextNs, Number.POSITIVE_INFINITY);
    assert.deepEqual(state.advance(1e9), []);
    state.arrive(7, 1e9);
    assert.equal(state.nextNs, 1e9 + 1e6);
    assert.deepEqual(state.counts, { requestCount: 0, rowCount: 0, executionCount: 1, queueNs: 0, computeNs: 0 });
  });
});
