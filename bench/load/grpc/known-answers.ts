import type { Tensor } from '../../kserve/tensors.ts';
import type { Expected } from '../answers.ts';
import type { Question } from '../rotation.ts';
import { checkValues, type Part, pair } from './check-answer.ts';
import { frameHeadBytes, readStreamId, writeStreamId } from './frames.ts';
import { messagePrefixBytes } from './infer-request.ts';

/** Longer answers are parsed: what that costs is little beside their bytes. */
const rememberLimitBytes = 16 * 1024;
/** Of all questions together; further ones are parsed. */
const totalLimitBytes = 32 * 1024 * 1024;
/** A server whose answers always differ in their headers is tried again once in so many answers. */
const patience = 64;

/** A right answer as it came in: HEADERS, DATA and HEADERS, one behind the other. */
export type AnswerFrames = {
  /** Not kept. */
  readonly bytes: Buffer;
  /** Where the second and the third frame begin. */
  readonly dataAt: number;
  readonly trailersAt: number;
  /** What the DATA frame takes from the windows. */
  readonly dataBytes: number;
};

/**
 * The whole of a right answer is remembered, and what it would be for each other question: an answer that is it, byte for
 * byte but for the number of its stream, or number for number, needs no parsing, which is what makes this client cheap.
 */
export class KnownAnswers {
  #template: Template | undefined;
  readonly #byQuestion = new Map<Question, Buffer | undefined>();
  #bytes = 0;
  #misses = 0;

  /** What the answer that matched last took from the windows. */
  get dataBytes(): number {
    return this.#template?.dataBytes ?? 0;
  }

  /** Length of a right answer; none is known where it is 0. */
  get length(): number {
    return this.#template?.length ?? 0;
  }

  /** What can be said of the frames at `at`, `length` of which have come in, without parsing them. */
  look(received: Buffer, at: number, question: Question): 'verified' | 'right-form' | 'unknown' {
    const template = this.#template;
    if (template === undefined) return 'unknown';
    let known = this.#byQuestion.get(question);
    if (known === undefined) {
      if (this.#byQuestion.has(question)) return 'unknown';
      known = this.#derive(template, question);
      if (known === undefined) return 'unknown';
    }
    const streamId = readStreamId(received, at + 5);
    writeStreamId(known, 5, streamId);
    writeStreamId(known, template.dataAt + 5, streamId);
    writeStreamId(known, template.trailersAt + 5, streamId);
    if (question.expected !== null && known.compare(received, at, at + template.length) === 0) {
      this.#misses = 0;
      return 'verified';
    }
    return this.#lookAtParts(template, known, received.subarray(at, at + template.length), question);
  }

  /** Keeps a right answer to `question`, whose tensors lie in `message`. */
  remember(frames: AnswerFrames, message: Buffer, tensors: readonly Tensor[], question: Question): void {
    if (frames.bytes.byteLength > rememberLimitBytes) return;
    this.#misses += 1;
    if (this.#misses > patience && this.#misses % patience !== 0) return;
    const messageAt = frames.dataAt + frameHeadBytes + messagePrefixBytes;
    const spans = tensors.map(({ data }) => {
      const start = data.byteOffset - message.byteOffset;
      const inside = data.buffer === message.buffer && start >= 0 && start + data.byteLength <= message.byteLength;
      return inside ? { start: messageAt + start, end: messageAt + start + data.byteLength } : undefined;
    });
    // Elements that were sent as lists are not found again by their place.
    if (!spans.every((span) => span !== undefined)) return;
    this.#byQuestion.clear();
    this.#bytes = 0;
    this.#template = {
      ...frames,
      bytes: Buffer.from(frames.bytes),
      length: frames.bytes.byteLength,
      tensors: tensors.map(({ data, ...form }) => ({ ...form, data: Buffer.from(data) })),
      spans,
      gaps: gapsOf(spans, frames.bytes.byteLength),
      textual: tensors.some(({ datatype }) => datatype === 'BYTES'),
    };
    this.#derive(this.#template, question);
  }

  /** The right answer to another question, whose outputs have the same forms. */
  #derive(template: Template, question: Question): Buffer | undefined {
    if (this.#bytes > totalLimitBytes) return undefined;
    const known = question.expected === null ? nullAnswer(template) : answerWith(template, question.expected);
    this.#byQuestion.set(question, known);
    this.#bytes += template.length;
    return known;
  }

  #lookAtParts(
    template: Template,
    known: Buffer,
    received: Buffer,
    question: Question,
  ): 'verified' | 'right-form' | 'unknown' {
    if (!template.gaps.every(({ start, end }) => known.compare(received, start, end, start, end) === 0))
      return 'unknown';
    this.#misses = 0;
    if (question.expected === null) return 'right-form';
    const values = checkValues(partsOf(template, received, question.expected), question);
    return values === 'wrong' ? 'unknown' : values;
  }
}

type Span = { readonly start: number; readonly end: number };
type Template = Omit<AnswerFrames, 'bytes'> & {
  readonly bytes: Buffer;
  readonly length: number;
  readonly tensors: readonly Tensor[];
  /** Where each tensor's bytes lie. */
  readonly spans: readonly Span[];
  /** What lies between them. */
  readonly gaps: readonly Span[];
  /** Strings of one total length may have different lengths each. */
  readonly textual: boolean;
};

function gapsOf(spans: readonly Span[], length: number): Span[] {
  const inOrder = spans.toSorted((a, b) => a.start - b.start);
  const starts = [0, ...inOrder.map(({ end }) => end)];
  const ends = [...inOrder.map(({ start }) => start), length];
  return starts.map((start, index) => ({ start, end: ends[index] ?? length }));
}

function nullAnswer(template: Template): Buffer | undefined {
  return template.textual ? undefined : Buffer.from(template.bytes);
}

function answerWith(template: Template, expected: readonly Expected[]): Buffer | undefined {
  const parts = pair(template.tensors, expected);
  if (parts?.every(({ data, expected: want }) => data.byteLength === want.data.byteLength) !== true) return undefined;
  const answer = Buffer.from(template.bytes);
  template.tensors.forEach(({ name }, index) => {
    const want = expected.find((tensor) => tensor.name === name);
    answer.set(want?.data ?? [], template.spans[index]?.start);
  });
  return answer;
}

function partsOf(template: Template, received: Buffer, expected: readonly Expected[]): Part[] {
  return template.tensors.flatMap(({ name }, index) => {
    const span = template.spans[index];
    const want = expected.find((tensor) => tensor.name === name);
    return span === undefined || want === undefined
      ? []
      : [{ data: received.subarray(span.start, span.end), expected: want }];
  });
}
