import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startScriptedServer } from '../../testing/scripted-server.ts';
import { undisturbed } from '../../testing/undisturbed.ts';
import { clientNotes } from '../client-limits.ts';
import { ClientWatch } from './client-watch.ts';
import { scriptedLoad } from './load.test-suite.ts';
import { runLoad } from './run-load.ts';

const ms = 1e6;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('the signs of the client', () => {
  it('are how late the event loop came to its timers', async () => {
    using watch = new ClientWatch();
    await delay(20);
    watch.open();
    await delay(100);
    block(150);
    await delay(20);
    watch.close();
    const { eventLoopDelay } = await watch.signs();
    assert(eventLoopDelay !== null && eventLoopDelay.maxNs > 140 * ms, JSON.stringify(eventLoopDelay));
    assert(eventLoopDelay.p50Ns < 100 * ms && eventLoopDelay.p50Ns <= eventLoopDelay.p99Ns);
    assert(eventLoopDelay.p99Ns <= eventLoopDelay.maxNs * 1.01);
  });

  it('are of the window alone', () =>
    undisturbed(async () => {
      using watch = new ClientWatch();
      await delay(20);
      allocate();
      block(100);
      await delay(20);
      watch.open();
      await delay(30);
      watch.close();
      allocate();
      block(100);
      await delay(20);
      const { eventLoopDelay, gc } = await watch.signs();
      assert((eventLoopDelay?.maxNs ?? 0) < 90 * ms, JSON.stringify(eventLoopDelay));
      assert.deepEqual(gc, { count: 0, totalNs: 0, maxNs: 0 });
    }));

  it('are shares of the time of the host, or null where its kernel does not tell', async () => {
    using watch = new ClientWatch();
    watch.open();
    await delay(100);
    watch.close();
    const { stealRatio, cpuPressureRatio } = await watch.signs();
    for (const ratio of [stealRatio, cpuPressureRatio])
      assert(ratio === null || (ratio >= 0 && ratio <= 1), `${ratio}`);
  });

  it('are nothing where no window was opened', async () => {
    using watch = new ClientWatch();
    allocate();
    await delay(10);
    assert.deepEqual(await watch.signs(), {
      eventLoopDelay: null,
      gc: { count: 0, totalNs: 0, maxNs: 0 },
      stealRatio: null,
      cpuPressureRatio: null,
    });
  });
});

describe('garbage collection in the client', () => {
  it('is in the latencies, and told as the part of the client', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 2 }] }, { thread: true });
    const load = await runLoad(
      scriptedLoad(server, {
        windowNs: 400 * ms,
        onWindow: (edge) => {
          if (edge === 'open') setTimeout(allocate, 50);
        },
      }),
    );
    const { gc, eventLoopDelay } = load.client;
    assert(gc.count > 0 && gc.maxNs > 1 * ms && gc.totalNs >= gc.maxNs, JSON.stringify(gc));
    // All 4 requests outstanding waited for the end of the pause.
    assert(load.latency.maxNs >= gc.maxNs);
    assert((eventLoopDelay?.maxNs ?? 0) > gc.maxNs - 6 * ms);
    const [note = ''] = clientNotes({ ...load, latency: { ...load.latency, p50Ns: gc.maxNs / 2 } });
    assert.match(
      note,
      /^garbage collection in the client: \d+ pauses?, \d+\.\d ms, the longest \d+\.\d ms; .* the client's part$/,
    );
  });
});

function block(durationMs: number): void {
  for (const endMs = performance.now() + durationMs; performance.now() < endMs; );
}

/** Much that is kept, and a collection that must look at all of it. */
function allocate(): void {
  const kept = Array.from({ length: 600_000 }, (_, index) => ({ index, text: `${index}` }));
  collect();
  assert(kept.length > 0);
}
