import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { Failure } from '../../failure.ts';
import { PatientClient } from './patient-client.ts';

const times = { askEveryMs: 20, timeoutMs: 200, changeTimeoutMs: 60_000 };

describe('a change of a remote server', () => {
  it('is waited for as long as the server answers something else, be it with an error', async () => {
    let askedCount = 0;
    let waiting: ServerResponse | undefined;
    await using server = await listening((path, answer) => {
      if (path !== '/v2') {
        waiting = answer;
        return;
      }
      askedCount += 1;
      answer.statusCode = askedCount % 2 === 0 ? 503 : 200;
      answer.end('{}');
      if (askedCount === 20) waiting?.end();
    });
    // Twenty questions take longer than the time of a call.
    await new PatientClient(urlOf(server), times).load('m');
    assert(askedCount >= 20);
  });

  it('is given up where the server has fallen silent, long before its own time', async () => {
    for (const change of ['load', 'unload'] as const) {
      await using server = await listening(() => undefined);
      const startMs = performance.now();
      await assert.rejects(new PatientClient(urlOf(server), times)[change]('m'), (error) => {
        assert(error instanceof Failure);
        assert.deepEqual([error.exitCode, error.code], [3, 'no-answer']);
        assert.match(error.message, /^GET \/v2 on http:\S+ got no answer: .*timeout/);
        return true;
      });
      assert(performance.now() - startMs < 30_000);
    }
  });

  it('tells what the server says of it', async () => {
    await using server = await listening((_, answer) => {
      answer.statusCode = 400;
      answer.end('{"error":"no such model"}');
    });
    await assert.rejects(new PatientClient(urlOf(server), times).load('m'), /400 no such model$/);
  });
});

async function listening(serve: (path: string, answer: ServerResponse) => void): Promise<Server & AsyncDisposable> {
  const server = createServer((asked, answer) => {
    asked.resume();
    serve(asked.url ?? '', answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
