import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { backlogGrew } from '../measurement.ts';
import { mergeHistograms } from '../recorder.ts';
import { type AccountOptions, OpenLoopAccount } from './account.ts';

const ms = 1e6;
const options: AccountOptions = {
  pacing: { kind: 'constant', requestsPerSecond: 1_000 },
  batchSize: 2,
  windowNs: 100 * ms,
  limitsNs: [3 * ms, 5 * ms],
  inFlight: { limit: 4, whenFull: 'wait' },
};

describe('the account of an open loop', () => {
  it('counts what was intended in the window, from the intended time, however late it ends', () => {
    const account = new OpenLoopAccount(options, 50 * ms);
    for (const dueMs of [49.9, 50, 100, 149.9, 150]) account.intended(dueMs * ms, (dueMs + 0.5) * ms);
    account.answered(49.9 * ms, 50 * ms, 51 * ms);
    account.answered(50 * ms, 51 * ms, 54 * ms);
    account.answered(100 * ms, 102 * ms, 103 * ms);
    account.answered(149.9 * ms, 149.9 * ms, 1_000 * ms);
    account.answered(150 * ms, 150 * ms, 151 * ms);
    const { latency, schedule, requestCount, warmCount, aboveLimits, requestsPerSecond, ...rest } =
      account.measurement();
    assert.deepEqual([requestCount, warmCount, schedule?.intendedCount, schedule?.sentCount], [3, 1, 3, 3]);
    assert.equal(latency.sumNs, (4 + 3 + 850.1) * ms);
    assert.equal(schedule?.service.sumNs, (3 + 1 + 850.1) * ms);
    assert.equal(schedule?.lateness.sumNs, 1.5 * ms);
    assert.deepEqual(aboveLimits, [
      { limitNs: 3 * ms, count: 2 },
      { limitNs: 5 * ms, count: 1 },
    ]);
    // The one that began before the window ended in it; the last in the window did not.
    assert.deepEqual([requestsPerSecond, rest.inferencesPerSecond], [30, 60]);
    assert.equal(rest.outstandingIntegralNs, (1 + 3 + 1 + 0.1) * ms);
    assert.equal(rest.pressureRatio, 1);
  });

  it('tells sent, failed and dropped requests apart', () => {
    const account = new OpenLoopAccount(options, 0);
    for (const dueMs of [1, 2, 3, 4]) account.intended(dueMs * ms, dueMs * ms);
    account.dropped(1 * ms);
    account.failed(2 * ms, 3 * ms, 5 * ms);
    account.failed(3 * ms, undefined, 90 * ms);
    assert.equal(account.outstanding, 1);
    account.answered(4 * ms, 4 * ms, 5 * ms);
    const { schedule, latency, requestCount, outstandingIntegralNs } = account.measurement();
    assert(schedule !== null);
    const { intendedCount, sentCount, failedCount, droppedCount, offeredPerSecond } = schedule;
    assert.deepEqual([intendedCount, sentCount, failedCount, droppedCount], [4, 2, 2, 1]);
    assert.deepEqual([requestCount, latency.count, schedule.service.count, schedule.lateness.count], [1, 1, 1, 4]);
    assert.deepEqual([offeredPerSecond, outstandingIntegralNs], [40, 3 * ms]);
  });

  it('has the backlog at the edges and in each quarter of the window', () => {
    const account = new OpenLoopAccount(options, 0);
    account.intended(-ms, -ms);
    account.edge('open');
    for (let dueMs = 0; dueMs < 100; dueMs += 1) account.intended(dueMs * ms, dueMs * ms);
    account.edge('close');
    for (let dueMs = -1; dueMs < 100; dueMs += 1) account.answered(dueMs * ms, dueMs * ms, 200 * ms);
    const { schedule, requestsPerSecond } = account.measurement();
    assert.deepEqual([schedule?.backlogAtOpen, schedule?.backlogAtClose], [1, 101]);
    assert.deepEqual(schedule?.meanBacklog, [13, 38, 63, 88]);
    assert.equal(requestsPerSecond, 0);
    assert.equal(account.outstanding, 0);
  });

  it('has each request of the window in exactly one place, and adds up over threads', () => {
    const fate = fc.constantFrom('answered', 'failed', 'given-up', 'dropped');
    const requests = fc.array(fc.record({ dueMs: fc.integer({ min: -50, max: 150 }), tookMs: fc.nat(300), fate }));
    fc.assert(
      fc.property(requests, requests, (one, other) => {
        const [first, second, both] = [one, other, [...one, ...other]].map((part) => {
          const account = new OpenLoopAccount(options, 0);
          for (const { dueMs, tookMs, fate: become } of part) {
            account.intended(dueMs * ms, dueMs * ms);
            if (become === 'answered') account.answered(dueMs * ms, (dueMs + 1) * ms, (dueMs + 1 + tookMs) * ms);
            else if (become === 'dropped') account.dropped(dueMs * ms);
            else account.failed(dueMs * ms, become === 'failed' ? (dueMs + 1) * ms : undefined, (dueMs + tookMs) * ms);
          }
          assert.equal(account.outstanding, 0);
          const { requestCount, latency, schedule } = account.measurement();
          assert(schedule !== null);
          const { intendedCount, sentCount, droppedCount, failedCount, lateness } = schedule;
          assert.equal(intendedCount, requestCount + droppedCount + failedCount);
          assert.equal(lateness.count, intendedCount);
          return { counts: [requestCount, intendedCount, sentCount, droppedCount, failedCount], latency };
        });
        assert(first !== undefined && second !== undefined && both !== undefined);
        assert.deepEqual(
          both.counts,
          first.counts.map((count, index) => count + (second.counts[index] ?? 0)),
        );
        const text = (encoded: string[]): string => mergeHistograms(encoded).outputPercentileDistribution();
        assert.equal(text([first.latency.histogram, second.latency.histogram]), text([both.latency.histogram]));
      }),
      { seed: 1, numRuns: 25 },
    );
  });
});

describe('a backlog', () => {
  const cases: [string, [number, number, number, number], boolean][] = [
    ['that grows from nothing has grown', [10, 30, 50, 70], true],
    ['that was there and grows on has grown', [1_100, 1_400, 1_700, 2_000], true],
    ['that stays has not grown', [8, 9, 8, 9], false],
    ['that is worked off has not grown', [70, 50, 30, 10], false],
    ['that varies as a queue in balance does has not grown', [9, 11, 14, 17], false],
    ['of one stall has not grown', [0.5, 60, 20, 0.5], false],
    ['of a few has not grown', [0.1, 0.2, 0.3, 2], false],
  ];
  for (const [what, meanBacklog, grew] of cases) {
    it(what, () => assert.equal(backlogGrew({ meanBacklog }), grew));
  }
});
