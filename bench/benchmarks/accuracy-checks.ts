import { type LatencyRecord, mergeHistograms } from '../load/recorder.ts';
import { explained, type Finding, judged, milliseconds } from './accuracy-finding.ts';
import { type AccuracyRun, type HeldLoad, loadDelayServer, openLoopPerSecond } from './accuracy-load.ts';
import { pairUp, percentile, percentileBounds } from './held-times.ts';
import type { Sample } from './recording-carrier.ts';

const addedLimitsNs = { 50: 0.3e6, 99: 1e6 } as const;
/** A histogram of three digits, and the clock read once more by whoever keeps the samples. */
const reportedLimit = { ratio: 0.001, ns: 5_000 } as const;

const attempts = 5;
/** A server that is later than this by itself shows a host with other work, not a load generator. */
const calmLatenessNs = 0.3e6;

type HeldRun = AccuracyRun & {
  readonly hold: { readonly name: string; readonly flags: readonly string[] };
  readonly pacing: 'closed' | 'open';
};

/**
 * Per request, our latency less the time held; and the percentiles reported against the sorted samples themselves. Of a few
 * runs that one counts in which the server, which is not ours to judge by, was the most punctual.
 */
export async function checkHeldTimes(run: HeldRun): Promise<Finding[]> {
  const { transport, hold, pacing } = run;
  const { load, latenessNs, attempt } = await mostPunctual(run);
  const { measurement, samples, held } = load;
  const added = pairUp(samples, held).map(({ addedNs }) => addedNs);
  const name = `${transport}, ${pacing} loop, ${hold.name}`;
  const reported = pacing === 'open' ? measurement.schedule?.service : measurement.latency;
  return [
    ...([50, 99] as const).map((percent) => {
      const ns = percentile(added, percent);
      const limitNs = addedLimitsNs[percent];
      const isWithin = ns <= limitNs;
      return judged(name, `p${percent} of latency less time held`, ns, {
        limit: `at most ${milliseconds(limitNs)}`,
        isWithin,
      });
    }),
    explained(name, `p99 of how late the server was, run ${attempt}`, latenessNs),
    ...(reported === undefined ? [] : compareReported(name, reported, samples)),
  ];
}

async function mostPunctual(run: HeldRun): Promise<{ load: HeldLoad; latenessNs: number; attempt: number }> {
  const { hold, pacing, seconds } = run;
  let best: { load: HeldLoad; latenessNs: number; attempt: number } | undefined;
  for (let attempt = 1; best === undefined || (attempt <= attempts && best.latenessNs > calmLatenessNs); attempt += 1) {
    const load = await loadDelayServer(run, {
      flags: hold.flags,
      pacing: pacing === 'closed' ? pacing : {},
      windowNs: seconds * 1e9,
    });
    const late = load.held.map(({ lateNs }) => lateNs);
    const latenessNs = percentile(late, 99);
    if (best === undefined || latenessNs < best.latenessNs) best = { load, latenessNs, attempt };
  }
  return best;
}

/**
 * A server that stands still for 1 s of the 10 s measured, at 1 000 requests per second: a tenth of the requests wait for
 * what is left of that second, so p99 is 0.9 s, p95 0.5 s and the mean 50 ms. With at most 8 requests in flight, timing from
 * the send hides it, which is shown beside. The queue that the stall leaves takes its time as well: it adds little to p99,
 * and half of what it takes in all to p95.
 */
export async function checkStall(run: AccuracyRun): Promise<Finding[]> {
  const flags = ['--hold-us', '0', '--stall-ms', '1000', '--stall-each-ms', '10000'];
  const { measurement } = await loadDelayServer(run, { flags, pacing: {}, windowNs: 10e9 });
  const { latency, schedule } = measurement;
  if (schedule === null) throw new Error('an open loop has a schedule');
  const name = `${run.transport}, open loop, ${openLoopPerSecond}/s, a stall of 1 s in 10 s`;
  const rows = [
    { what: 'p99', of: percentileOf(99), formulaNs: 900e6, tolerance: 0.02 },
    { what: 'p95', of: percentileOf(95), formulaNs: 500e6, tolerance: 0.1 },
    { what: 'mean', of: ({ sumNs, count }: LatencyRecord) => sumNs / count, formulaNs: 50e6, tolerance: 0.1 },
  ];
  return rows.flatMap(({ what, of, formulaNs, tolerance }) => {
    const ns = of(latency);
    return [
      judged(name, `${what} from the intended time`, ns, {
        limit: `${milliseconds(formulaNs)} by the formula, ${tolerance * 100} % more or less`,
        isWithin: Math.abs(ns / formulaNs - 1) <= tolerance,
      }),
      explained(name, `${what} from the send`, of(schedule.service)),
    ];
  });
}

function percentileOf(percent: number): (record: LatencyRecord) => number {
  return ({ histogram }) => mergeHistograms([histogram]).getValueAtPercentile(percent);
}

function compareReported(run: string, reported: LatencyRecord, samples: readonly Sample[]): Finding[] {
  const latencies = samples.map(({ sentNs, answeredNs }) => answeredNs - sentNs);
  const merged = mergeHistograms([reported.histogram]);
  const meanNs = latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length;
  const reportedMeanNs = reported.sumNs / reported.count;
  return [
    judged(run, `mean reported of ${reported.count} requests`, reportedMeanNs, {
      limit: `${milliseconds(meanNs)} of the ${latencies.length} samples, 5 us more or less`,
      isWithin: reported.count === latencies.length && Math.abs(reportedMeanNs - meanNs) <= reportedLimit.ns,
    }),
    ...[50, 90, 99, 99.9].map((percent) => {
      const told = merged.getValueAtPercentile(percent);
      const [low, high] = percentileBounds(latencies, percent);
      const { ratio, ns } = reportedLimit;
      return judged(run, `p${percent} reported`, told, {
        limit: `${milliseconds(high)} in the sorted samples, 0.1 % and 5 us more or less`,
        isWithin: told >= low * (1 - ratio) - ns && told <= high * (1 + ratio) + ns,
      });
    }),
  ];
}
