import { frameHeadBytes, frameTypes } from './frames.ts';
import type { AnswerFrames } from './known-answers.ts';

const answerTypes = [frameTypes.headers, frameTypes.data, frameTypes.headers];

/** Notices an answer that came in as three frames, one right behind the other, and can be compared as a whole from then on. */
export class FrameRun {
  readonly #starts = [0, 0, 0];
  #bytes: Buffer | undefined;
  #streamId = 0;
  #count = 0;
  #end = 0;

  /** Other bytes will stand where those of the last read stood. */
  reset(): void {
    this.#count = 0;
    this.#bytes = undefined;
  }

  /** A plain frame, without padding or anything else that need not be the same again, from `at` to `end`. */
  note(head: { readonly type: number; readonly streamId: number }, bytes: Buffer, at: number, end: number): void {
    const goesOn = bytes === this.#bytes && head.streamId === this.#streamId && at === this.#end;
    const index = goesOn && head.type === answerTypes[this.#count] ? this.#count : 0;
    if (head.type !== answerTypes[index]) {
      this.reset();
      return;
    }
    this.#starts[index] = at;
    this.#count = index + 1;
    this.#bytes = bytes;
    this.#streamId = head.streamId;
    this.#end = end;
  }

  /** The answer of that stream, whose last frame was noted last. */
  answer(streamId: number): AnswerFrames | undefined {
    const [start = 0, dataStart = 0, trailersStart = 0] = this.#starts;
    if (this.#count !== 3 || this.#streamId !== streamId || this.#bytes === undefined) return undefined;
    return {
      bytes: this.#bytes.subarray(start, this.#end),
      dataAt: dataStart - start,
      trailersAt: trailersStart - start,
      dataBytes: trailersStart - dataStart - frameHeadBytes,
    };
  }
}
