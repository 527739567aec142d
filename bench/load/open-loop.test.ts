import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LoadMeasurement, ScheduleKept } from './measurement.ts';
import { openLoadOn, protocols, startWorkerServer } from './open-loop/open-load.test-suite.ts';
import { poisson, type Schedule, split } from './pacing/schedule.ts';
import { type Carrier, nowNs } from './transport.ts';

const ms = 1e6;

/** A carrier that tells when each request was sent. */
function watched(carrier: Carrier, sentNs: number[]): Carrier {
  return {
    open(events) {
      const channel = carrier.open(events);
      return {
        send(question) {
          sentNs.push(nowNs());
          channel.send(question);
        },
        destroy: () => channel.destroy(),
      };
    },
    [Symbol.dispose]: () => carrier[Symbol.dispose](),
  };
}

function until(schedule: Schedule, endNs: number): number[] {
  const times: number[] = [];
  for (const atNs of schedule) {
    if (atNs >= endNs) break;
    times.push(atNs);
  }
  return times;
}

/** Each request of the window is in exactly one place. */
function assertAddsUp({ requestCount, schedule }: LoadMeasurement & { readonly schedule: ScheduleKept }): void {
  assert.equal(schedule.intendedCount, requestCount + schedule.failedCount + schedule.droppedCount);
  assert.equal(schedule.lateness.count, schedule.intendedCount);
  assert.equal(schedule.service.count, requestCount);
}

for (const protocol of protocols) {
  describe(`an open loop over ${protocol}`, () => {
    it('sends its schedule, each request once and none of them early', async () => {
      await using server = await startWorkerServer(protocol, 1, 1_000);
      const sentNs: number[] = [];
      const schedule = poisson(300, 1);
      let startNs = 0;
      const load = await openLoadOn(protocol, server.address, {
        schedule,
        startNs: () => {
          startNs = nowNs() + 20 * ms;
          return startNs;
        },
        wrap: (carrier) => watched(carrier, sentNs),
      });
      const intendedNs = until(schedule, 600 * ms);
      const [first, ofSchedule] = [sentNs.slice(0, 4), sentNs.slice(4)];
      assert.equal(ofSchedule.length, intendedNs.length);
      assert(first.every((atNs) => atNs < startNs));
      intendedNs.forEach((atNs, index) => {
        assert((ofSchedule[index] ?? 0) >= startNs + atNs);
      });
      const inWindow = intendedNs.filter((atNs) => atNs >= 100 * ms).length;
      assert.deepEqual(load.errors, {});
      assert.deepEqual(
        [load.requestCount, load.schedule.intendedCount, load.schedule.sentCount],
        Array(3).fill(inWindow),
      );
      assert.equal(load.schedule.offeredPerSecond, inWindow * 2);
      assert.equal(load.warmup.requestCount, 4 + intendedNs.length - inWindow);
      assert(Math.abs(load.window.closeNs - load.window.openNs - 500 * ms) < 1);
      assertAddsUp(load);
      const { bodies } = await server.record();
      assert.equal(bodies.length, 4 + intendedNs.length);
      assert.equal(load.checkedCount, bodies.length);
      assert.equal(new Set(bodies).size, 5);
    });

    it('takes as many connections as there are requests outstanding', async () => {
      await using server = await startWorkerServer(protocol, 200, 1_000);
      const load = await openLoadOn(protocol, server.address);
      assert.deepEqual([load.requestCount, load.errors], [50, {}]);
      assert(load.latency.minNs >= 200 * ms);
      const { connectionCount, mostOutstanding } = await server.record();
      // 100 per second for 0.2 s each; some connections more are made ahead.
      assert(mostOutstanding >= 19 && mostOutstanding <= connectionCount, `${mostOutstanding} ${connectionCount}`);
      assertAddsUp(load);
    });

    it('lets requests wait where so many are outstanding, and counts from their intended times', async () => {
      await using server = await startWorkerServer(protocol, 50, 1_000);
      const inFlight = { limit: 2, whenFull: 'wait' } as const;
      const load = await openLoadOn(protocol, server.address, { inFlight });
      assert.deepEqual([load.requestCount, load.schedule.sentCount, load.errors], [50, 50, {}]);
      // 60 requests at 40 per second are served in 1.5 s, while they are intended in 0.6.
      assert(load.latency.maxNs >= 800 * ms, `${load.latency.maxNs}`);
      assert(load.schedule.service.p50Ns < 100 * ms, `${load.schedule.service.p50Ns}`);
      assert(load.schedule.backlogAtClose > load.schedule.backlogAtOpen + 15);
      const { connectionCount, mostOutstanding } = await server.record();
      assert.deepEqual([connectionCount, mostOutstanding], [2, 2]);
      assertAddsUp(load);
    });

    it('drops what cannot be sent at once where it is asked to, and counts it', async () => {
      await using server = await startWorkerServer(protocol, 100, 1_000);
      const inFlight = { limit: 2, whenFull: 'drop' } as const;
      const load = await openLoadOn(protocol, server.address, { inFlight });
      // Two are answered every 100 ms.
      assert(load.requestCount >= 6 && load.requestCount <= 12, `${load.requestCount}`);
      assert.equal(load.schedule.droppedCount, 50 - load.requestCount);
      assert.deepEqual([load.schedule.intendedCount, load.errors], [50, {}]);
      assert.equal((await server.record()).mostOutstanding, 2);
      assertAddsUp(load);
    });

    it('shows a client that stood still as late sends, not as a fast server', async () => {
      await using server = await startWorkerServer(protocol, 1, 1_000);
      const load = await openLoadOn(protocol, server.address, {
        onWindow(edge) {
          if (edge === 'close') return;
          for (const endNs = nowNs() + 250 * ms; nowNs() < endNs; );
        },
      });
      assert(load.schedule.lateness.maxNs >= 200 * ms, `${load.schedule.lateness.maxNs}`);
      assert(load.latency.maxNs >= load.schedule.lateness.maxNs);
      assert.equal(load.requestCount, 50);
    });
  });

  describe(`threads that share a schedule over ${protocol}`, () => {
    it('start when the gate is open, at the instant that was agreed, and send it together', async () => {
      await using server = await startWorkerServer(protocol, 1, 1_000);
      const arrivedNs: number[] = [];
      let startNs = Number.POSITIVE_INFINITY;
      const agree = (): void => {
        startNs = nowNs() + 50 * ms;
      };
      const gate = {
        arrived: () => {
          arrivedNs.push(nowNs());
          if (arrivedNs.length === 2) setTimeout(agree, 100);
        },
        open: () => startNs < Number.POSITIVE_INFINITY,
      };
      const sentNs: number[] = [];
      const parts = await Promise.all(
        [0, 1].map((index) =>
          openLoadOn(protocol, server.address, {
            schedule: split(poisson(300, 2), index, 2),
            gate,
            startNs: () => startNs,
            wrap: (carrier) => watched(carrier, sentNs),
          }),
        ),
      );
      assert.equal(arrivedNs.length, 2);
      const intendedNs = until(poisson(300, 2), 600 * ms);
      const sum = (of: (part: (typeof parts)[number]) => number): number =>
        parts.reduce((total, part) => total + of(part), 0);
      assert.equal(
        sum(({ schedule }) => schedule.intendedCount),
        intendedNs.filter((atNs) => atNs >= 100 * ms).length,
      );
      assert.equal(
        sum(({ requestCount }) => requestCount),
        sum(({ schedule }) => schedule.intendedCount),
      );
      assert.equal(sentNs.length, 8 + intendedNs.length);
      assert(sentNs.slice(8).every((atNs) => atNs >= startNs));
      assert(sentNs.slice(0, 8).every((atNs) => atNs <= Math.max(...arrivedNs)));
    });
  });
}
