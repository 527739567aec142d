import { deviations, evidenceOf, noiseFrom } from '../stats/components.ts';
import type { SliceResult } from './journal.ts';
import { levelOf, usableSlices } from './ladder.ts';
import type { PilotFound } from './pilot.ts';

/** So many passes over the variants on one server; where the levels lie must not depend on a single process. */
export const passesPerServer = 4;

/**
 * What a ladder says of the noise, in place of a pilot: slices of the same variant at the same level differ by noise alone.
 * Null where not even two of them in one server process could be used. Nobody watched how the variants settle, so that each
 * slice warms up for `warmupMs`, as planned; and its slices are of other lengths than those of the blocks, so that they do not
 * tell what longer ones would be worth.
 */
export function ladderNoise(ladder: readonly SliceResult[], warmupMs: number): PilotFound | null {
  const usable = [...new Set(ladder.map(({ slice }) => slice.variantId))].flatMap((id) => usableSlices(ladder, id));
  const processes = [...new Set(usable.map(processOf))];
  const arms = Map.groupBy(usable, (line) => `${levelOf(line)} ${line.slice.variantId}`);
  const evidence = evidenceOf(
    [...arms.values()].map((lines) =>
      processes.map((process) =>
        lines
          .filter((line) => processOf(line) === process)
          .map(({ measurement }) => Math.log(measurement.inferencesPerSecond)),
      ),
    ),
  );
  const inside = evidence.find(({ block }) => block === 0);
  const noise = noiseFrom(evidence);
  if (inside === undefined || noise === null) return null;
  const elapsedMs = Date.parse(ladder.at(-1)?.at ?? '') - Date.parse(ladder[0]?.at ?? '');
  const pilot = {
    sliceSd: Math.sqrt(inside.squares / inside.freedom),
    blockSd: deviations(noise).blockSd,
    samplingRatio: 0,
    sliceCount: usable.length,
    processCount: processes.length,
    warmup: { ms: warmupMs, why: 'unseen', settledMs: {} } as const,
    elapsedMs: Math.max(0, elapsedMs),
  };
  return { pilot, evidence };
}

/** The first pass is 1, and a fresh server comes before each that is a multiple. */
function processOf({ slice }: SliceResult): number {
  return Math.floor(slice.block / passesPerServer);
}
