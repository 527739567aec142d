import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { calibrateClient } from './calibrate.ts';

describe('the calibration of the client', () => {
  for (const protocol of ['http', 'grpc'] as const) {
    it(`over ${protocol} gives its highest rate and the latency that it adds`, async () => {
      const found = await calibrateClient({ protocol });
      assert.deepEqual([found.protocol, found.threadCount, found.concurrency], [protocol, 1, 8]);
      const { mean, p50, p99 } = found.addedLatencyNs;
      assert(mean > 1_000 && p50 > 1_000 && p99 >= p50, JSON.stringify(found));
      // What 8 outstanding requests and the processor time of each allow at the most.
      assert(
        found.requestsPerSecond > 100 && found.cpuPerRequestNs * found.requestsPerSecond < 4e9,
        JSON.stringify(found),
      );
    });
  }

  it('ends with the reason of the signal', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const calibrating = calibrateClient({ protocol: 'http', signal: controller.signal });
    await delay(700);
    controller.abort(reason);
    await assert.rejects(calibrating, reason);
  });
});
