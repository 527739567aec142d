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

const highestNs = 60e9;

/** An empty histogram of the one shape used everywhere, so that any two can be added. */
export function emptyHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestNs,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 32,
  });
}

/** Sums up latencies while a window is open. */
export class LatencyRecorder {
  readonly #histogram = emptyHistogram();
  #count = 0;
  #sumNs = 0;
  #minNs = Number.POSITIVE_INFINITY;
  #maxNs = 0;

  get maxNs(): number {
    return this.#maxNs;
  }

  record(latencyNs: number): void {
    const rounded = Math.min(Math.max(Math.round(latencyNs), 1), highestNs);
    this.#histogram.recordValue(rounded);
    this.#count += 1;
    this.#sumNs += latencyNs;
    if (latencyNs < this.#minNs) this.#minNs = latencyNs;
    if (latencyNs > this.#maxNs) this.#maxNs = latencyNs;
  }

  finish(): LatencyRecord {
    return {
      count: this.#count,
      sumNs: this.#sumNs,
      minNs: this.#count === 0 ? 0 : this.#minNs,
      maxNs: this.#maxNs,
      p50Ns: this.#histogram.getValueAtPercentile(50),
      p99Ns: this.#histogram.getValueAtPercentile(99),
      histogram: encodeIntoCompressedBase64(this.#histogram),
    };
  }
}

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
