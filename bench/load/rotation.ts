import type { Tensor } from '../kserve/tensors.ts';

/** One request as it goes over the wire; `expected` is what a right answer holds. */
export type PreparedRequest = { readonly bytes: Buffer; readonly expected: readonly Tensor[] };

/** A request of the rotation with what its answers are checked against. */
export type Question = PreparedRequest & {
  /** The expected tensors' bytes one after the other, as they stand at the end of a binary answer. */
  readonly tail: Buffer;
  /** Answers in a row that were accepted by their form alone. */
  unverifiedCount: number;
};

/** A large answer whose bytes are not the expected ones (another batch rounds differently) is compared in full once in so many. */
export const verifyEvery = 64;

/** Hands the requests out one after the other, over all connections, so that no cache sees one request only. */
export class Rotation {
  readonly #questions: readonly Question[];
  #next = 0;

  constructor(requests: readonly PreparedRequest[]) {
    if (requests.length === 0) throw new RangeError('a load needs at least one request');
    // Staggered, so that comparing in full is spread evenly over time and over the requests.
    this.#questions = requests.map(({ bytes, expected }, index) => ({
      bytes,
      expected,
      tail: Buffer.concat(expected.map(({ data }) => data)),
      unverifiedCount: index % verifyEvery,
    }));
  }

  next(): Question {
    const question = this.#questions[this.#next];
    if (question === undefined) throw new RangeError(`there is no request ${this.#next}`);
    this.#next = this.#next + 1 === this.#questions.length ? 0 : this.#next + 1;
    return question;
  }
}
