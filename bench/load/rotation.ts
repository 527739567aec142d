import type { Expected } from './answers.ts';

/** One request as its transport sends it: for HTTP on plain sockets the whole of it, for gRPC the message with its prefix, else the body. */
export type EncodedRequest = {
  readonly bytes: Buffer;
  /** Length of the JSON header in a body of HTTP; 0 where there is none or the bytes say it. */
  readonly jsonBytes: number;
};

/** One request of a load. */
export type PreparedRequest = EncodedRequest & {
  /** What a right answer holds; null where nobody knows, and the form of an answer is all that can be checked. */
  readonly expected: readonly Expected[] | null;
};

/** A request of the rotation with what its answers are checked against. */
export type Question = PreparedRequest & {
  /** The expected tensors' bytes one after the other, as they stand at the end of a binary answer; empty where none are known. */
  readonly tail: Buffer;
  /** Answers in a row that were accepted by their form alone. */
  unverifiedCount: number;
  /** Whether an answer was compared in full: the first that is not the expected bytes always is, however large. */
  isCompared: boolean;
};

/** A large answer whose bytes are not the expected ones (another batch rounds differently) is compared in full once in so many. */
export const verifyEvery = 64;

/** Whether an answer that is large, and not the expected bytes, does by its form alone; it counts as one that was accepted by it. */
export function doesByForm(question: Question): boolean {
  if (!question.isCompared) return false;
  question.unverifiedCount += 1;
  return question.unverifiedCount < verifyEvery;
}

/** An answer was compared in full and right. The first leaves the requests staggered. */
export function wasCompared(question: Question): void {
  if (question.isCompared) question.unverifiedCount = 0;
  question.isCompared = true;
}

/** Hands the requests out one after the other, over all connections, so that no cache sees one request only. */
export class Rotation {
  readonly #questions: readonly Question[];
  #next = 0;

  constructor(requests: readonly PreparedRequest[]) {
    if (requests.length === 0) throw new RangeError('a load needs at least one request');
    // Staggered, so that comparing in full is spread evenly over time and over the requests.
    this.#questions = requests.map((request, index) => ({
      ...request,
      tail: Buffer.concat((request.expected ?? []).map(({ data }) => data)),
      unverifiedCount: index % verifyEvery,
      isCompared: false,
    }));
  }

  next(): Question {
    const question = this.#questions[this.#next];
    if (question === undefined) throw new RangeError(`there is no request ${this.#next}`);
    this.#next = this.#next + 1 === this.#questions.length ? 0 : this.#next + 1;
    return question;
  }
}
