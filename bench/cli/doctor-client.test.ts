import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { ClientCalibration } from '../load/null-server/calibrate.ts';
import { clientCheck } from './doctor-client.ts';
import { tritune } from './host.fixture.ts';

const calibration: ClientCalibration = {
  protocol: 'grpc',
  threadCount: 1,
  concurrency: 8,
  requestsPerSecond: 31_240,
  cpuPerRequestNs: 9_870,
  eventLoopUtilization: 0.95,
  runQueueWaitRatio: 0.02,
  addedLatencyNs: { mean: 41_500, p50: 38_200, p99: 120_000 },
};

describe('what the doctor says of the client', () => {
  it('is its rate and its latency, and that the null server shares the cores', () => {
    assert.deepEqual(plain(clientCheck(calibration)), {
      what: 'client grpc',
      status: 'ok',
      finding:
        'sends at most 31 240/s (8 outstanding, 9.87 µs of processor time each); adds 41.5 µs on average, 38.2 µs p50, 120 µs p99 (1 outstanding)',
      advice:
        "against a null server that shares this host's cores: a server that could answer more is measured as if it could not",
    });
  });

  it('is no more than a lower bound where the client had room', () => {
    const { finding, advice } = clientCheck({ ...calibration, eventLoopUtilization: 0.6 });
    assert.match(finding, /^sends at least /);
    assert.match(advice ?? '', /with a core of its own the client can do more$/);
  });

  it('is a warning where something else had its processor, and null is no such thing', () => {
    const { status, advice } = clientCheck({ ...calibration, runQueueWaitRatio: 0.4 });
    assert.equal(status, 'warning');
    assert.match(advice ?? '', /shares this host's cores: something else had the client's 40\W% of the time/);
    assert.equal(clientCheck({ ...calibration, runQueueWaitRatio: null }).status, 'ok');
  });
});

describe('tritune doctor --client', () => {
  it('prints the numbers of both protocols, in words and as JSON', async () => {
    const ran = await tritune(['doctor', '--client', '--json']);
    assert.equal(ran.code, 0);
    const { checks, client } = JSON.parse(ran.stdout) as {
      checks: { what: string; finding: string }[];
      client: ClientCalibration[];
    };
    assert.deepEqual(
      client.map(({ protocol }) => protocol),
      ['http', 'grpc'],
    );
    for (const { requestsPerSecond, cpuPerRequestNs, addedLatencyNs, ...rest } of client) {
      assert(requestsPerSecond > 100 && cpuPerRequestNs > 100);
      assert(addedLatencyNs.mean > 1_000 && addedLatencyNs.p50 <= addedLatencyNs.p99);
      assert(rest.eventLoopUtilization > 0 && rest.eventLoopUtilization <= 1);
      const check = checks.find(({ what }) => what === `client ${rest.protocol}`);
      assert.match(check?.finding ?? '', /^sends at (least|most) /);
    }
  });

  it('leaves the client alone where it is not asked about', async () => {
    const { checks, ...more } = JSON.parse((await tritune(['doctor', '--json'])).stdout) as {
      checks: { what: string }[];
    };
    assert.deepEqual(more, {});
    assert(checks.every(({ what }) => !what.startsWith('client')));
  });

  it('ends with the code of an interruption, and at once', async () => {
    const controller = new AbortController();
    const running = tritune(['doctor', '--client'], { signal: controller.signal });
    await delay(800);
    const abortedMs = performance.now();
    controller.abort(new Failure('interrupted', 'interrupted', 'interrupted'));
    const ran = await running;
    // A second is promised; a busy host may add as much.
    assert(performance.now() - abortedMs < 2_000);
    assert.deepEqual([ran.code, ran.stdout], [130, '']);
  });
});

/** With ordinary spaces. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('\u00a0', ' '));
}
