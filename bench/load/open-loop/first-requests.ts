import type { Lane } from '../lane.ts';

/** More errors than that tell nothing new before the first answers. */
const errorLimit = 100;

/** The requests that come before a schedule, one on each of the first lanes: they pay for connecting, and count nowhere else. */
export class FirstRequests {
  readonly laneCount: number;
  readonly #asked = new Set<Lane>();
  #errorCount = 0;
  #answeredCount = 0;
  #firstStartNs = Number.POSITIVE_INFINITY;
  #firstRequestNs = 0;
  #lastAnswerNs = 0;

  constructor(laneCount: number) {
    this.laneCount = laneCount;
  }

  get answeredCount(): number {
    return this.#answeredCount;
  }

  /** Latency of the one that was sent first; 0 where none was answered. */
  get firstRequestNs(): number {
    return this.#firstRequestNs;
  }

  /** 0 before the first. */
  get lastAnswerNs(): number {
    return this.#lastAnswerNs;
  }

  /** Whether this lane has its first request still to send. */
  take(lane: Lane): boolean {
    const isFirst = !this.#asked.has(lane);
    this.#asked.add(lane);
    return isFirst;
  }

  /** True when that was the last of them. */
  answered(startNs: number, endNs: number): boolean {
    this.#answeredCount += 1;
    this.#lastAnswerNs = endNs;
    if (startNs < this.#firstStartNs) {
      this.#firstStartNs = startNs;
      this.#firstRequestNs = endNs - startNs;
    }
    return this.#answeredCount === this.laneCount;
  }

  /** It is sent once more, unless it was answered before; true where that has no prospect any more. */
  failed(lane: Lane): boolean {
    if (!lane.warm) this.#asked.delete(lane);
    this.#errorCount += 1;
    return this.#errorCount >= errorLimit;
  }
}
