import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Outbox } from './outbox.ts';

describe('an outbox', () => {
  it('sends what was written at the time, though its buffer is used again', async () => {
    await using pair = await connected();
    const outbox = new Outbox(pair.client);
    pair.server.pause();
    const sent: Buffer[] = [];
    // Far more than the kernel takes: most of it stays with the socket while more is written.
    for (let round = 0; round < 400; round += 1) {
      const small = Buffer.alloc(1 + round * 40, round);
      outbox.add(small);
      if (round % 3 === 0) {
        const large = Buffer.alloc(20_000, round + 1);
        outbox.addLarge(large);
        outbox.add(Buffer.of(round));
        sent.push(small, large, Buffer.of(round));
      } else sent.push(small);
      outbox.flush();
      assert.equal(outbox.empty, true);
    }
    assert(pair.client.writableLength > 0);
    assert.equal(Buffer.compare(await pair.receive(Buffer.concat(sent).byteLength), Buffer.concat(sent)), 0);
  });

  it('sends all that was gathered in one piece', async () => {
    await using pair = await connected();
    const outbox = new Outbox(pair.client);
    outbox.add(Buffer.from('one '));
    outbox.addLarge(Buffer.from('two '));
    const buffer = outbox.reserve(4);
    outbox.wrote(buffer.write('four', outbox.at));
    assert.equal(outbox.empty, false);
    outbox.flush();
    outbox.flush();
    const [piece] = (await once(pair.server, 'data')) as [Buffer];
    assert.equal(piece.toString(), 'one two four');
  });

  it('has room for what is larger than its buffer', async () => {
    await using pair = await connected();
    const outbox = new Outbox(pair.client);
    const parts = [10, 1000, 5, 200_000, 7, 70_000].map((size, index) => Buffer.alloc(size, index + 1));
    for (const part of parts) outbox.add(part);
    outbox.flush();
    const whole = Buffer.concat(parts);
    assert.equal(Buffer.compare(await pair.receive(whole.byteLength), whole), 0);
  });
});

type Pair = AsyncDisposable & {
  readonly client: Socket;
  readonly server: Socket;
  receive(bytes: number): Promise<Buffer>;
};

async function connected(): Promise<Pair> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect((listener.address() as { port: number }).port, '127.0.0.1');
  const [server] = (await once(listener, 'connection')) as [Socket];
  return {
    client,
    server,
    async receive(bytes) {
      const pieces: Buffer[] = [];
      let size = 0;
      for await (const piece of server) {
        pieces.push(piece as Buffer);
        size += (piece as Buffer).byteLength;
        if (size >= bytes) break;
      }
      return Buffer.concat(pieces);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.destroy();
      listener.close();
    },
  };
}
