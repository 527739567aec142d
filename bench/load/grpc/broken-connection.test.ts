import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorKind } from '../answers.ts';
import { carry, type Told } from '../transport-contract-talk.test-suite.ts';
import {
  answerFrames,
  dataFrame,
  FramePeer,
  headBlock,
  headersFrame,
  okBlock,
  rightMessage,
} from './frame-peer.test-suite.ts';
import { errorCodes, frameFlags, frameOf, frameTypes, words } from './frames.ts';
import { grpc } from './transport.ts';

const failed = (error: ErrorKind, reusable = true): Told => ({ kind: 'failed', error, reusable });

describe('a connection of gRPC is given up, with a farewell that says so,', () => {
  const broken: [string, (id: number) => Uint8Array[]][] = [
    [
      'where headers go on without end',
      (id) => [
        headersFrame(id, headBlock, 0),
        ...Array.from({ length: 20 }, () => frameOf(frameTypes.continuation, 0, id)),
      ],
    ],
    [
      'where headers are too long',
      (id) => [
        headersFrame(id, headBlock, 0),
        ...Array.from({ length: 9 }, () => frameOf(frameTypes.continuation, 0, id, Buffer.alloc(16_000))),
      ],
    ],
    [
      'where headers are interrupted',
      (id) => [headersFrame(id, headBlock, 0), frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8))],
    ],
    ['where headers go on that did not begin', (id) => [frameOf(frameTypes.continuation, 4, id, okBlock)]],
    ['where headers cannot be decoded', (id) => [headersFrame(id, Buffer.of(0xff, 0xff))]],
    ['where a stream is answered twice', (id) => [answerFrames(id), answerFrames(id)].reverse()],
    ['where a stream is answered that was never opened', () => [answerFrames(99)]],
    ['where a stream of the server is answered', () => [answerFrames(2)]],
    ['where data comes without a stream', () => [dataFrame(0, rightMessage)]],
    [
      'where something is pushed',
      (id) => [frameOf(frameTypes.pushPromise, 4, id, Buffer.concat([words(2), headBlock]))],
    ],
    ['where a frame is longer than allowed', (id) => [dataFrame(id, Buffer.alloc(16_385))]],
    ['where padding is longer than its frame', (id) => [dataFrame(id, Buffer.of(9, 1, 2), frameFlags.padded)]],
    ['where headers have more padding than bytes', (id) => [headersFrame(id, Buffer.of(9, 1, 2), 0x0c)]],
    ['where settings are cut off', () => [frameOf(frameTypes.settings, 0, 0, Buffer.alloc(5))]],
    ['where settings are of a stream', (id) => [frameOf(frameTypes.settings, 0, id)]],
    ['where an acknowledgement has content', () => [frameOf(frameTypes.settings, 1, 0, Buffer.alloc(6))]],
    ['where a window is set too large', () => [frameOf(frameTypes.settings, 0, 0, Buffer.from('000480000000', 'hex'))]],
    [
      'where a frame size is set too small',
      () => [frameOf(frameTypes.settings, 0, 0, Buffer.from('000500000001', 'hex'))],
    ],
    ['where a server wants to push', () => [frameOf(frameTypes.settings, 0, 0, Buffer.from('000200000001', 'hex'))]],
    ['where a ping is too short', () => [frameOf(frameTypes.ping, 0, 0, Buffer.alloc(7))]],
    ['where a farewell is too short', () => [frameOf(frameTypes.goAway, 0, 0, Buffer.alloc(7))]],
    ['where a window grows by nothing', () => [frameOf(frameTypes.windowUpdate, 0, 0, words(0))]],
    ['where a window grows too large', () => [frameOf(frameTypes.windowUpdate, 0, 0, words(2 ** 31 - 1))]],
    ['where a stream is reset that was never opened', () => [frameOf(frameTypes.rstStream, 0, 7, words(0))]],
  ];
  for (const [what, answer] of broken) {
    it(what, async () => {
      await using peer = await FramePeer.start({ request: (connection, id) => connection.send(...answer(id)) });
      using carrier = carry(grpc, peer.address);
      using conversation = await carrier.open();
      const told = await conversation.ask(carrier.question());
      const twice = what.includes('twice');
      // The first of two answers is an answer; the second is one to nothing.
      if (twice) assert.equal(told.kind, 'answered');
      assert.deepEqual(twice ? await conversation.next() : told, failed('malformed', false));
      await new Promise((resolve) => peer.connection().socket.once('close', resolve));
      const [farewell] = peer.connection().framesOf(frameTypes.goAway);
      assert.equal(farewell?.payload.readUInt32BE(4), errorCodes.protocolError);
    });
  }
});
