import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Failure } from '../failure.ts';
import type { ScriptedAnswer } from '../testing/scripted-answers.ts';
import type { Script } from '../testing/scripted-endpoint.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../testing/scripted-model.ts';
import { startScriptedServer } from '../testing/scripted-server.ts';
import { KServeClient, KServeError } from './client.ts';

const input = scriptedInput([[1, 2, 3, 4]]);
const model = `/v2/models/${scriptedModel}`;

const failure = (exitCode: number, message: RegExp) => (error: unknown) =>
  error instanceof Failure && error.exitCode === exitCode && message.test(error.message);

/** A client of a scripted server that answers `path` in that way. */
async function withControl(control: NonNullable<Script['control']>, use: (client: KServeClient) => Promise<void>) {
  await using server = await startScriptedServer({ steps: [], control });
  await use(new KServeClient(server.url));
}

describe('a KServe client', () => {
  it('reads what a server says of itself and its model', async () => {
    await withControl({}, async (client) => {
      assert.deepEqual([await client.serverReady(), await client.modelReady(scriptedModel)], [true, true]);
      assert.equal((await client.serverMetadata()).name, 'scripted');
      assert.deepEqual((await client.modelMetadata(scriptedModel)).outputs[1]?.shape, [-1, 1]);
      assert.equal((await client.config(scriptedModel)).max_batch_size, 8);
      assert.deepEqual(await client.infer(scriptedModel, [input]), scriptedOutputs(input).map(asBuffers));
    });
  });

  it('unloads until the model is gone, and loads with another configuration', async () => {
    await withControl({}, async (client) => {
      await client.unload(scriptedModel);
      assert.equal(await client.modelReady(scriptedModel), false);
      await client.reload(scriptedModel, { name: scriptedModel, max_batch_size: 2 });
      assert.deepEqual(await client.config(scriptedModel), { name: scriptedModel, max_batch_size: 2 });
      await client.reload(scriptedModel);
      assert.equal(await client.modelReady(scriptedModel), true);
    });
  });

  it("gives an error status with the server's reason", async () => {
    await using server = await startScriptedServer({
      steps: [{ answer: { kind: 'status', status: 503, reason: 'queue is full \x1b[31m' } }],
    });
    await assert.rejects(new KServeClient(server.url).infer(scriptedModel, [input]), (error) => {
      assert(error instanceof KServeError);
      assert.deepEqual([error.status, error.reason], [503, 'queue is full \x1b[31m']);
      return true;
    });
  });

  it('gives text that is no JSON as the reason of an error status', async () => {
    const control = {
      [`${model}/config`]: { status: 502, body: ' <h1>Bad gateway</h1>\n' },
      '/v2': { status: 500, body: '' },
    };
    await withControl(control, async (client) => {
      await assert.rejects(client.config(scriptedModel), { status: 502, reason: '<h1>Bad gateway</h1>' });
      await assert.rejects(client.serverMetadata(), { status: 500, reason: '' });
    });
  });

  it('escapes the name of a model', async () => {
    await withControl({}, async (client) => {
      await assert.rejects(client.config('a/../b?c#d'), (error) => {
        assert(error instanceof KServeError && error.status === 404);
        return error.message.includes('/v2/models/a%2F..%2Fb%3Fc%23d/config');
      });
    });
  });

  it('refuses an answer that is no JSON', async () => {
    await withControl({ '/v2': { status: 200, body: '<html>' } }, async (client) => {
      await assert.rejects(client.serverMetadata(), failure(3, /GET \/v2 did not answer JSON/));
    });
  });

  it('refuses JSON that is no object where one is due, and what is nested without an end', async () => {
    for (const body of ['null', '[]', '7', '"x"', 'true']) {
      const answer = { status: 200, body };
      const control = { '/v2': answer, [model]: answer, [`${model}/config`]: answer };
      await withControl(control, async (client) => {
        await assert.rejects(client.serverMetadata(), failure(3, /^GET \/v2 did not answer a JSON object$/));
        await assert.rejects(client.modelMetadata(scriptedModel), failure(3, /did not answer a JSON object$/));
        await assert.rejects(client.config(scriptedModel), failure(3, /config did not answer a JSON object$/));
      });
    }
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    await withControl({ '/v2': { status: 200, body: nested(100_000) } }, async (client) => {
      await assert.rejects(client.serverMetadata(), failure(3, /^GET \/v2 answered JSON of more than 200 levels$/));
    });
    await withControl({ '/v2': { status: 200, body: nested(200) } }, async (client) => {
      assert.deepEqual(Object.keys(await client.serverMetadata()), ['a']);
    });
  });

  it('refuses an answer of more than 64 MiB', async () => {
    await withControl({ '/v2': { status: 200, body: '7'.repeat(65 * 1024 * 1024) } }, async (client) => {
      await assert.rejects(client.serverMetadata(), failure(3, /answered more than 67108864 bytes/));
    });
  });

  it('follows no redirect', async () => {
    const control = { '/v2': { status: 302, body: '', headers: ['Location: /v2/health/ready'] } };
    await withControl(control, async (client) => {
      await assert.rejects(client.serverMetadata(), failure(3, /GET \/v2 on .* got no answer/));
    });
  });

  it('refuses outputs that do not fit their shape', async () => {
    await using server = await startScriptedServer({
      steps: [{ answer: { kind: 'status', status: 200, reason: 'x' } }],
    });
    await assert.rejects(new KServeClient(server.url).infer(scriptedModel, [input]), failure(4, /it has no outputs/));
  });
});

describe('a KServe client without an answer', () => {
  const broken: ScriptedAnswer[] = [{ kind: 'reset' }, { kind: 'garbage' }];
  for (const answer of broken) {
    it(`fails with what happened: ${answer.kind}`, async () => {
      await using server = await startScriptedServer({ steps: [{ answer }] });
      const wanted = failure(3, new RegExp(`POST ${model}/infer on ${server.url} got no answer: .`));
      await assert.rejects(new KServeClient(server.url).infer(scriptedModel, [input]), wanted);
    });
  }

  it('knows a server that is not there as not ready', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    const client = new KServeClient(`http://127.0.0.1:${port}`);
    assert.deepEqual([await client.serverReady(), await client.modelReady('m')], [false, false]);
    await assert.rejects(client.statistics('m'), failure(3, /got no answer: .*ECONNREFUSED/));
  });

  it('stops at once when aborted, with the reason', async () => {
    await using server = await startScriptedServer({ steps: [{ answer: { kind: 'silent' } }] });
    const controller = new AbortController();
    const client = new KServeClient(server.url, controller.signal);
    setTimeout(() => controller.abort(new Error('enough')), 30);
    await assert.rejects(client.infer(scriptedModel, [input]), /^Error: enough$/);
    await assert.rejects(client.serverReady(), /^Error: enough$/);
    await assert.rejects(client.unload(scriptedModel), /^Error: enough$/);
  });
});

function asBuffers<T extends { data: Uint8Array }>(tensor: T): T {
  return { ...tensor, data: Buffer.from(tensor.data) };
}
