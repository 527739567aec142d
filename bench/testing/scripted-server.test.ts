import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KServeClient } from '../kserve/client.ts';
import { decodeElements } from '../kserve/tensors.ts';
import { scriptedInput, scriptedModel } from './scripted-model.ts';
import { startScriptedServer } from './scripted-server.ts';

const input = scriptedInput([
  [1, 2, 3, 4],
  [9, 0, 0, 0.5],
]);

describe('the scripted server', () => {
  for (const thread of [false, true]) {
    it(`answers rightly ${thread ? 'from a thread of its own' : 'in this thread'}`, async () => {
      await using server = await startScriptedServer({ steps: [] }, { thread });
      const client = new KServeClient(server.url);
      assert.equal(await client.serverReady(), true);
      assert.equal((await client.modelMetadata(scriptedModel)).inputs[0]?.name, 'input');
      const [total, largest] = await client.infer(scriptedModel, [input]);
      assert.deepEqual(decodeElements('FP32', total?.data ?? new Uint8Array()), [10, 9.5]);
      assert.deepEqual(decodeElements('INT64', largest?.data ?? new Uint8Array()), [3n, 0n]);
      const { requestCount, answeredCount, bodies, mostOutstanding } = await server.record();
      assert.deepEqual(
        { requestCount, answeredCount, bodies, mostOutstanding },
        {
          requestCount: 1,
          answeredCount: 1,
          bodies: [0],
          mostOutstanding: 1,
        },
      );
    });
  }

  it('follows its steps, then repeats the last ones', async () => {
    const status = (code: number) => ({ answer: { kind: 'status', status: code } as const });
    await using server = await startScriptedServer({
      steps: [status(501), status(502), {}, status(503)],
      repeatFrom: 2,
    });
    const client = new KServeClient(server.url);
    const seen: number[] = [];
    for (let request = 0; request < 7; request += 1) {
      seen.push(
        await client.infer(scriptedModel, [input]).then(
          () => 200,
          ({ status }) => status,
        ),
      );
    }
    assert.deepEqual(seen, [501, 502, 200, 503, 200, 503, 200]);
  });

  it('lets requests wait for a worker', async () => {
    await using server = await startScriptedServer({ steps: [{ holdMs: 50 }], workers: 2 });
    const client = new KServeClient(server.url);
    const startMs = performance.now();
    const endsMs = await Promise.all(
      Array.from({ length: 4 }, () => client.infer(scriptedModel, [input]).then(() => performance.now() - startMs)),
    );
    const [first = 0, second = 0, third = 0, fourth = 0] = endsMs.sort((a, b) => a - b);
    assert(first >= 50 && second >= 50 && third >= 100 && fourth >= 100, endsMs.join());
    assert.equal((await server.record()).mostOutstanding, 4);
  });

  it('counts, loads and unloads its model', async () => {
    await using server = await startScriptedServer({ steps: [] });
    const client = new KServeClient(server.url);
    await client.infer(scriptedModel, [input]);
    assert.match(JSON.stringify(await client.statistics(scriptedModel)), /"inference_count":2,"execution_count":1/);
    await client.unload(scriptedModel);
    assert.equal(await client.modelReady(scriptedModel), false);
    await assert.rejects(client.infer(scriptedModel, [input]), /unknown model/);
    await client.load(scriptedModel, { name: scriptedModel, max_batch_size: 3 });
    assert.equal((await client.config(scriptedModel)).max_batch_size, 3);
    assert.match(JSON.stringify(await client.statistics(scriptedModel)), /"inference_count":0/);
  });

  it('says so where its port is taken, in both ways', async () => {
    await using server = await startScriptedServer({ steps: [] });
    for (const thread of [false, true]) {
      await assert.rejects(startScriptedServer({ steps: [] }, { thread, port: server.address.port }), /EADDRINUSE/);
    }
  });
});
