/**
 * Right answers of a load in bins of equal length, from its start on and with its warm-up: how many there were and the sum
 * of their latencies. Whole bins only; the first minute of a longer load.
 */
export type Timeline = {
  readonly binNs: number;
  readonly counts: readonly number[];
  readonly latencySumsNs: readonly number[];
};

const binNs = 50e6;
/** A minute of bins takes 14 KiB, whatever the load does. */
const mostBins = 1_200;

/** Takes the answers of one load as they come, in a few ns each. */
export class TimelineRecorder {
  readonly #counts = new Uint32Array(mostBins);
  readonly #sumsNs = new Float64Array(mostBins);

  /** `sinceStartNs`: of the answer, from the start of the load. */
  record(sinceStartNs: number, latencyNs: number): void {
    if (!(sinceStartNs >= 0 && sinceStartNs < mostBins * binNs)) return;
    const bin = (sinceStartNs / binNs) | 0;
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
    this.#sumsNs[bin] = (this.#sumsNs[bin] ?? 0) + latencyNs;
  }

  /** The bins that had ended `sinceStartNs` after the start of the load. */
  finish(sinceStartNs: number): Timeline {
    const whole = Math.max(0, Math.min(mostBins, Math.floor(sinceStartNs / binNs)));
    return { binNs, counts: [...this.#counts.slice(0, whole)], latencySumsNs: [...this.#sumsNs.slice(0, whole)] };
  }
}

/** The timeline of one thread, and how long after the first of them it began. */
type Part = { readonly timeline: Timeline; readonly offsetNs: number };

/**
 * What several threads saw together, from the start of the first; a thread that began later is moved by whole bins. It ends
 * with the thread that ended first: in what follows the others are not all there.
 */
export function mergeTimelines(parts: readonly [Part, ...Part[]]): Timeline {
  const placed = parts.map(({ timeline, offsetNs }) => ({ timeline, from: Math.round(offsetNs / timeline.binNs) }));
  const length = Math.min(...placed.map(({ timeline, from }) => from + timeline.counts.length));
  const sum = (of: (timeline: Timeline) => readonly number[]): number[] =>
    Array.from({ length }, (_, bin) =>
      placed.reduce((total, { timeline, from }) => total + (of(timeline)[bin - from] ?? 0), 0),
    );
  return {
    binNs: parts[0].timeline.binNs,
    counts: sum(({ counts }) => counts),
    latencySumsNs: sum(({ latencySumsNs }) => latencySumsNs),
  };
}
