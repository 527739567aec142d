import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { type Random, seededRandom } from '../../random.ts';
import { isLong } from '../../testing/long.ts';
import { deliver, type ScriptedAnswer } from '../../testing/scripted-answers.ts';
import { scriptedInput, scriptedModel, scriptedOutputs } from '../../testing/scripted-model.ts';
import { type Question, Rotation } from '../rotation.ts';
import { plainTarget } from '../transport.ts';
import { Conversation, type Told } from '../transport-contract-talk.test-suite.ts';
import { http } from './transport.ts';

const input = scriptedInput([[1, 0.5, 1, 2]]);
const output = { model: scriptedModel, tensors: scriptedOutputs(input) };
const forms = ['right', 'chunked', 'continue', 'connection-close', 'until-close', 'other-rounding'] as const;

/** What the server sends next, piece by piece, and whether it then closes. */
type Sending = { readonly pieces: readonly Uint8Array[]; readonly close: boolean };

describe('a connection', () => {
  const caseCount = isLong ? 100_000 : 2_000;
  let sending: Sending = { pieces: [], close: true };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', () => send(socket, sending));
  });
  before(async () => once(server.listen(0, '127.0.0.1'), 'listening'));
  after(() => server.close());

  const openAsker = (): ((next: Sending, question: Question) => Promise<Told>) & Disposable => {
    const target = plainTarget({ host: '127.0.0.1', port: (server.address() as { port: number }).port }, scriptedModel);
    const carrier = http.open(target, { shared: false });
    let talk: Conversation | undefined;
    const ask = async (next: Sending, question: Question): Promise<Told> => {
      if (talk === undefined) {
        talk = new Conversation(carrier);
        assert.equal((await talk.next()).kind, 'connected');
      }
      sending = next;
      const told = await talk.ask(question);
      const { untaken } = talk;
      if (!('reusable' in told) || !told.reusable || untaken.length > 0) {
        talk.channel.destroy();
        talk = undefined;
      }
      assert(untaken.length <= 1 && untaken.every(({ kind }) => kind === 'failed'), JSON.stringify(untaken));
      return told;
    };
    return Object.assign(ask, { [Symbol.dispose]: () => talk?.channel.destroy() });
  };

  it(`takes every form of a right answer, however it is cut, known answers among them (${caseCount} cases)`, async () => {
    const random = seededRandom(20_261_123);
    using ask = openAsker();
    const questions = [questionOf(true), questionOf(false)];
    for (let index = 0; index < caseCount; index += 1) {
      const kind = random.integer(3) === 0 ? (forms[random.integer(forms.length)] ?? 'right') : 'right';
      const { bytes, close } = bytesOf({ kind });
      const question = questions[random.integer(2)] ?? questionOf(true);
      const told = await ask({ pieces: cut(bytes, random), close }, question);
      assert.equal(told.kind, 'answered', `case ${index}: ${kind} ${JSON.stringify(told)}`);
      assert.equal(told.reusable, !close, `case ${index}: ${kind}`);
      if (question.expected === null) assert.equal(told.verified, false);
      else assert.equal(told.verified, true);
    }
  });

  it(`tells one thing of whatever comes in, and never takes wrong values for right ones (${caseCount} cases)`, async () => {
    const random = seededRandom(20_261_124);
    using ask = openAsker();
    const [known, unknown] = [questionOf(true), questionOf(false)];
    const counts = new Map<string, number>();
    for (let index = 0; index < caseCount; index += 1) {
      const { bytes } = bytesOf({ kind: forms[random.integer(forms.length)] ?? 'right' });
      const mutated = mutate(bytes, random);
      const told = await ask({ pieces: cut(mutated, random), close: true }, random.integer(4) === 0 ? unknown : known);
      const what = told.kind === 'failed' ? told.error : told.kind;
      counts.set(what, (counts.get(what) ?? 0) + 1);
      // What is told to be verified holds the very bytes of the tensors, or ones that are as near as rounding.
      if (told.kind === 'answered' && told.verified)
        assert(holdsOutput(mutated), `case ${index}: ${mutated.toString('latin1')}`);
    }
    for (const what of ['answered', 'malformed', 'reset', 'wrong-shape'])
      assert((counts.get(what) ?? 0) > 5, JSON.stringify([...counts]));
    const known_ = [
      'answered',
      'malformed',
      'reset',
      'wrong-shape',
      'wrong-values',
      'http-4xx',
      'http-5xx',
      'keep-alive-reset',
    ];
    assert.deepEqual(
      [...counts.keys()].filter((what) => !known_.includes(what)),
      [],
    );
  });
});

function questionOf(known: boolean): Question {
  const target = plainTarget({ host: '127.0.0.1', port: 1 }, scriptedModel);
  return new Rotation([{ ...http.encode(target, [input]), expected: known ? output.tensors : null }]).next();
}

function bytesOf(answer: ScriptedAnswer): { bytes: Buffer; close: boolean } {
  const { pieces, afterwards } = deliver(answer, output);
  return { bytes: Buffer.concat(pieces), close: afterwards === 'close' };
}

function send(socket: Socket, { pieces, close }: Sending): void {
  const [piece, ...others] = pieces;
  if (piece !== undefined) socket.write(piece);
  if (others.length > 0) setImmediate(() => send(socket, { pieces: others, close }));
  else if (close) socket.end();
}

/** Whole most of the time, as answers come; else in up to four pieces. */
function cut(bytes: Buffer, { integer }: Random): Buffer[] {
  const cuts = integer(2) === 0 ? [] : Array.from({ length: 1 + integer(3) }, () => integer(bytes.byteLength + 1));
  const at = [0, ...cuts.sort((a, b) => a - b), bytes.byteLength];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function mutate(bytes: Buffer, { integer }: Random): Buffer {
  const at = integer(bytes.byteLength);
  const mutated = Buffer.from(bytes);
  switch (integer(5)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + integer(4))]);
    case 2:
      return Buffer.concat([bytes, bytes.subarray(0, 1 + at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.of(integer(256)), bytes.subarray(at)]);
    default:
      mutated[at] = (mutated[at] ?? 0) ^ (1 << integer(8));
      return mutated;
  }
}

/** Whether the two tensors' last bytes, the integer and the float's upper three, are somewhere in it. */
function holdsOutput(bytes: Buffer): boolean {
  const [total, largest] = output.tensors;
  if (total === undefined || largest === undefined) return false;
  const framing = /\r\n[0-9a-f]+(;[^\r]*)?\r\n/gi;
  const text = bytes.toString('latin1').replace(framing, '');
  return text.includes(Buffer.concat([total.data.subarray(2), largest.data]).toString('latin1'));
}
