import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '../../random.ts';
import { isLong } from '../../testing/long.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../../testing/scripted-model.ts';
import { type Question, Rotation } from '../rotation.ts';
import { plainTarget } from '../transport.ts';
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
import { frameHeadBytes, frameOf, frameTypes, settingIds, words } from './frames.ts';
import { grpc } from './transport.ts';

const askedAtOnce = 3;

describe('servers that send something else than they should', () => {
  const caseCount = isLong ? 100_000 : 2_000;
  it(`have each request answered or failed, once (${caseCount} cases)`, { timeout: 1_800_000 }, async () => {
    const random = seededRandom(20_261_123);
    const outcomes = { connected: 0, answered: 0, failed: 0, again: 0 };
    let greeting: Buffer = Buffer.alloc(0);
    let rest: Buffer = Buffer.alloc(0);
    const mutated = new WeakSet<PeerConnection>();
    await using peer = await FramePeer.start({
      greeting: Buffer.alloc(0),
      connected: (connection, index) => {
        // Where a client is sent elsewhere it finds a server that is right.
        if (index > 0) {
          connection.send(greetingOf());
          return;
        }
        mutated.add(connection);
        // Behind a greeting that is broken there may never be a request to answer.
        if (greeting.equals(greetings())) connection.send(greeting);
        else finish(connection, Buffer.concat([greeting, rest]), random);
      },
      request: (connection, streamId) => {
        if (!mutated.has(connection)) connection.send(answerFrames(streamId));
        else if (connection.requested.length === 1 && greeting.equals(greetings())) finish(connection, rest, random);
      },
    });
    for (let index = 0; index < caseCount; index += 1) {
      greeting = random.integer(4) === 0 ? mutate(greetings(), random) : greetings();
      rest = mutate(answers(random), random);
      peer.connections.length = 0;
      const shown = () => `case ${index}: ${greeting.toString('hex')} ${rest.toString('hex')}`;
      for (const told of await converse(peer, shown)) outcomes[told] += 1;
      if (peer.connections.length > 1) outcomes.again += 1;
    }
    const { answered, failed } = outcomes;
    assert.equal(answered + failed, caseCount * askedAtOnce);
    assert(Math.min(answered, failed) > caseCount / 5, JSON.stringify(outcomes));
  });
});

type Outcome = 'connected' | 'answered' | 'failed';

/** Asks over three channels at once; what each of them tells, until its request is answered or failed. */
async function converse(peer: FramePeer, shown: () => string): Promise<Outcome[]> {
  using carrier = grpc.open(plainTarget(peer.address, scriptedModel), { shared: true });
  const told: Outcome[][] = [];
  const ends = Array.from({ length: askedAtOnce }, async (_, index) => {
    const outcomes: Outcome[] = [];
    told.push(outcomes);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = setTimeout(() => reject(new Error(`nothing is told; ${shown()}`)), 10_000);
    const end = (outcome: Outcome): void => {
      outcomes.push(outcome);
      // At once: an idle channel is told where its connection goes.
      channel.destroy();
      resolve();
    };
    const channel = carrier.open({
      connected: () => {
        outcomes.push('connected');
        channel.send(questions[index] as Question);
      },
      answered: () => end('answered'),
      failed: () => end('failed'),
    });
    await promise;
    clearTimeout(late);
  });
  await Promise.all(ends);
  for (const outcomes of told) {
    assert.match(outcomes.join(), /^(connected,)?(answered|failed)$/, shown());
    assert(outcomes.join() !== 'answered', shown());
  }
  return told.flat();
}

const questions: readonly Question[] = Array.from({ length: askedAtOnce }, () => {
  const input = scriptedInput([[0, 0.5, 1, 2]]);
  const target = plainTarget({ host: '127.0.0.1', port: 1 }, scriptedModel);
  return new Rotation([{ ...grpc.encode(target, [input]), expected: scriptedOutputs(input) }]).next();
});

/** Sends it in a few pieces, and closes. */
function finish({ socket }: PeerConnection, bytes: Buffer, random: Random): void {
  const at = random.integer(bytes.byteLength + 1);
  socket.write(bytes.subarray(0, at));
  setImmediate(() => socket.end(bytes.subarray(at)));
}

function greetings(): Buffer {
  return Buffer.concat([
    greetingOf([settingIds.maxConcurrentStreams, 100], [settingIds.initialWindowSize, 1 << 20]),
    frameOf(frameTypes.windowUpdate, 0, 0, words(1 << 20)),
  ]);
}

/** What a server may send to three requests, in many of its forms. */
function answers(random: Random): Buffer {
  const indexed = Buffer.concat([Buffer.of(0x40), literal('x-server', 'v').subarray(1)]);
  const forms: ((id: number) => Buffer[])[] = [
    (id) => [answerFrames(id)],
    (id) => [headersFrame(id, Buffer.concat([headBlock, indexed])), dataFrame(id, rightMessage), trailersFrame(id)],
    (id) => [
      headersFrame(id, headBlock.subarray(0, 9), 0),
      frameOf(frameTypes.continuation, 4, id, headBlock.subarray(9)),
      dataFrame(id, rightMessage.subarray(0, 30)),
      frameOf(frameTypes.ping, 0, 0, Buffer.alloc(8)),
      dataFrame(id, Buffer.concat([Buffer.of(1), rightMessage.subarray(30), Buffer.alloc(1)]), 8),
      trailersFrame(id),
    ],
    (id) => [trailersFrame(id, Buffer.concat([headBlock, literal('grpc-status', '14')]))],
    (id) => [frameOf(frameTypes.rstStream, 0, id, words(7))],
    (id) => [frameOf(frameTypes.goAway, 0, 0, words(id, 0)), answerFrames(id)],
    (id) => [greetingOf([settingIds.initialWindowSize, 5]).subarray(0, -frameHeadBytes), answerFrames(id)],
  ];
  return Buffer.concat([1, 3, 5].flatMap((id) => forms[random.integer(forms.length)]?.(id) ?? []));
}

/** Changes, drops, doubles and inserts bytes in one to three places. */
function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = bytes;
  for (let round = 1 + random.integer(3); round > 0; round -= 1) {
    const at = random.integer(mutated.byteLength + 1);
    const [before, after] = [mutated.subarray(0, at), mutated.subarray(at)];
    switch (random.integer(6)) {
      case 0:
        mutated = Buffer.concat([before, Buffer.of(random.integer(256)), after.subarray(1)]);
        break;
      case 1:
        mutated = Buffer.concat([before, after.subarray(1 + random.integer(8))]);
        break;
      case 2:
        mutated = Buffer.concat([before, hostileFrame(random), after]);
        break;
      case 3:
        mutated = before;
        break;
      case 4:
        mutated = Buffer.concat([before, Buffer.of((after[0] ?? 0) ^ (1 << random.integer(8))), after.subarray(1)]);
        break;
      default:
        mutated = Buffer.concat([before, mutated.subarray(random.integer(at + 1), at), after]);
    }
  }
  return mutated;
}

function hostileFrame(random: Random): Buffer {
  const payload = Buffer.from(Array.from({ length: random.integer(20) }, () => random.integer(256)));
  return frameOf(random.integer(11), random.integer(256), random.integer(8), payload);
}
