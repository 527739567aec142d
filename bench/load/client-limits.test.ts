import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClientSeen, clientLimits, clientNotes } from './client-limits.ts';

const idle: ClientSeen['client'] = { cpuNs: 1, eventLoopUtilization: 0.3, runQueueWaitRatio: 0.01 };
const gc = { count: 2, totalNs: 30e6, maxNs: 25e6 };
const latency = { count: 9, sumNs: 9e6, minNs: 1e6, maxNs: 30e6, p50Ns: 1e6, p99Ns: 2e6, histogram: '' };

function late(p99Ns: number): ClientSeen['schedule'] {
  return { lateness: { p99Ns } };
}

describe('the limits of the client', () => {
  it('are none where it had room, and none at the thresholds themselves', () => {
    assert.deepEqual(clientLimits({ client: idle }), []);
    assert.deepEqual(
      clientLimits({ client: { ...idle, eventLoopUtilization: 0.9, runQueueWaitRatio: 0.25 }, schedule: late(1e6) }),
      [],
    );
  });

  it('are its event loop, with more threads as the advice', () => {
    assert.deepEqual(clientLimits({ client: { ...idle, eventLoopUtilization: 0.953 } }), [
      'the client was busy 95 % of the time: it was the limit (use --threads 2)',
    ]);
    assert.match(
      clientLimits({ client: { ...idle, eventLoopUtilization: 0.95, threadCount: 4 } })[0] ?? '',
      /--threads 8/,
    );
  });

  it('are a processor that others had', () => {
    assert.deepEqual(clientLimits({ client: { ...idle, runQueueWaitRatio: 0.4 } }), [
      'the client waited for a processor 40 % of the time (pin it to a core of its own, or stop what runs beside it)',
    ]);
  });

  it('are sends behind their time in an open loop, with what made them late', () => {
    const reason = (client: ClientSeen['client']): string => clientLimits({ client, schedule: late(2.5e6) }).join();
    assert.match(reason(idle), /^the client sent late: 1 % .* more than 2\.5 ms .*stop what runs beside it\)$/);
    assert.match(reason({ ...idle, eventLoopUtilization: 0.8 }), /--threads 2\)$/);
    assert.match(reason({ ...idle, gc }), /garbage collection in the client was part of it/);
  });

  it('are all told at once', () => {
    const client = { ...idle, eventLoopUtilization: 1, runQueueWaitRatio: 1 };
    assert.equal(clientLimits({ client, schedule: late(9e9) }).length, 3);
  });

  it('are found in measurements of older runs, which know less', () => {
    const old = { client: { cpuNs: 5, eventLoopUtilization: 0.99, runQueueWaitRatio: null } };
    assert.equal(clientLimits(JSON.parse(JSON.stringify(old)) as ClientSeen).length, 1);
    assert.deepEqual(clientNotes({ ...(JSON.parse(JSON.stringify(old)) as ClientSeen), latency }), []);
  });
});

describe('the notes on the client', () => {
  it('name the pauses of its garbage collection where they reach into the latencies', () => {
    assert.deepEqual(clientNotes({ client: { ...idle, gc }, latency }), [
      "garbage collection in the client: 2 pauses, 30.0 ms, the longest 25.0 ms; in the latencies this is the client's part",
    ]);
    assert.deepEqual(clientNotes({ client: { ...idle, gc: { count: 1, totalNs: 9e5, maxNs: 9e5 } }, latency }), []);
  });

  it('name the time that the hypervisor took', () => {
    assert.deepEqual(clientNotes({ client: { ...idle, stealRatio: 0.07 }, latency }), [
      "the hypervisor took 7 % of this host's processor time",
    ]);
    assert.deepEqual(clientNotes({ client: { ...idle, stealRatio: 0.02 }, latency }), []);
  });
});
