import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { plainTarget } from '../transport.ts';
import { type Conversation, carry, eventually, type Told } from '../transport-contract-talk.test-suite.ts';
import { answerFrames, FramePeer, greetingOf, type PeerConnection, trailersFrame } from './frame-peer.test-suite.ts';
import { errorCodes, frameOf, frameTypes, settingIds, words } from './frames.ts';
import { Outbox } from './outbox.ts';
import { RequestHead } from './request-head.ts';
import { Sender } from './sender.ts';
import { grpc } from './transport.ts';

const right: Told = { kind: 'answered', reusable: true, verified: true };
const { initialWindowSize, maxFrameSize } = settingIds;

describe('a request waits for the windows of its server', () => {
  it('for that of its stream, which settings may change meanwhile, to less than nothing too', async () => {
    await using talk = await Talk.begin(greetingOf([initialWindowSize, 10]));
    const question = talk.ask();
    assert(question.bytes.byteLength > 40);
    await talk.expectBody(1, 10);
    talk.peer.send(credit(1, 5));
    await talk.expectBody(1, 15);
    talk.peer.send(greetingOf([initialWindowSize, 13]));
    await talk.expectBody(1, 18);
    // 18 of 13 + 5 bytes are sent; with 3 + 5 allowed, 10 too many are.
    talk.peer.send(greetingOf([initialWindowSize, 3]), credit(1, 10));
    await talk.expectBody(1, 18);
    talk.peer.send(credit(1, 1));
    await talk.expectBody(1, 19);
    talk.peer.send(greetingOf([initialWindowSize, 1000]));
    await talk.expectBody(1, question.bytes.byteLength);
    assert.deepEqual(talk.peer.bodyOf(1), question.bytes);
    talk.peer.send(answerFrames(1));
    assert.deepEqual(await talk.conversation.next(), right);
  });

  it('for that of the connection, which all streams use up', async () => {
    await using talk = await Talk.begin(greetingOf([initialWindowSize, 2 ** 31 - 1]), { rows: 5000 });
    const question = talk.ask();
    assert(question.bytes.byteLength > 80_000);
    await talk.expectBody(1, 65_535);
    using other = await talk.carrier.open();
    other.send(talk.carrier.question());
    await talk.expectBody(3, 0);
    talk.peer.send(credit(0, 10));
    await talk.expectBody(1, 65_545);
    await talk.expectBody(3, 0);
    talk.peer.send(credit(0, 1_000_000));
    await eventually('both requests are there', () => talk.peer.requested.length === 2);
    assert.deepEqual(talk.peer.bodyOf(1), question.bytes);
    talk.peer.send(answerFrames(3));
    assert.deepEqual(await other.next(), right);
  });

  it('without keeping others waiting whose own windows are open', async () => {
    await using talk = await Talk.begin(greetingOf([initialWindowSize, 10]));
    talk.ask();
    using other = await talk.carrier.open();
    other.send(talk.carrier.question());
    await talk.expectBody(3, 10);
    talk.peer.send(credit(3, 1000));
    await eventually('the second request is there', () => talk.peer.requested.length === 1);
    talk.peer.send(answerFrames(3));
    assert.deepEqual(await other.next(), right);
    assert.equal(talk.peer.bodyOf(1).byteLength, 10);
  });

  it('and is cut into frames as long as it likes them', async () => {
    await using talk = await Talk.begin(greetingOf([initialWindowSize, 2 ** 31 - 1]), { rows: 8000 });
    talk.peer.send(credit(0, 2 ** 30));
    await talk.settled();
    const question = talk.ask();
    await eventually('the request is there', () => talk.peer.requested.length === 1);
    talk.peer.send(greetingOf([maxFrameSize, 40_000]));
    await talk.settled();
    using other = await talk.carrier.open();
    other.send(talk.carrier.question({ rows: 8000 }));
    await eventually('the second request is there', () => talk.peer.requested.length === 2);
    const sizes = (id: number): number[] =>
      talk.peer
        .framesOf(frameTypes.data)
        .flatMap(({ streamId, payload }) => (streamId === id ? [payload.byteLength] : []));
    const rest = question.bytes.byteLength;
    assert.deepEqual(sizes(1), [...Array.from({ length: 7 }, () => 16_384), rest - 7 * 16_384]);
    assert.deepEqual(sizes(3), [40_000, 40_000, 40_000, rest - 120_000]);
    assert.deepEqual(talk.peer.bodyOf(3), question.bytes);
  });

  it('no longer where it is answered before it has left in whole', async () => {
    await using talk = await Talk.begin(greetingOf([initialWindowSize, 10]));
    talk.ask();
    await talk.expectBody(1, 10);
    const refusal = Buffer.concat([Buffer.of(0x88, 0, 11), Buffer.from('grpc-status'), Buffer.from('\x018')]);
    talk.peer.send(trailersFrame(1, refusal));
    assert.deepEqual(await talk.conversation.next(), {
      kind: 'failed',
      error: 'grpc-resource-exhausted',
      reusable: true,
    });
    await eventually('the stream is ended', () => talk.peer.framesOf(frameTypes.rstStream).length === 1);
    assert.equal(talk.peer.framesOf(frameTypes.rstStream)[0]?.payload.readUInt32BE(), errorCodes.noError);
    talk.peer.send(credit(1, 1000));
    await talk.expectBody(1, 10);
  });
});

describe('what has come in', () => {
  it('is granted again, once in 1 GiB', async () => {
    await using server = await FramePeer.start({ greeting: Buffer.alloc(0) });
    const socket = connect(server.address.port, server.address.host);
    const outbox = new Outbox(socket);
    const sender = new Sender(outbox, new RequestHead(plainTarget(server.address, 'm')));
    socket.write('x'.repeat(24));
    for (const bytes of [2 ** 30 - 1, 1, 2 ** 30 - 1, 16_384]) {
      sender.took(bytes);
      outbox.flush();
    }
    await eventually('it is granted', () => server.connections[0]?.frames.length === 2);
    assert.deepEqual(
      server.connection().frames.map(({ type, streamId, payload }) => [type, streamId, payload.readUInt32BE()]),
      [
        [frameTypes.windowUpdate, 0, 2 ** 30],
        [frameTypes.windowUpdate, 0, 2 ** 30 + 16_383],
      ],
    );
    socket.destroy();
  });
});

/** One conversation with one peer, and a question of so many rows. */
class Talk implements AsyncDisposable {
  readonly carrier: ReturnType<typeof carry>;
  readonly conversation: Conversation;
  readonly #server: FramePeer;
  readonly #rows: number;

  static async begin(greeting: Buffer, { rows = 1 } = {}): Promise<Talk> {
    const server = await FramePeer.start({ greeting });
    const carrier = carry(grpc, server.address, { shared: true });
    return new Talk(server, carrier, { conversation: await carrier.open(), rows });
  }

  private constructor(
    server: FramePeer,
    carrier: ReturnType<typeof carry>,
    { conversation, rows }: { conversation: Conversation; rows: number },
  ) {
    this.#server = server;
    this.carrier = carrier;
    this.conversation = conversation;
    this.#rows = rows;
  }

  get peer(): PeerConnection {
    return this.#server.connection();
  }

  ask(): ReturnType<ReturnType<typeof carry>['question']> {
    const question = this.carrier.question({ rows: this.#rows });
    this.conversation.send(question);
    return question;
  }

  /** Exactly so many bytes of a request have come in, and no more come. */
  async expectBody(streamId: number, bytes: number): Promise<void> {
    await eventually(`${bytes} bytes`, () => this.peer.bodyOf(streamId).byteLength >= bytes);
    await this.settled();
    assert.equal(this.peer.bodyOf(streamId).byteLength, bytes);
  }

  /** All that was sent to the client has been taken in: it answers a ping behind it. */
  async settled(): Promise<void> {
    const { length } = this.peer.framesOf(frameTypes.ping);
    this.peer.send(frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)));
    await eventually('a ping is answered', () => this.peer.framesOf(frameTypes.ping).length > length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.carrier[Symbol.dispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

function credit(streamId: number, bytes: number): Buffer {
  return frameOf(frameTypes.windowUpdate, 0, streamId, words(bytes));
}
