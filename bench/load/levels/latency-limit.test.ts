import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LoadMeasurement } from '../measurement.ts';
import { OpenLoopAccount } from '../open-loop/account.ts';
import { Tally } from '../tally.ts';
import { meetsLimit } from './latency-limit.ts';

const ms = 1e6;
const limit = { limitNs: 10 * ms, shareRatio: 0.01 };
const rest = {
  startedAt: '2026-01-01T00:00:00Z',
  warmup: { durationNs: 0, requestCount: 0, firstRequestNs: 0 },
  window: { openNs: 0, closeNs: 1e9 },
  errors: {},
  checkedCount: 0,
  client: { cpuNs: 0, eventLoopUtilization: 0, runQueueWaitRatio: 0 },
};

/** An open loop of 1000 requests, so many of which took too long, failed, or were dropped. */
function openLoop(slowCount: number, failedCount = 0, droppedCount = 0): LoadMeasurement {
  const account = new OpenLoopAccount(
    {
      pacing: { kind: 'constant', requestsPerSecond: 1_000 },
      batchSize: 1,
      windowNs: 1e9,
      limitsNs: [limit.limitNs],
      inFlight: { limit: 8, whenFull: 'drop' },
    },
    0,
  );
  for (let index = 0; index < 1_000; index += 1) {
    const dueNs = index * ms;
    account.intended(dueNs, dueNs);
    if (index < slowCount) account.answered(dueNs, dueNs, dueNs + 11 * ms);
    else if (index < slowCount + failedCount) account.failed(dueNs, dueNs, dueNs + ms);
    else if (index < slowCount + failedCount + droppedCount) account.dropped(dueNs);
    else account.answered(dueNs, dueNs, dueNs + ms);
  }
  return { ...rest, ...account.measurement() };
}

describe('a latency limit', () => {
  it('is met where no more than the share of requests is above it', () => {
    assert.deepEqual(
      [openLoop(0), openLoop(10), openLoop(11)].map((each) => meetsLimit(each, limit)),
      [true, true, false],
    );
  });

  it('is not met by failing or dropping requests', () => {
    assert.equal(meetsLimit(openLoop(0, 10), limit), true);
    assert.equal(meetsLimit(openLoop(5, 6), limit), false);
    assert.equal(meetsLimit(openLoop(5, 3, 3), limit), false);
    assert.equal(meetsLimit(openLoop(0, 0, 1_000), limit), false);
  });

  it('says nothing where it was not counted, or where nothing was measured', () => {
    assert.equal(meetsLimit(openLoop(0), { ...limit, limitNs: ms }), undefined);
    const options = { concurrency: 1, batchSize: 1, windowNs: ms, limitsNs: [limit.limitNs] };
    const tally = new Tally({ ...options, warmup: { minimumNs: 0, minimumRequestCount: 1 } }, 0);
    assert.equal(meetsLimit({ ...rest, ...tally.measurement(ms) }, limit), undefined);
    tally.fail('timeout', 0, ms);
    assert.equal(meetsLimit({ ...rest, ...tally.measurement(ms) }, limit), false);
  });
});
