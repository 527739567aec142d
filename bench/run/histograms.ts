import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { LatencySum } from './latency-sum.ts';
import type { BlockValue } from './values.ts';

const nsPerMs = 1e6;

/**
 * Writes `histograms/<variant>.hgrm`, in ms: the text form that HdrHistogram's plotter reads. Merged are the slices that the pooled
 * percentiles of results.json come from: of confirm, or of the screen for a variant that it left behind.
 */
export function writeHistograms(folder: string, values: ReadonlyMap<string, readonly BlockValue[]>): void {
  try {
    // Written anew, so that no link in its place leads out of the run folder.
    rmSync(join(folder, 'histograms'), { recursive: true, force: true });
    mkdirSync(join(folder, 'histograms'));
    for (const [id, own] of values) {
      const slices = own.flatMap((value) => value.slices);
      if (slices.length === 0) continue;
      const latencies = LatencySum.of(slices.map(({ measurement }) => measurement.latency.histogram));
      writeFileSync(
        join(folder, 'histograms', `${id}.hgrm`),
        latencies.toHistogram().outputPercentileDistribution(5, nsPerMs),
      );
    }
  } catch (error) {
    throw new Failure(
      'results',
      'report-not-written',
      `the histograms cannot be written to ${folder}: ${messageOf(error)}`,
      { hint: 'make room there, then make them again with tritune report', cause: error },
    );
  }
}
