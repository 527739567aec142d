import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scriptedModel } from '../../testing/scripted-model.ts';
import { plainTarget } from '../transport.ts';
import { type Conversation, carry, eventually, type Told } from '../transport-contract-talk.test-suite.ts';
import {
  answerFrames,
  dataFrame,
  FramePeer,
  greetingOf,
  headBlock,
  headersFrame,
  literal,
  type PeerConnection,
  rightMessage,
  trailersFrame,
} from './frame-peer.test-suite.ts';
import { errorCodes, frameFlags, frameOf, frameTypes } from './frames.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { shareThree, turns } from './shared-channels.test-suite.ts';
import { GrpcCarrier, grpc } from './transport.ts';

const right: Told = { kind: 'answered', reusable: true, verified: true };
const answerAll = { request: (peer: PeerConnection, id: number) => peer.send(answerFrames(id)) };

describe('a connection of gRPC', () => {
  it('begins with the preface, its settings and a window without an end', async () => {
    await using peer = await FramePeer.start();
    using carrier = carry(grpc, peer.address);
    using _conversation = await carrier.open();
    const { frames } = peer.connection();
    await eventually('settings are acknowledged', () => frames.length === 3);
    assert.equal(peer.connection().preface, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    const [settings, window, ack] = frames;
    const payload = '000100000000' + '000200000000' + '00047fffffff' + '000600010000';
    assert.deepEqual([settings?.type, settings?.payload.toString('hex')], [frameTypes.settings, payload]);
    assert.deepEqual([window?.type, window?.payload.readUInt32BE()], [frameTypes.windowUpdate, 2 ** 31 - 65_536]);
    assert.deepEqual([ack?.type, ack?.flags], [frameTypes.settings, frameFlags.ack]);
  });

  it('is shared by four channels and no more, where they share any', async () => {
    await using peer = await FramePeer.start(answerAll);
    using carrier = carry(grpc, peer.address, { shared: true });
    const conversations: Conversation[] = [];
    for (let count = 1; count <= 9; count += 1) conversations.push(await carrier.open());
    assert.equal(peer.connections.length, 3);
    for (const conversation of conversations) assert.deepEqual(await conversation.ask(carrier.question()), right);
    assert.deepEqual(
      peer.connections.map(({ frames }) => frames.filter(({ type }) => type === frameTypes.headers).length),
      [4, 4, 1],
    );
    // The place of one that leaves is taken by the next.
    conversations[1]?.[Symbol.dispose]();
    await carrier.open();
    assert.equal(peer.connections.length, 3);
  });

  it('is told of when the settings of the server have come in, not before', async () => {
    await using peer = await FramePeer.start({ greeting: Buffer.alloc(0) });
    using carrier = carry(grpc, peer.address);
    const opening = carrier.open();
    await eventually('the client greets', () => (peer.connections[0]?.frames.length ?? 0) >= 2);
    let told = false;
    void opening.then(() => {
      told = true;
    });
    await turns(5);
    assert.equal(told, false);
    peer.connection().send(greetingOf());
    using conversation = await opening;
    assert.deepEqual(conversation.untaken, []);
  });

  it('sends one request as two frames, metadata as headers that nobody may keep', async () => {
    await using peer = await FramePeer.start(answerAll);
    using carrier = carry(grpc, peer.address, { headers: [['X-Token', 'secret']], modelVersion: '2' });
    using conversation = await carrier.open();
    const question = carrier.question();
    await conversation.ask(question);
    const [head, data] = peer.connection().frames.slice(-2);
    assert(head !== undefined && data !== undefined);
    const { headers, selfContained } = new HpackDecoder().decode(head.payload);
    assert.deepEqual(headers, [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', '/inference.GRPCInferenceService/ModelInfer'],
      [':authority', `127.0.0.1:${peer.address.port}`],
      ['te', 'trailers'],
      ['content-type', 'application/grpc'],
      ['user-agent', 'tritune'],
      ['x-token', 'secret'],
    ]);
    assert.equal(selfContained, true);
    const metadata = Buffer.concat([Buffer.of(0x10), literal('x-token', 'secret').subarray(1)]);
    assert(head.payload.subarray(-metadata.byteLength).equals(metadata));
    assert.deepEqual([head.flags, head.streamId], [frameFlags.endHeaders, 1]);
    assert.deepEqual([data.flags, data.streamId, data.payload], [frameFlags.endStream, 1, question.bytes]);
  });

  it('splits headers that are too long for one frame', async () => {
    await using peer = await FramePeer.start(answerAll);
    const headers = Array.from({ length: 5 }, (_, index) => [`x-${index}`, 'v'.repeat(8000)] as const);
    using carrier = carry(grpc, peer.address, { headers });
    using conversation = await carrier.open();
    assert.deepEqual(await conversation.ask(carrier.question()), right);
    assert.deepEqual(await conversation.ask(carrier.question()), right);
    const frames = peer.connection().frames.filter(({ streamId }) => streamId === 3);
    assert.deepEqual(
      frames.map(({ type, flags }) => [type, flags]),
      [
        [frameTypes.headers, 0],
        [frameTypes.continuation, 0],
        [frameTypes.continuation, frameFlags.endHeaders],
        [frameTypes.data, frameFlags.endStream],
      ],
    );
    const block = Buffer.concat(frames.slice(0, 3).map(({ payload }) => payload));
    assert.equal(new HpackDecoder().decode(block).headers.length, 12);
  });

  it('answers pings, and nothing to answers of pings', async () => {
    await using peer = await FramePeer.start(answerAll);
    using carrier = carry(grpc, peer.address);
    using _conversation = await carrier.open();
    const content = Buffer.from('12345678');
    peer.connection().send(frameOf(frameTypes.ping, frameFlags.ack, 0, Buffer.alloc(8)));
    peer.connection().send(frameOf(frameTypes.ping, 0, 0, content));
    await eventually('a ping is answered', () => peer.connection().framesOf(frameTypes.ping).length > 0);
    assert.deepEqual(peer.connection().framesOf(frameTypes.ping), [
      { type: frameTypes.ping, flags: frameFlags.ack, streamId: 0, payload: content },
    ]);
  });

  it('is not made where no HTTP/2 server answers', async () => {
    for (const [greeting, kind] of [
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'malformed'],
      [frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)), 'malformed'],
    ] as const) {
      await using peer = await FramePeer.start({ greeting });
      using carrier = new GrpcCarrier(plainTarget(peer.address, scriptedModel), { shared: false });
      const told = await new Promise((resolve) => {
        carrier.open({
          connected: () => resolve('connected'),
          answered: () => resolve('answered'),
          failed: (error, _, reusable) => resolve([error, reusable]),
        });
      });
      assert.deepEqual(told, [kind, false]);
    }
  });
});

describe('answers over one connection', () => {
  it('come in any order and interleaved', async () => {
    const shared = await shareThree({});
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    for (const conversation of conversations) conversation.send(carrier.question());
    await eventually('three requests are there', () => peer.connection().requested.length === 3);
    const [a, b, c] = [1, 3, 5];
    peer
      .connection()
      .send(
        headersFrame(b, headBlock),
        answerFrames(c),
        headersFrame(a, headBlock),
        dataFrame(b, rightMessage.subarray(0, 9)),
        dataFrame(a, rightMessage),
        dataFrame(b, rightMessage.subarray(9)),
        trailersFrame(b),
        trailersFrame(a),
      );
    for (const conversation of conversations) assert.deepEqual(await conversation.next(), right);
    carrier[Symbol.dispose]();
  });

  it('may be cut at each of their bytes', async () => {
    let cut = 0;
    const send = async (connection: PeerConnection, ids: readonly number[]): Promise<void> => {
      const ping = frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8));
      const bytes = Buffer.concat(ids.flatMap((id) => [ping, answerFrames(id)]));
      connection.socket.write(bytes.subarray(0, cut));
      await turns(2);
      connection.socket.write(bytes.subarray(cut));
    };
    const shared = await shareThree({
      request: ({ requested }, _) => {
        if (requested.length % 3 === 0) void send(shared.peer.connection(), requested.slice(-3));
      },
    });
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    const length = 3 * (answerFrames(1).byteLength + 17);
    for (cut = 1; cut < length; cut += 1) {
      for (const conversation of conversations) conversation.send(carrier.question());
      for (const conversation of conversations) assert.deepEqual(await conversation.next(), right, `cut at ${cut}`);
    }
    await eventually(
      'all pings are answered',
      () => peer.connection().framesOf(frameTypes.ping).length === 3 * (length - 1),
    );
    carrier[Symbol.dispose]();
  });

  it('may come byte by byte', async () => {
    const shared = await shareThree({
      request: ({ socket, requested }) => {
        if (requested.length === 3) for (const byte of answerFrames(requested[1] ?? 0)) socket.write(Buffer.of(byte));
      },
    });
    await using peer = shared.peer;
    for (const conversation of shared.conversations) conversation.send(shared.carrier.question());
    assert.deepEqual(await shared.conversations[1]?.next(), right);
    assert.equal(peer.connection().requested.length, 3);
    shared.carrier[Symbol.dispose]();
  });

  it('to requests of one turn, which leave in one piece, leave the next ones in one piece too', async () => {
    const shared = await shareThree({
      request: ({ requested }) => {
        const ids = requested.slice(-3);
        if (requested.length % 3 === 0) shared.peer.connection().send(...ids.map((id) => answerFrames(id)));
      },
    });
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    const { pieces } = peer.connection();
    const before = pieces.length;
    for (let round = 0; round < 5; round += 1) {
      for (const conversation of conversations) conversation.send(carrier.question());
      for (const conversation of conversations) assert.deepEqual(await conversation.next(), right);
    }
    assert.equal(pieces.length - before, 5);
    carrier[Symbol.dispose]();
  });
});

describe('a stream that is given up', () => {
  it('is cancelled, and what still comes on it is passed over', async () => {
    const shared = await shareThree({});
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    const [first, second, third] = conversations;
    assert(first !== undefined && second !== undefined && third !== undefined);
    for (const conversation of conversations) conversation.send(carrier.question());
    await eventually('three requests are there', () => peer.connection().requested.length === 3);
    peer.connection().send(headersFrame(3, headBlock), dataFrame(3, rightMessage));
    await turns(3);
    second.channel.destroy();
    second.channel.destroy();
    await eventually('it is cancelled', () => peer.connection().framesOf(frameTypes.rstStream).length === 1);
    const [reset] = peer.connection().framesOf(frameTypes.rstStream);
    assert.deepEqual([reset?.streamId, reset?.payload.readUInt32BE()], [3, errorCodes.cancel]);
    peer.connection().send(dataFrame(3, rightMessage), trailersFrame(3), answerFrames(1), answerFrames(5));
    assert.deepEqual([await first.next(), await third.next()], [right, right]);
    assert.deepEqual(second.untaken, []);
    first.channel.destroy();
    assert.equal(peer.connection().closed, false);
    third.channel.destroy();
    await eventually('the last channel closes the connection', () => peer.connection().closed);
    carrier[Symbol.dispose]();
  });
});
