import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScriptedAnswer } from '../testing/scripted-answers.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { loadOn, scriptedRequests, times } from './scripted-load.test-suite.ts';

const ms = 1e6;

describe('a right answer is right', () => {
  const forms: ScriptedAnswer[] = [
    { kind: 'chunked' },
    { kind: 'continue' },
    { kind: 'other-rounding' },
    { kind: 'split', at: [1, 14, 15, 16, 17, 60, 100, 150, 200, 250, 300], pauseMs: 0.5 },
  ];
  for (const answer of forms) {
    it(`in this form too, on the same connection: ${answer.kind}`, async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 2 }, { holdMs: 2, answer }, { holdMs: 2 }] });
      const load = await loadOn(server);
      assert.deepEqual(load.errors, {});
      assert(load.requestCount > 10);
      const { connectionCount, answeredCount } = await server.record();
      assert.deepEqual([connectionCount, load.checkedCount], [4, answeredCount]);
    });
  }

  for (const kind of ['connection-close', 'until-close'] as const) {
    it(`where the connection ends with it: ${kind}`, async () => {
      await using server = await startScriptedServer({ steps: [{ holdMs: 5 }, { holdMs: 5, answer: { kind } }] });
      const load = await loadOn(server);
      assert.deepEqual(load.errors, {});
      assert(load.requestCount > 10);
      const { connectionCount, requestCount, mostOutstandingPerConnection } = await server.record();
      assert(Math.abs(connectionCount - requestCount / 2) <= 5, `${connectionCount} ${requestCount}`);
      assert.equal(mostOutstandingPerConnection, 1);
    });
  }

  it('cut at each of its bytes', async () => {
    const at = Array.from({ length: 330 }, (_, offset) => offset + 1);
    const steps = at.map((offset) => ({ answer: { kind: 'split', at: [offset], pauseMs: 0 } as const }));
    await using server = await startScriptedServer({ steps });
    const load = await loadOn(server, { concurrency: 8, warmup: { minimumNs: 0, minimumRequestCount: 330 } });
    assert.deepEqual(load.errors, {});
    assert.equal((await server.record()).answeredCount, load.checkedCount);
  });

  it('when it has 4 MiB', async () => {
    const width = 1024 * 1024;
    await using server = await startScriptedServer({ steps: [], width }, { thread: true });
    const requests = scriptedRequests(server, 2, width);
    const load = await loadOn(server, { requests, concurrency: 2 });
    assert.deepEqual(load.errors, {});
    assert(load.requestCount >= 1);
    assert.equal((await server.record()).answeredCount, load.checkedCount);
  });
});

describe('values are compared', () => {
  it('in all answers that are the expected bytes, in a sample of large ones that are rounded otherwise', async () => {
    for (const [answer, isSampled] of [
      [{ kind: 'right' }, false],
      [{ kind: 'other-rounding' }, true],
    ] as const) {
      await using server = await startScriptedServer({ steps: [{ answer }], width: 1_000 });
      const load = await loadOn(server, {
        requests: scriptedRequests(server, 3, 1_000),
        windowNs: 100 * ms,
        warmup: { minimumNs: 0, minimumRequestCount: 640 },
      });
      assert.deepEqual(load.errors, {});
      const { answeredCount } = await server.record();
      const share = load.checkedCount / answeredCount;
      if (isSampled) assert(share >= 1 / 64 && share <= 1 / 32, `${load.checkedCount} of ${answeredCount}`);
      else assert.equal(load.checkedCount, answeredCount);
    }
  });

  it('of large answers that turn wrong later on', async () => {
    const steps = [...times(100, {}), { answer: { kind: 'wrong-values' } as const }];
    await using server = await startScriptedServer({ steps, repeatFrom: 100, width: 1_000 });
    const load = await loadOn(server, { requests: scriptedRequests(server, 3, 1_000) });
    assert((load.errors['wrong-values'] ?? 0) >= 1, JSON.stringify(load.errors));
  });
});
