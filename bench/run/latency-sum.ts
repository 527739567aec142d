import { inflateSync } from 'node:zlib';
import type { Histogram } from 'hdr-histogram-js';
import { Failure } from '../failure.ts';
import { emptyHistogram } from '../load/recorder.ts';

/** Of the one shape that all histograms here have: 1 ns to 60 s with 3 digits. */
const bucketSize = 1_024;
const indexCount = 27 * bucketSize;
/** Cookie and length before the compressed part; cookie, sizes and ranges before the counts in it. */
const outerBytes = 8;
const innerBytes = 40;
const compressedCookie = 0x1c849304;
const countsCookie = 0x1c849303;
const digitsOffset = 12;
const lowestOffset = 16;

/**
 * Adds up stored latency histograms (HdrHistogram V2, compressed, base64): percentiles of the sum are those of all requests
 * together. A journal has thousands of them, each with a few hundred counts in an array of 27 648; only the counts are read.
 */
export class LatencySum {
  readonly #counts = new Float64Array(indexCount);
  #first = indexCount;
  #last = -1;
  #total = 0;

  /** @throws Failure (results) for text that is no histogram of this shape. */
  static of(encoded: readonly string[]): LatencySum {
    const sum = new LatencySum();
    for (const one of encoded) sum.#add(one);
    return sum;
  }

  #add(encoded: string): void {
    const bytes = countsOf(encoded);
    let index = 0;
    for (let at = 0; at < bytes.length; ) {
      let value = 0;
      let scale = 1;
      // Seven bits a byte, least first; the ninth byte has eight.
      for (let length = 1; ; length += 1) {
        const byte = bytes[at] ?? damaged();
        at += 1;
        value += (length === 9 ? byte : byte & 0x7f) * scale;
        if (byte < 0x80 || length === 9) break;
        scale *= 128;
      }
      // Zigzag: an odd number stands for so many counts of 0.
      if (value % 2 === 1) index += (value + 1) / 2;
      else if (value === 0) index += 1;
      else this.#count(index++, value / 2);
    }
  }

  #count(index: number, count: number): void {
    if (index >= indexCount) damaged();
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#total += count;
    if (index < this.#first) this.#first = index;
    if (index > this.#last) this.#last = index;
  }

  /** The smallest value, in ns and as large as its bucket allows, that so many per cent of all do not exceed; 0 of nothing. */
  percentile(percent: number): number {
    const exact = (percent / 100) * this.#total;
    // One rounding error must not make a whole count of it.
    const wanted = Math.max(1, Math.ceil(exact * (1 - Number.EPSILON)));
    let seen = 0;
    for (let index = this.#first; index <= this.#last; index += 1) {
      seen += this.#counts[index] ?? 0;
      if (seen >= wanted) return highestValue(index);
    }
    return 0;
  }

  /** The same as a histogram, for writing it out. */
  toHistogram(): Histogram {
    const histogram = emptyHistogram();
    for (let index = this.#first; index <= this.#last; index += 1) {
      const count = this.#counts[index] ?? 0;
      if (count > 0) histogram.recordValueWithCount(highestValue(index), count);
    }
    return histogram;
  }
}

function highestValue(index: number): number {
  if (index < bucketSize) return index;
  const width = 2 ** (Math.floor(index / bucketSize) - 1);
  return ((index % bucketSize) + bucketSize + 1) * width - 1;
}

function countsOf(encoded: string): Buffer {
  try {
    const outer = Buffer.from(encoded, 'base64');
    const inner = inflateSync(outer.subarray(outerBytes, outerBytes + outer.readInt32BE(4)));
    // The fifth digit of a cookie is the width of its counts.
    const known = (cookie: number): number => cookie & ~0xf0;
    const right =
      known(outer.readInt32BE(0)) === compressedCookie &&
      known(inner.readInt32BE(0)) === countsCookie &&
      inner.readInt32BE(digitsOffset) === 3 &&
      inner.readBigInt64BE(lowestOffset) === 1n;
    return right ? inner.subarray(innerBytes, innerBytes + inner.readInt32BE(4)) : damaged();
  } catch (cause) {
    return damaged(cause);
  }
}

function damaged(cause?: unknown): never {
  if (cause instanceof Failure) throw cause;
  throw new Failure('results', 'histogram', 'a stored latency histogram cannot be read', {
    hint: 'the journal was damaged or edited: measure again',
    cause,
  });
}
