import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scriptedGrpcMessage } from '../../testing/scripted-grpc-messages.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../../testing/scripted-model.ts';
import { type ErrorKind, grpcStatuses } from '../answers.ts';
import { carry, type Told } from '../transport-contract-talk.test-suite.ts';
import {
  answerFrames,
  dataFrame,
  FramePeer,
  headBlock,
  headersFrame,
  literal,
  okBlock,
  rightMessage,
  trailersFrame,
  wrongMessage,
} from './frame-peer.test-suite.ts';
import { errorCodes, frameFlags, frameOf, frameTypes, words } from './frames.ts';
import { grpc } from './transport.ts';

const right: Told = { kind: 'answered', reusable: true, verified: true };
const failed = (error: ErrorKind, reusable = true): Told => ({ kind: 'failed', error, reusable });

/** What is told of an answer of these bytes, and then of a right one. */
async function toldOf(answer: (streamId: number) => Uint8Array[], { last = false } = {}): Promise<Told> {
  let count = 0;
  await using peer = await FramePeer.start({
    request: (connection, streamId) => {
      count += 1;
      connection.send(...(count === 1 ? answer(streamId) : [answerFrames(streamId)]));
    },
  });
  using carrier = carry(grpc, peer.address, { shared: true });
  using conversation = await carrier.open();
  const told = await conversation.ask(carrier.question());
  if (!last) assert.deepEqual(await conversation.ask(carrier.question()), right, 'the answer after it');
  assert.deepEqual(conversation.untaken, []);
  return told;
}

describe('an answer over gRPC is right', () => {
  const endStream = frameFlags.endStream;
  const forms: [string, (id: number) => Uint8Array[]][] = [
    ['as it is', (id) => [answerFrames(id)]],
    ['with its message in pieces', (id) => [head(id), ...pieces(id, rightMessage, 1), trailersFrame(id)]],
    [
      'with empty DATA around it',
      (id) => [head(id), empty(id), dataFrame(id, rightMessage), empty(id), trailersFrame(id)],
    ],
    ['behind an informational one', (id) => [headersFrame(id, literal(':status', '103')), answerFrames(id)]],
    [
      'with padding and a priority',
      (id) => [
        headersFrame(id, Buffer.concat([Buffer.of(3), words(0), Buffer.of(9), headBlock, Buffer.alloc(3)]), 0x2c),
        dataFrame(id, Buffer.concat([Buffer.of(2), rightMessage, Buffer.alloc(2)]), frameFlags.padded),
        trailersFrame(id),
      ],
    ],
    [
      'with its headers in many frames',
      (id) => [
        headersFrame(id, headBlock.subarray(0, 1), 0),
        frameOf(frameTypes.continuation, 0, id, headBlock.subarray(1, 8)),
        frameOf(frameTypes.continuation, frameFlags.endHeaders, id, headBlock.subarray(8)),
        dataFrame(id, rightMessage),
        headersFrame(id, Buffer.alloc(0), endStream),
        frameOf(frameTypes.continuation, frameFlags.endHeaders, id, okBlock),
      ],
    ],
    [
      'amid frames that mean nothing',
      (id) => [
        frameOf(frameTypes.priority, 0, id, Buffer.alloc(5)),
        head(id),
        frameOf(99, 255, 77, Buffer.alloc(30)),
        dataFrame(id, rightMessage),
        frameOf(frameTypes.windowUpdate, 0, id, words(5)),
        trailersFrame(id),
        frameOf(frameTypes.windowUpdate, 0, id, words(5)),
        frameOf(frameTypes.rstStream, 0, id, words(0)),
      ],
    ],
    [
      'with a suffix in its content type',
      (id) => [headersFrame(id, contentType('application/grpc+proto')), dataFrame(id, rightMessage), trailersFrame(id)],
    ],
    ['with outputs in another order', (id) => [answerFrames(id, otherOrder())]],
  ];
  for (const [what, answer] of forms) {
    it(what, async () => assert.deepEqual(await toldOf(answer), right));
  }
});

describe('an answer over gRPC fails alone', () => {
  it('with the kind of its status, before or behind a message', async () => {
    for (const [index, name] of grpcStatuses.entries()) {
      const status = literal('grpc-status', `${index + 1}`);
      const only = (id: number) => [trailersFrame(id, Buffer.concat([headBlock, status]))];
      assert.deepEqual(await toldOf(only), failed(`grpc-${name}`));
      const behind = (id: number) => [head(id), dataFrame(id, rightMessage), trailersFrame(id, status)];
      assert.deepEqual(await toldOf(behind), failed(`grpc-${name}`));
    }
    assert.deepEqual(
      await toldOf((id) => [head(id), trailersFrame(id, literal('grpc-status', '17'))]),
      failed('grpc-unknown'),
    );
  });

  const http: [number, ErrorKind][] = [
    [302, 'grpc-unknown'],
    [400, 'grpc-internal'],
    [401, 'grpc-unauthenticated'],
    [403, 'grpc-permission-denied'],
    [404, 'grpc-unimplemented'],
    [429, 'grpc-unavailable'],
    [500, 'grpc-unknown'],
    [502, 'grpc-unavailable'],
    [503, 'grpc-unavailable'],
    [504, 'grpc-unavailable'],
  ];
  for (const [status, kind] of http) {
    it(`with status ${status} of HTTP, whatever page comes with it`, async () => {
      const page = (id: number) => [
        headersFrame(id, Buffer.concat([literal(':status', `${status}`), literal('content-type', 'text/html')])),
        dataFrame(id, Buffer.from('<html>'), frameFlags.endStream),
      ];
      assert.deepEqual(await toldOf(page), failed(kind));
    });
  }

  const resets: [number, ErrorKind][] = [
    [errorCodes.noError, 'grpc-internal'],
    [errorCodes.protocolError, 'grpc-internal'],
    [errorCodes.internalError, 'grpc-internal'],
    [errorCodes.streamClosed, 'grpc-unknown'],
    [errorCodes.refusedStream, 'refused-stream'],
    [errorCodes.cancel, 'grpc-cancelled'],
    [errorCodes.enhanceYourCalm, 'grpc-resource-exhausted'],
    [errorCodes.inadequateSecurity, 'grpc-permission-denied'],
    [4_000_000_000, 'grpc-unknown'],
  ];
  for (const [code, kind] of resets) {
    it(`where its stream is broken off with code ${code}`, async () => {
      const reset = (id: number) => frameOf(frameTypes.rstStream, 0, id, words(code));
      assert.deepEqual(await toldOf((id) => [reset(id)]), failed(kind));
      assert.deepEqual(await toldOf((id) => [head(id), dataFrame(id, rightMessage), reset(id)]), failed(kind));
    });
  }

  const checked: [string, ErrorKind, Buffer][] = [
    ['wrong values', 'wrong-values', wrongMessage],
    ['no outputs', 'wrong-shape', Buffer.alloc(5)],
    ['a message that is none', 'malformed', Buffer.from('\0\0\0\0\x04\xff\xff\xff\xff', 'latin1')],
  ];
  for (const [what, kind, message] of checked) {
    it(`with ${what}`, async () => assert.deepEqual(await toldOf((id) => [answerFrames(id, message)]), failed(kind)));
  }

  const malformed: [string, (id: number) => Uint8Array[]][] = [
    [
      'without a status of gRPC that is a number',
      (id) => [head(id), dataFrame(id, rightMessage), trailersFrame(id, literal('grpc-status', 'ok'))],
    ],
    [
      'without a status of HTTP',
      (id) => [
        headersFrame(id, contentType('application/grpc').subarray(1)),
        dataFrame(id, rightMessage),
        trailersFrame(id),
      ],
    ],
    ['that begins with data', (id) => [dataFrame(id, rightMessage), trailersFrame(id)]],
    ['with headers twice', (id) => [head(id), head(id), dataFrame(id, rightMessage), trailersFrame(id)]],
    [
      'of a web server',
      (id) => [headersFrame(id, contentType('text/html')), dataFrame(id, Buffer.from('<html>'), frameFlags.endStream)],
    ],
    ['that is compressed', (id) => [answerFrames(id, Buffer.concat([Buffer.of(1), rightMessage.subarray(1)]))]],
    ['of two messages', (id) => [answerFrames(id, Buffer.concat([rightMessage, rightMessage]))]],
    ['of a message that is cut off', (id) => [answerFrames(id, rightMessage.subarray(0, -1))]],
    ['of a prefix that is cut off', (id) => [answerFrames(id, rightMessage.subarray(0, 4))]],
    ['of 4 GiB, as it says', (id) => [answerFrames(id, Buffer.from('00ffffffff0a', 'hex'))]],
    ['of OK without a message', (id) => [trailersFrame(id, Buffer.concat([headBlock, okBlock]))]],
  ];
  for (const [what, answer] of malformed) {
    it(what, async () => assert.deepEqual(await toldOf(answer), failed('malformed')));
  }

  it('without a status at all', async () => {
    const answer = (id: number) => [head(id), dataFrame(id, rightMessage, frameFlags.endStream)];
    assert.deepEqual(await toldOf(answer), failed('grpc-unknown'));
  });
});

function head(streamId: number): Buffer {
  return headersFrame(streamId, headBlock);
}

function empty(streamId: number): Buffer {
  return dataFrame(streamId, Buffer.alloc(0));
}

function contentType(value: string): Buffer {
  return Buffer.concat([Buffer.of(0x88), literal('content-type', value)]);
}

function pieces(streamId: number, message: Buffer, size: number): Buffer[] {
  const count = Math.ceil(message.byteLength / size);
  return Array.from({ length: count }, (_, index) =>
    dataFrame(streamId, message.subarray(index * size, (index + 1) * size)),
  );
}

function otherOrder(): Buffer {
  const tensors = scriptedOutputs(scriptedInput([[0, 0.5, 1, 2]])).toReversed();
  return scriptedGrpcMessage({ model: scriptedModel, tensors });
}
