import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, messageOf } from '../failure.ts';
import { type History, validSlices } from './history.ts';
import { LatencySum } from './latency-sum.ts';

const nsPerMs = 1e6;

/** Writes `histograms/<variant>.hgrm`, all valid slices merged, in ms: the text form that HdrHistogram's plotter reads. */
export function writeHistograms(folder: string, history: History, variantIds: readonly string[]): void {
  try {
    // Written anew, so that no link in its place leads out of the run folder.
    rmSync(join(folder, 'histograms'), { recursive: true, force: true });
    mkdirSync(join(folder, 'histograms'));
    for (const id of variantIds) {
      const slices = history.blocks.flatMap((block) => validSlices(block.slices, id));
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
