import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { MetricsEndpoint } from './metrics-endpoint.ts';

type Served = AsyncDisposable & { readonly url: string; readonly asked: () => number };

async function serve(listener: RequestListener): Promise<Served> {
  let askedCount = 0;
  const server: Server = createServer((request, response) => {
    askedCount += 1;
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/metrics`,
    asked: () => askedCount,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Long enough for any answer that comes at all. */
const patient = { timeoutMs: 20_000 };

describe('a metrics endpoint', () => {
  it('is read each time it is asked for', async () => {
    await using served = await serve((_, response) => response.end(`up ${served.asked()}\n`));
    const endpoint = new MetricsEndpoint(served.url, patient);
    assert.deepEqual([await endpoint.read(), await endpoint.read()], [{ text: 'up 1\n' }, { text: 'up 2\n' }]);
  });

  for (const [what, listener, unknown] of [
    ['is off', (_, response) => response.writeHead(404).end(), 'status 404'],
    ['is broken', (_, response) => response.writeHead(500).end('up 1'), 'status 500'],
    [
      'leads elsewhere',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      'status 302',
    ],
    ['never ends', (_, response) => void endless(response), 'more than 4 MiB'],
    ['breaks off', (request) => request.socket.destroy(), 'UND_ERR_SOCKET'],
  ] as [string, RequestListener, string][]) {
    it(`that ${what} is unknown, and is not asked again`, async () => {
      await using served = await serve(listener);
      const endpoint = new MetricsEndpoint(served.url, patient);
      const first = await endpoint.read();
      assert.deepEqual([first, await endpoint.read(), served.asked()], [{ unknown }, { unknown }, 1]);
    });
  }

  it('that nobody listens on is unknown', async () => {
    const served = await serve(() => undefined);
    const { url } = served;
    await served[Symbol.asyncDispose]();
    assert.deepEqual(await new MetricsEndpoint(url, patient).read(), { unknown: 'nobody listens there' });
  });

  it('that does not answer is waited for no longer than it may be, whatever stands in for fetch', async () => {
    await using served = await serve(() => undefined);
    const late = { unknown: 'no answer within 30 ms' };
    assert.deepEqual(await new MetricsEndpoint(served.url, { timeoutMs: 30 }).read(), late);
    const deaf = { timeoutMs: 30, send: () => new Promise<Response>(() => undefined) };
    assert.deepEqual(await new MetricsEndpoint(served.url, deaf).read(), late);
  });

  it('says in one line what went wrong', async () => {
    const send = () => Promise.reject(new Error(`no\nsuch\u001b[31m${'x'.repeat(500)}`));
    const page = await new MetricsEndpoint('http://h/metrics', { timeoutMs: 20_000, send }).read();
    assert.deepEqual(page, { unknown: `no such [31m${'x'.repeat(188)}` });
  });
});

function endless(response: Parameters<RequestListener>[1]): void {
  const piece = '# nothing\n'.repeat(10_000);
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}
