import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { Failure } from '../failure.ts';

/** Latencies of one window as they go into the journal: exact sum and extremes beside the histogram (1 ns to 60 s, 3 digits). */
export type LatencyRecord = {
  readonly count: number;
  readonly sumNs: number;
  readonly minNs: number;
  readonly maxNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  /** HdrHistogram V2, compressed, base64. */
  readonly histogram: string;
};

/** Longer latencies are this long in percentiles; sums and extremes are exact. */
export const highestNs = 60e9;

/** An empty histogram of the one shape used everywhere, so that any two can be added. */
export function emptyHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestNs,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
}

/**
 * Sums up latencies while a window is open. It counts into an array of its own, with the buckets of the histogram:
 * `recordValue` of the library costs 100 to 300 ns, this about 10, and a request may be recorded three times.
 */
export class LatencyRecorder {
  readonly #counts = new Uint32Array(countersLength);
  #count = 0;
  #sumNs = 0;
  #minNs = Number.POSITIVE_INFINITY;
  #maxNs = 0;

  get count(): number {
    return this.#count;
  }

  get maxNs(): number {
    return this.#maxNs;
  }

  /** What is less than 1 ns counts as 1 in the histogram, what is above 60 s as 60 s; sum and extremes are exact. */
  record(latencyNs: number): void {
    const index = bucketOf(wholeNs(latencyNs));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count += 1;
    this.#sumNs += latencyNs;
    if (latencyNs < this.#minNs) this.#minNs = latencyNs;
    if (latencyNs > this.#maxNs) this.#maxNs = latencyNs;
  }

  finish(): LatencyRecord {
    const histogram = this.#histogram();
    return {
      count: this.#count,
      sumNs: this.#sumNs,
      minNs: this.#count === 0 ? 0 : this.#minNs,
      maxNs: this.#maxNs,
      p50Ns: histogram.getValueAtPercentile(50),
      p99Ns: histogram.getValueAtPercentile(99),
      histogram: encodeIntoCompressedBase64(histogram),
    };
  }

  /** As if each had been recorded there: the extremes with their own value, the others with the least of their bucket. */
  #histogram(): Histogram {
    const histogram = emptyHistogram();
    if (this.#count === 0) return histogram;
    const counts = this.#counts.slice();
    const extremes = this.#count === 1 ? [this.#maxNs] : [this.#minNs, this.#maxNs];
    for (const extremeNs of extremes) {
      const ns = wholeNs(extremeNs);
      const index = bucketOf(ns);
      histogram.recordValue(ns);
      counts[index] = (counts[index] ?? 0) - 1;
    }
    counts.forEach((count, index) => {
      if (count > 0) histogram.recordValueWithCount(leastOf(index), count);
    });
    return histogram;
  }
}

function wholeNs(latencyNs: number): number {
  return Math.min(Math.max(Math.round(latencyNs), 1), highestNs);
}

const double = new DataView(new ArrayBuffer(8));
/** The exponent's bias of a double, and the first power of two that has one bucket for each value. */
const exponentOffset = (1023 + 9) * 1024;

/** Buckets: one for each value up to 2047, then 1024 for each power of two, which are the first 10 bits of the double's fraction. */
function bucketOf(ns: number): number {
  if (ns < 1024) return ns;
  double.setFloat64(0, ns);
  return (double.getUint32(0) >>> 10) - exponentOffset;
}

function leastOf(index: number): number {
  if (index < 1024) return index;
  double.setUint32(0, (index + exponentOffset) << 10);
  double.setUint32(4, 0);
  return double.getFloat64(0);
}

const countersLength = bucketOf(highestNs) + 1;

/**
 * Adds the histograms of several windows: percentiles of the sum are those of all requests together.
 * @throws Failure (results) for text that is no such histogram.
 */
export function mergeHistograms(encoded: readonly string[]): Histogram {
  const merged = emptyHistogram();
  for (const one of encoded) merged.add(decode(one));
  return merged;
}

function decode(encoded: string): Histogram {
  try {
    return decodeFromCompressedBase64(encoded);
  } catch (cause) {
    throw new Failure('results', 'histogram', 'a stored latency histogram cannot be read', {
      hint: 'the journal was damaged or edited: measure again',
      cause,
    });
  }
}
