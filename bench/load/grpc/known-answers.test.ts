import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeElements, type Tensor } from '../../kserve/tensors.ts';
import { scriptedGrpcMessage } from '../../testing/scripted-grpc-messages.ts';
import { type PreparedRequest, type Question, Rotation, verifyEvery } from '../rotation.ts';
import { checkAnswer } from './check-answer.ts';
import { answerFrames } from './frame-peer.test-suite.ts';
import { messagePrefixBytes } from './infer-request.ts';
import { KnownAnswers } from './known-answers.ts';

describe('a known answer', () => {
  it('stands for all answers like it, whatever their streams and questions', () => {
    const { known, question } = knowing(outputs(1, 2));
    const other = ask(outputs(3, 4));
    assert.equal(look(known, question, { streamId: 0x1234567, tensors: outputs(1, 2) }), 'verified');
    assert.equal(look(known, other, { streamId: 3, tensors: outputs(3, 4) }), 'verified');
    assert.equal(look(known, other, { streamId: 5, tensors: outputs(1, 2) }), 'unknown');
    assert.equal(look(known, question, { streamId: 7, tensors: outputs(1, 2) }), 'verified');
  });

  it('is found again wherever in a read it stands', () => {
    const { known, question } = knowing(outputs(1, 2));
    const bytes = Buffer.concat([Buffer.alloc(99, 7), framesOf(9, outputs(1, 2)), Buffer.alloc(99, 7)]);
    assert.equal(known.look(bytes, 99, question), 'verified');
  });

  it('stands for numbers that are rounded otherwise, and for no others', () => {
    const { known, question } = knowing(outputs(1, 2));
    assert.equal(look(known, question, { tensors: outputs(1.000_001, 2) }), 'verified');
    assert.equal(look(known, question, { tensors: outputs(1.001, 2) }), 'unknown');
    const [values, count] = outputs(1, 2);
    assert(values !== undefined && count !== undefined);
    const off = { ...count, data: encodeElements('INT64', [8n]) };
    assert.equal(look(known, question, { tensors: [values, off] }), 'unknown');
  });

  it('is not one that differs in any byte; where nothing is expected, in any but those of tensors', () => {
    const count = outputs(1, 2).slice(1);
    const { known, question } = knowing(count);
    const right = framesOf(1, count);
    const unexpecting = ask(null);
    const looks = Array.from(right, (byte, at) => {
      const changed = Buffer.from(right);
      changed[at] = byte ^ 0x40;
      return [known.look(changed, 0, question), known.look(changed, 0, unexpecting)];
    });
    assert.equal(looks.filter(([found]) => found !== 'unknown').length, 0);
    assert.equal(looks.filter(([, found]) => found === 'right-form').length, 8);
    assert.equal(looks.filter(([, found]) => found === 'verified').length, 0);
  });

  it('without expected values is one of its form', () => {
    const { known } = knowing(null, outputs(1, 2));
    assert.equal(look(known, ask(null), { tensors: outputs(5, 6) }), 'right-form');
    assert.equal(look(known, ask(null), { tensors: outputs(5, 6).toReversed() }), 'unknown');
    assert.equal(look(known, ask(outputs(5, 6)), { tensors: outputs(5, 6) }), 'verified');
  });

  it('without expected values says nothing of texts, whose lengths may differ', () => {
    const text = (hex: string): Tensor[] => [
      { name: 't', datatype: 'BYTES', shape: [2], data: Buffer.from(hex, 'hex') },
    ];
    const { known } = knowing(null, text('01000000610100000062'));
    assert.equal(look(known, ask(null), { tensors: text('00000000020000006162') }), 'unknown');
    const shorter = ask(text('0100000061' + '00000000'));
    assert.equal(look(known, shorter, { tensors: text('01000000610100000062') }), 'unknown');
  });

  it('does not stand for a question with other outputs', () => {
    const { known } = knowing(outputs(1, 2));
    const [values] = outputs(1, 2);
    assert(values !== undefined);
    assert.equal(look(known, ask([values]), { tensors: outputs(1, 2) }), 'unknown');
  });

  it('is given up for another that comes in its place', () => {
    const { known, question } = knowing(outputs(1, 2));
    const wider = ask(outputs(1, 2, 3));
    assert.equal(look(known, wider, { tensors: outputs(1, 2, 3) }), 'unknown');
    remember(known, wider, outputs(1, 2, 3));
    assert.equal(look(known, wider, { tensors: outputs(1, 2, 3) }), 'verified');
    assert.equal(look(known, question, { tensors: outputs(1, 2) }), 'unknown');
  });

  it('is looked for ever more rarely where no two are alike', () => {
    const { known } = knowing(outputs(0));
    const lengths = Array.from({ length: 1000 }, (_, index) => {
      const tensors = outputs(...Array.from({ length: 2 + (index % 2) }, () => index));
      remember(known, ask(tensors), tensors);
      return known.length;
    });
    const changes = lengths.filter((length, index) => index > 0 && length !== lengths[index - 1]).length;
    assert(changes < 100, `${changes}`);
  });
});

describe('large answers that are rounded otherwise', () => {
  const wide = (first: number): Tensor[] => outputs(first, ...Array.from({ length: 1000 }, (_, index) => index));

  it('are compared in full once in so many, known or not', () => {
    const { known, question } = knowing(wide(1));
    question.unverifiedCount = 0;
    const looks = Array.from({ length: 3 * verifyEvery }, () => look(known, question, { tensors: wide(1.000_001) }));
    assert.equal(looks.filter((found) => found === 'verified').length, 3);
    assert.equal(looks.filter((found) => found === 'right-form').length, 3 * (verifyEvery - 1));
    const message = scriptedGrpcMessage({ model: 'm', tensors: wide(1.000_001) }).subarray(messagePrefixBytes);
    const checks = Array.from({ length: verifyEvery }, () => checkAnswer(message, question));
    assert.equal(checks.filter((check) => 'tensors' in check && check.verified).length, 1);
  });

  it('are found wrong at once where none was compared before', () => {
    const { known, question } = knowing(wide(1));
    assert.equal(look(known, question, { tensors: wide(9) }), 'unknown');
    const message = scriptedGrpcMessage({ model: 'm', tensors: wide(9) }).subarray(messagePrefixBytes);
    assert.deepEqual(checkAnswer(message, ask(wide(1))), { wrong: 'wrong-values' });
  });

  it('are found wrong then', () => {
    const { known, question } = knowing(wide(1));
    assert.equal(look(known, question, { tensors: wide(1.000_001) }), 'verified');
    const looks = Array.from({ length: verifyEvery }, () => look(known, question, { tensors: wide(9) }));
    assert.deepEqual(looks.indexOf('unknown'), verifyEvery - 1);
    const message = scriptedGrpcMessage({ model: 'm', tensors: wide(9) }).subarray(messagePrefixBytes);
    assert.deepEqual(checkAnswer(message, question), { wrong: 'wrong-values' });
  });
});

/** Some numbers, and how many texts of 1 byte they would make. */
function outputs(...values: number[]): Tensor[] {
  return [
    { name: 'values', datatype: 'FP32', shape: [1, values.length], data: encodeElements('FP32', values) },
    { name: 'count', datatype: 'INT64', shape: [1], data: encodeElements('INT64', [BigInt(values.length)]) },
  ];
}

function ask(expected: PreparedRequest['expected']): Question {
  return new Rotation([{ bytes: Buffer.alloc(0), jsonBytes: 0, expected }]).next();
}

function knowing(expected: Tensor[] | null, tensors = expected ?? []): { known: KnownAnswers; question: Question } {
  const known = new KnownAnswers();
  const question = ask(expected);
  remember(known, question, tensors);
  return { known, question };
}

function framesOf(streamId: number, tensors: Tensor[]): Buffer {
  return answerFrames(streamId, scriptedGrpcMessage({ model: 'm', tensors }));
}

/** Where each of the three frames begins. */
function starts(bytes: Buffer): number[] {
  const data = 9 + bytes.readUIntBE(0, 3);
  return [0, data, data + 9 + bytes.readUIntBE(data, 3)];
}

function remember(known: KnownAnswers, question: Question, tensors: Tensor[]): void {
  const bytes = framesOf(1, tensors);
  const [, dataAt = 0, trailersAt = 0] = starts(bytes);
  const message = bytes.subarray(dataAt + 9 + messagePrefixBytes, trailersAt);
  const check = checkAnswer(message, question);
  assert('tensors' in check);
  known.remember({ bytes, dataAt, trailersAt, dataBytes: trailersAt - dataAt - 9 }, message, check.tensors, question);
}

function look(
  known: KnownAnswers,
  question: Question,
  { streamId = 1, tensors }: { streamId?: number; tensors: Tensor[] },
): ReturnType<KnownAnswers['look']> {
  const bytes = framesOf(streamId, tensors);
  // What would not be looked at, because less has come in.
  if (bytes.byteLength < known.length) return 'unknown';
  return known.look(bytes, 0, question);
}
