import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { scriptedModel } from '../../testing/scripted-model.ts';
import { plainTarget } from '../transport.ts';
import { type Conversation, carry, eventually, type Told } from '../transport-contract-talk.test-suite.ts';
import {
  answerFrames,
  FramePeer,
  greetingOf,
  headBlock,
  headersFrame,
  type PeerConnection,
} from './frame-peer.test-suite.ts';
import { frameOf, frameTypes, settingIds, words } from './frames.ts';
import { shareThree, turns } from './shared-channels.test-suite.ts';
import { GrpcCarrier, grpc } from './transport.ts';

const right: Told = { kind: 'answered', reusable: true, verified: true };
const lastRight: Told = { kind: 'answered', reusable: false, verified: true };
const answerAll = { request: (peer: PeerConnection, id: number) => peer.send(answerFrames(id)) };

describe('a limit of streams', () => {
  const limit = settingIds.maxConcurrentStreams;

  it('lets requests wait for an answer, in order, and counts them', async () => {
    const shared = await shareThree({ greeting: greetingOf([limit, 1]) });
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    for (const conversation of conversations) conversation.send(carrier.question());
    for (const [index, conversation] of conversations.entries()) {
      await eventually('the next request is there', () => peer.connection().requested.length === index + 1);
      await turns(3);
      assert.equal(peer.connection().requested.length, index + 1);
      peer.connection().send(answerFrames(2 * index + 1));
      assert.deepEqual(await conversation.next(), right);
    }
    assert.equal((carrier.carrier as GrpcCarrier).streamWaitCount, 2);
    carrier[Symbol.dispose]();
  });

  it('may change meanwhile', async () => {
    const shared = await shareThree({ greeting: greetingOf([limit, 0]) });
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    for (const conversation of conversations) conversation.send(carrier.question());
    await turns(5);
    assert.equal(peer.connection().requested.length, 0);
    conversations[1]?.channel.destroy();
    peer.connection().send(greetingOf([limit, 2]));
    await eventually('those that still wait are sent', () => peer.connection().requested.length === 2);
    peer.connection().send(answerFrames(1), answerFrames(3));
    assert.deepEqual([await conversations[0]?.next(), await conversations[2]?.next()], [right, right]);
    assert.equal((carrier.carrier as GrpcCarrier).streamWaitCount, 3);
    carrier[Symbol.dispose]();
  });
});

describe('a server that goes away', () => {
  const goAway = (last: number): Buffer => frameOf(frameTypes.goAway, 0, 0, words(last, 0));

  it('answers what it has taken; the rest is refused, and what is asked next goes elsewhere', async () => {
    const shared = await shareThree({});
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    for (const conversation of conversations) conversation.send(carrier.question());
    await eventually('three requests are there', () => peer.connection().requested.length === 3);
    peer.connection().send(goAway(2 ** 31 - 1), goAway(3), answerFrames(3));
    assert.deepEqual(await conversations[1]?.next(), lastRight);
    assert.deepEqual(await conversations[2]?.next(), { kind: 'failed', error: 'refused-stream', reusable: false });
    using next = await carrier.open();
    assert.equal(peer.connections.length, 2);
    assert.equal(peer.connection().closed, false);
    peer.connection().send(answerFrames(1));
    assert.deepEqual(await conversations[0]?.next(), lastRight);
    await eventually('the client closes', () => peer.connection().closed);
    next.send(carrier.question());
    await eventually('the next request is there', () => peer.connection(1).requested.length === 1);
    peer.connection(1).send(answerFrames(1));
    assert.deepEqual(await next.next(), right);
    carrier[Symbol.dispose]();
  });

  it('while nothing is outstanding is left without a word', async () => {
    await using peer = await FramePeer.start(answerAll);
    using carrier = carry(grpc, peer.address);
    using conversation = await carrier.open();
    assert.deepEqual(await conversation.ask(carrier.question()), right);
    peer.connection().send(goAway(1));
    await eventually('the client closes', () => peer.connection().closed);
    assert.deepEqual(conversation.untaken, []);
    assert.deepEqual(await conversation.ask(carrier.question()), right);
    assert.equal(peer.connections.length, 2);
  });

  it('has not seen a request that waited: it is sent to the next', async () => {
    const shared = await shareThree({ greeting: greetingOf([settingIds.maxConcurrentStreams, 1]) });
    await using peer = shared.peer;
    const { conversations, carrier } = shared;
    const [first, second] = conversations;
    first?.send(carrier.question());
    second?.send(carrier.question());
    await eventually('one request is there', () => peer.connection().requested.length === 1);
    peer.connection().send(goAway(1), answerFrames(1));
    assert.deepEqual(await first?.next(), lastRight);
    await eventually('the other one is elsewhere', () => peer.connections[1]?.requested.length === 1);
    peer.connection(1).send(answerFrames(1));
    assert.deepEqual(await second?.next(), right);
    carrier[Symbol.dispose]();
  });
});

describe('a connection that is used up', () => {
  it('is followed by another before the numbers of its streams run out', async () => {
    await using peer = await FramePeer.start(answerAll);
    const target = plainTarget(peer.address, scriptedModel);
    const limited = { ...grpc, open: () => new GrpcCarrier(target, { shared: true, lastStreamId: 5 }) };
    using carrier = carry(limited, peer.address);
    const told: Told[] = [];
    using conversation = await carrier.open();
    for (let round = 0; round < 3; round += 1) told.push(await conversation.ask(carrier.question()));
    assert.deepEqual(told, [right, right, lastRight]);
    using next = await carrier.open();
    assert.deepEqual(await next.ask(carrier.question()), right);
    assert.deepEqual(
      peer.connections.map(({ requested }) => requested),
      [[1, 3, 5], [1]],
    );
  });
});

describe('a connection that is lost', () => {
  const losing = async (
    lose: (peer: PeerConnection, id: number) => void,
    answersFirst: number,
  ): Promise<{ told: Told; conversation: Conversation }> => {
    await using peer = await FramePeer.start({
      request: (connection, id) =>
        connection.requested.length <= answersFirst ? connection.send(answerFrames(id)) : lose(connection, id),
    });
    using carrier = carry(grpc, peer.address);
    using conversation = await carrier.open();
    for (let index = 0; index < answersFirst; index += 1) await conversation.ask(carrier.question());
    return { told: await conversation.ask(carrier.question()), conversation };
  };
  const end = ({ socket }: PeerConnection): void => void socket.end();
  const reset = ({ socket }: PeerConnection): void => void socket.resetAndDestroy();
  const midway = (peer: PeerConnection, id: number): void => {
    peer.send(headersFrame(id, headBlock));
    peer.socket.end();
  };
  for (const [what, lose, answersFirst, error] of [
    ['before its first answer', end, 0, 'reset'],
    ['before its first answer, by a reset', reset, 0, 'reset'],
    ['between two answers', end, 1, 'keep-alive-reset'],
    ['between two answers, by a reset', reset, 1, 'keep-alive-reset'],
    ['amid an answer', midway, 1, 'reset'],
  ] as const) {
    it(`fails what is outstanding: ${what}`, async () => {
      const { told, conversation } = await losing(lose, answersFirst);
      assert.deepEqual(told, { kind: 'failed', error, reusable: false });
      assert.deepEqual(conversation.untaken, []);
    });
  }

  it('tells all that share it', async () => {
    const shared = await shareThree({});
    await using peer = shared.peer;
    const [first, second, third] = shared.conversations;
    first?.send(shared.carrier.question());
    second?.send(shared.carrier.question());
    await eventually('two requests are there', () => peer.connection().requested.length === 2);
    peer.connection().send(answerFrames(1));
    assert.deepEqual(await first?.next(), right);
    peer.connection().socket.end();
    await once(peer.connection().socket, 'close');
    for (const conversation of [first, second, third]) {
      assert.deepEqual(await conversation?.next(), { kind: 'failed', error: 'keep-alive-reset', reusable: false });
      assert.deepEqual(conversation?.untaken, []);
    }
    shared.carrier[Symbol.dispose]();
  });
});
