import type { Random } from '../../random.ts';
import { normalQuantile } from '../../stats/normal.ts';
import { type Noise, usualNoise } from '../../stats/simulate.ts';

/** Standard deviation of the level of a server process, which all that it serves has in common. */
const processSd = 0.1;
/** A simulated slice is one of the four that make the trial which `usualNoise` describes. */
const slicesPerTrial = 4;

/** What else goes on on a host: how many times as long as otherwise everything takes. */
export type HostNoise = {
  /** A new server process has begun. */
  process(): void;
  /** For the next slice. */
  slice(): number;
};

/** Noise as a busy host was seen to have it, all of it by `level`: 0.5 is half. Every random number is from `random`. */
export function hostNoise(level: number, random: Random): HostNoise {
  const { runSd, withinSd, driftSd, driftTrials, neighbourChance, neighbourLoss, neighbourTrials } = usualNoise;
  const sliceSd = Math.sqrt(slicesPerTrial * (runSd ** 2 + withinSd ** 2));
  const memory = Math.exp(-1 / (driftTrials * slicesPerTrial));
  const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
  let drift = normal() * driftSd;
  let neighbour = false;
  let ofProcess = 0;
  return {
    process() {
      ofProcess = normal() * processSd;
    },
    slice() {
      drift = memory * drift + Math.sqrt(1 - memory ** 2) * normal() * driftSd;
      neighbour = neighbour
        ? random.next() >= 1 / (neighbourTrials * slicesPerTrial)
        : random.next() < neighbourChance / slicesPerTrial;
      const slow = normal() * sliceSd + drift + (neighbour ? neighbourLoss : 0) + outlier(usualNoise, random);
      return Math.exp(level * (slow + ofProcess));
    },
  };
}

function outlier({ outlierShare, outlierLoss }: Noise, random: Random): number {
  return random.next() < outlierShare ? -Math.log(1 - random.next()) * outlierLoss : 0;
}
