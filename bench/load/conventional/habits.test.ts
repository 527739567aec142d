import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { deliver } from '../../testing/scripted-answers.ts';
import { startScriptedGrpc } from '../../testing/scripted-grpc.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../../testing/scripted-model.ts';
import { startScriptedServer } from '../../testing/scripted-server.ts';
import { carry, type Told } from '../transport-contract-talk.test-suite.ts';
import { grpcJs } from './grpc-js.ts';
import { httpUndici } from './http-undici.ts';

const rightly: Told = { kind: 'answered', reusable: true, verified: true };

describe('what the libraries would do of their own accord', () => {
  for (const hint of ['Keep-Alive: timeout=1', 'Keep-Alive: timeout=0, max=1', 'Connection: keep-alive']) {
    it(`undici closes no connection because of ${hint}`, async () => {
      const output = { model: scriptedModel, tensors: scriptedOutputs(scriptedInput([[0, 0.5, 1, 2]])) };
      const [whole = Buffer.alloc(0)] = deliver({ kind: 'right' }, output).pieces;
      const hinted = Buffer.from(Buffer.from(whole).toString('latin1').replace('\r\n', `\r\n${hint}\r\n`), 'latin1');
      const server = createServer((socket) => {
        socket.on('error', () => undefined).on('data', () => socket.write(hinted));
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      using carried = carry(httpUndici, { host: '127.0.0.1', port: (server.address() as { port: number }).port });
      using talk = await carried.open();
      for (let asked = 0; asked < 3; asked += 1) assert.deepEqual(await talk.ask(carried.question()), rightly);
      assert.deepEqual(talk.untaken, []);
      server.close();
    });
  }

  describe('with proxies in the environment', () => {
    const names = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'grpc_proxy'];
    const kept = names.map((name) => [name, process.env[name]] as const);
    before(() => {
      for (const name of names) process.env[name] = 'http://127.0.0.1:1';
    });
    after(() => {
      for (const [name, value] of kept) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });

    it('is to go where the target says all the same', async () => {
      await using http = await startScriptedServer({ steps: [] });
      await using grpc = await startScriptedGrpc({ steps: [] });
      for (const [transport, { address }] of [
        [httpUndici, http],
        [grpcJs, grpc],
      ] as const) {
        using carried = carry(transport, address);
        using talk = await carried.open();
        assert.deepEqual(await talk.ask(carried.question()), rightly);
      }
    });
  });

  it('grpc-js names the server by the address that was asked for', async () => {
    await using grpc = await startScriptedGrpc({ steps: [] });
    using carried = carry(grpcJs, grpc.address);
    using talk = await carried.open();
    assert.deepEqual(await talk.ask(carried.question()), rightly);
    assert.equal(grpc.headers[0]?.[':authority'], `127.0.0.1:${grpc.address.port}`);
  });
});
