import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { defaultHttpOptions, type HttpOptions, listenHttp } from './http.ts';
import { emptyAnswer, type HttpAnswer, type HttpHandler, jsonAnswer } from './http-message.ts';

const echo: HttpHandler = ({ method, path, body }) => jsonAnswer({ method, path, body: body.toString('latin1') });

describe('the HTTP server', () => {
  it('answers in one packet, with the length, and keeps the connection', async () => {
    await using server = await listen(echo);
    using client = await Client.open(server.port);
    for (const path of ['/a', '/b']) {
      client.send(`GET ${path}?x HTTP/1.1\r\n\r\n`);
      assert.equal(
        await client.answer(),
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 38\r\n\r\n{"method":"GET","path":"${path}","body":""}`,
      );
    }
  });

  it('answers requests sent ahead in their order, though a later one is done first', async () => {
    const delaysMs = [60, 0, 20];
    const handle: HttpHandler = ({ path }) =>
      new Promise<HttpAnswer>((resolve) =>
        setTimeout(() => resolve(jsonAnswer(path)), delaysMs[Number(path.slice(1))]),
      );
    await using server = await listen(handle);
    using client = await Client.open(server.port);
    client.send([0, 1, 2].map((at) => `GET /${at} HTTP/1.1\r\n\r\n`).join(''));
    const bodies: string[] = [];
    for (let at = 0; at < 3; at += 1) bodies.push((await client.answer()).split('\r\n\r\n')[1] ?? '');
    assert.deepEqual(bodies, ['"/0"', '"/1"', '"/2"']);
  });

  it('ends the connection where the client asks for it, and where HTTP/1.0 does not ask for more', async () => {
    await using server = await listen(echo);
    for (const head of ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n']) {
      using client = await Client.open(server.port);
      client.send(head);
      assert.match(await client.untilEnd(), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n\r\n\{/);
    }
  });

  it('answers a client that has closed its side', async () => {
    await using server = await listen(async () => jsonAnswer('late'));
    using client = await Client.open(server.port);
    client.socket.end('GET / HTTP/1.1\r\n\r\n');
    assert.match(await client.untilEnd(), /"late"$/);
  });

  it('answers all that a client sent before it closed its side', async () => {
    const slow: HttpHandler = () => new Promise((resolve) => setTimeout(() => resolve(jsonAnswer('late')), 20));
    for (const handle of [echo, slow]) {
      await using server = await listen(handle);
      using client = await Client.open(server.port);
      client.socket.end(`${'GET /a HTTP/1.1\r\n\r\n'.repeat(3)}GET /torn HT`);
      const answers = (await client.untilEnd()).split('HTTP/1.1 200 OK').length - 1;
      assert.equal(answers, 3);
    }
  });

  it('handles nothing more of a client that has gone', async () => {
    let handled = 0;
    const gone = Promise.withResolvers<void>();
    await using server = await listen(async () => {
      handled += 1;
      await gone.promise;
      return jsonAnswer('late');
    });
    const client = await Client.open(server.port);
    client.send('GET / HTTP/1.1\r\n\r\n'.repeat(100));
    while (handled === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    client.socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    gone.resolve();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(handled, 1);
  });

  it('sends no body to HEAD', async () => {
    await using server = await listen(echo);
    using client = await Client.open(server.port);
    client.send('HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n');
    assert.match(await client.untilEnd(), /Content-Length: 38\r\nConnection: close\r\n\r\n$/);
  });

  it('says that it waits for a body where the client asks first', async () => {
    await using server = await listen(echo);
    using client = await Client.open(server.port);
    client.send('POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
    assert.equal(await client.text(), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hi');
    assert.match(await client.answer(), /"body":"hi"/);
  });

  it('reads bodies that are compressed, and refuses those that are not what they say', async () => {
    await using server = await listen(echo);
    const post = (coding: string, body: Buffer): Promise<Response> =>
      fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body, headers: { 'Content-Encoding': coding } });
    const whole = await post('gzip', gzipSync('squeezed'));
    assert.equal(((await whole.json()) as { body: string }).body, 'squeezed');
    assert.equal((await post('gzip', Buffer.from('plain'))).status, 400);
    assert.equal((await post('br', Buffer.from('plain'))).status, 415);
    assert.equal((await post('__proto__', Buffer.from('plain'))).status, 415);
  });

  it('sends large answers whole, and waits for a client that does not read', async () => {
    const large = Buffer.alloc(8 * 1024 * 1024, 'x');
    let answered = 0;
    const handle: HttpHandler = () => {
      answered += 1;
      return { ...emptyAnswer(), body: [large] };
    };
    await using server = await listen(handle);
    using client = await Client.open(server.port);
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\n\r\n'.repeat(5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert(answered <= 2, `${answered} answers wait for a client that reads none`);
    let receivedBytes = 0;
    client.socket.removeAllListeners('data').on('data', (bytes) => {
      receivedBytes += bytes.byteLength;
    });
    client.socket.resume();
    while (receivedBytes < 5 * large.byteLength) await once(client.socket, 'data');
    assert.equal(answered, 5);
  });

  it('reads no more than a little ahead of a client that does not read', async () => {
    const large = Buffer.alloc(1024 * 1024, 'x');
    await using server = await listen(() => ({ ...emptyAnswer(), body: [large] }));
    using client = await Client.open(server.port);
    client.socket.pause();
    const part = Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(16_384));
    const partCount = 160;
    let takenCount = 0;
    const writeAll = (): void => {
      client.socket.write(part, () => {
        takenCount += 1;
        if (takenCount < partCount) writeAll();
      });
    };
    writeAll();
    for (let steady = 0, before = -1; steady < 10; before = takenCount) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      steady = takenCount === before ? steady + 1 : 0;
    }
    // What the kernel holds on both sides is a few MB.
    assert(takenCount < partCount / 2, `${takenCount} of ${partCount} parts of ${part.byteLength} bytes were taken`);
  });

  it('answers a broken request with a reason, and ends', async () => {
    await using server = await listen(echo);
    using client = await Client.open(server.port);
    client.send('NONSENSE\r\n\r\nGET / HTTP/1.1\r\n\r\n');
    const answer = await client.untilEnd();
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[\s\S]*\{"error":"the request line is not HTTP\/1.1"\}$/);
  });

  it('survives clients that go away in mid-request and in mid-answer', async () => {
    let begun = 0;
    const handle: HttpHandler = async () => {
      begun += 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return jsonAnswer('x'.repeat(200_000));
    };
    await using server = await listen(handle);
    for (const sent of ['POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab', 'GET / HTTP/1.1\r\n\r\n', 'GE']) {
      for (const go of ['destroy', 'resetAndDestroy'] as const) {
        const client = await Client.open(server.port);
        client.send(sent);
        await new Promise((resolve) => setTimeout(resolve, 5));
        client.socket[go]();
      }
    }
    assert.equal((await fetch(`http://127.0.0.1:${server.port}/`)).status, 200);
    assert.equal(begun, 3);
  });

  it('ends a client that does not finish its request, however it dribbles, and one that idles', async () => {
    await using server = await listen(echo, { requestTimeoutMs: 300, idleTimeoutMs: 300 });
    const silent = await Client.open(server.port);
    const slow = await Client.open(server.port);
    const idle = await Client.open(server.port);
    idle.send('GET / HTTP/1.1\r\n\r\n');
    slow.send('GET / HTTP/1.1\r\n');
    const dribble = setInterval(() => slow.send('A: b\r\n'), 50);
    await Promise.all([silent, slow, idle].map((client) => client.closed));
    clearInterval(dribble);
    assert.match(idle.received, /^HTTP\/1\.1 200/);
    assert.equal(slow.received, '');
  });

  it('gives up the oldest that never sent a request where all places are taken, else refuses', async () => {
    await using server = await listen(echo, { connectionCount: 4 });
    const silent = await Promise.all([1, 2, 3, 4].map(() => Client.open(server.port)));
    const proven: Client[] = [];
    for (let at = 0; at < 4; at += 1) {
      const client = await Client.open(server.port);
      client.send('GET / HTTP/1.1\r\n\r\n');
      assert.match(await client.answer(), /^HTTP\/1\.1 200/);
      proven.push(client);
    }
    await Promise.all(silent.map((client) => client.closed));
    using refused = await Client.open(server.port);
    assert.match(await refused.untilEnd(), /^HTTP\/1\.1 503 [\s\S]*more than 4 connections/);
    for (const client of proven) {
      client.send('GET /again HTTP/1.1\r\n\r\n');
      assert.match(await client.answer(), /again/);
      client[Symbol.dispose]();
    }
  });

  it('holds no connection that it refused, whatever its client does', { timeout: 20_000 }, async () => {
    const server = await listen(echo, { connectionCount: 1 });
    using proven = await Client.open(server.port);
    proven.send('GET / HTTP/1.1\r\n\r\n');
    await proven.answer();
    const deaf = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    deaf.on('error', () => undefined);
    const closed = new Promise((resolve) => deaf.once('close', resolve));
    await once(deaf.resume(), 'end');
    const written = setInterval(() => deaf.write('x'), 50);
    await closed.finally(() => clearInterval(written));
    const another = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    another.on('error', () => undefined);
    await once(another.resume(), 'end');
    await server[Symbol.asyncDispose]();
    another.destroy();
  });

  it('lets answers under way finish when it ends, and frees its port', async () => {
    let finish = (): void => undefined;
    const server = await listen(
      () =>
        new Promise((resolve) => {
          finish = () => resolve(jsonAnswer('done'));
        }),
      { exitTimeoutMs: 5_000 },
    );
    using client = await Client.open(server.port);
    using idle = await Client.open(server.port);
    client.send('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = server[Symbol.asyncDispose]();
    await idle.closed;
    finish();
    await ended;
    assert.match(await client.untilEnd(), /"done"$/);
    await using again = await listen(echo, {}, server.port);
    assert.equal(again.port, server.port);
  });
});

function listen(handle: HttpHandler, options: Partial<HttpOptions> = {}, port = 0) {
  return listenHttp(handle, { host: '127.0.0.1', port }, { ...defaultHttpOptions, ...options });
}

class Client implements Disposable {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  received = '';

  static async open(port: number): Promise<Client> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new Client(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
    });
    socket.on('end', () => socket.end());
    this.closed = once(socket, 'close');
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** What has come, once something has. */
  async text(): Promise<string> {
    while (this.received === '') await once(this.socket, 'data');
    return this.#take(this.received.length);
  }

  /** One answer that says its length. */
  async answer(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(this.received)?.[1]);
      if (end >= 0 && this.received.length >= end + 4 + length) return this.#take(end + 4 + length);
      await once(this.socket, 'data');
    }
  }

  async untilEnd(): Promise<string> {
    await this.closed;
    return this.received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  #take(length: number): string {
    const taken = this.received.slice(0, length);
    this.received = this.received.slice(length);
    return taken;
  }
}
