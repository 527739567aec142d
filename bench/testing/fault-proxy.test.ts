import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultProxy } from './fault-proxy.ts';

describe('a network that fails', () => {
  it('passes everything on until it is told to fail, and again once it is mended', async () => {
    await using echo = await Echo.start();
    await using proxy = await FaultProxy.before(echo.port);
    const sent = Buffer.alloc(1_000_000, 'abc');
    assert.equal((await said(proxy.port, sent, sent.byteLength)).text, sent.toString());
    assert.equal(proxy.passedBytes, 2 * sent.byteLength);
    proxy.failAfter(0, 'reset');
    assert.equal((await said(proxy.port, sent, 1)).ending, 'ECONNRESET');
    proxy.mend();
    assert.equal((await said(proxy.port, Buffer.from('back'), 4)).text, 'back');
  });

  for (const [kind, ending] of [
    ['truncate', 'end'],
    ['reset', 'ECONNRESET'],
    ['stall', 'nothing'],
  ] as const) {
    it(`by ${kind} at the byte that it was told, of both sides together, and for those that come later`, async () => {
      await using echo = await Echo.start();
      await using proxy = await FaultProxy.before(echo.port);
      // The ten bytes of the question count too.
      proxy.failAfter(14, kind);
      const heard = await said(proxy.port, Buffer.from('0123456789'), 10);
      // A reset may overtake what was said before it.
      assert(kind === 'reset' ? '0123'.startsWith(heard.text) : heard.text === '0123', heard.text);
      assert.equal(heard.ending, ending);
      assert.deepEqual([proxy.passedBytes, proxy.isFailing], [14, true]);
      await proxy.struck;
      const next = await said(proxy.port, Buffer.from('again'), 5);
      assert.deepEqual([next.text, next.ending], ['', ending]);
    });
  }
});

/** What comes back until there are so many bytes, the connection is over or 300 ms pass without anything. */
async function said(port: number, sent: Buffer, bytes: number): Promise<{ text: string; ending: string }> {
  const socket = connect({ port, host: '127.0.0.1' });
  let text = '';
  let ending = '';
  socket.on('data', (piece) => {
    text += piece.toString();
  });
  socket.on('end', () => {
    ending ||= 'end';
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    ending ||= error.code ?? 'error';
  });
  socket.write(sent);
  for (let silentMs = 0, before = ''; ending === '' && text.length < bytes && silentMs < 300; before = text) {
    await delay(10);
    silentMs = text === before ? silentMs + 10 : 0;
  }
  socket.destroy();
  return { text, ending: ending || (text.length < bytes ? 'nothing' : 'open') };
}

/** Says again what it hears. */
class Echo implements AsyncDisposable {
  readonly port: number;
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets: Set<Socket>;

  static async start(): Promise<Echo> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Echo(server, sockets);
  }

  private constructor(server: ReturnType<typeof createServer>, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
