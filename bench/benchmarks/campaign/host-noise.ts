import type { Random } from '../../random.ts';
import { normalQuantile } from '../../stats/normal.ts';
import { type Noise, usualNoise } from '../../stats/simulate.ts';
import type { Weather } from '../../testing/scripted-host-pace.ts';

/** Standard deviation of the level of a server process, which all that it serves has in common. */
const processSd = 0.1;
/** Of a load of a model, for as long as it stays: where its memory lies, for one. */
const loadSd = 0.03;
/** Of each stretch of time; with that of a load it makes a slice of 0.3 s, of which four make the trial of `usualNoise`. */
const stretchSd = 0.077;
const stretchesPerTrial = 4;

/** What else goes on on a host: how many times as long as otherwise everything takes, stretch of time by stretch of time. */
export type HostNoise = Weather & {
  /** A new server process has begun. */
  process(): void;
  /** A model was loaded. */
  load(): void;
};

/** Noise as a busy host was seen to have it, all of it by `level`: 0.5 is half. Every random number is from `random`. */
export function hostNoise(level: number, random: Random): HostNoise {
  const { driftSd, driftTrials, neighbourChance, neighbourLoss, neighbourTrials } = usualNoise;
  const memory = Math.exp(-1 / (driftTrials * stretchesPerTrial));
  const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
  let drift = normal() * driftSd;
  let neighbour = false;
  let ofProcess = 0;
  let ofLoad = 0;
  return {
    process() {
      ofProcess = normal() * processSd;
    },
    load() {
      ofLoad = normal() * loadSd;
    },
    everyNs: 300e6,
    factor() {
      drift = memory * drift + Math.sqrt(1 - memory ** 2) * normal() * driftSd;
      neighbour = neighbour
        ? random.next() >= 1 / (neighbourTrials * stretchesPerTrial)
        : random.next() < neighbourChance / stretchesPerTrial;
      const slow = normal() * stretchSd + drift + (neighbour ? neighbourLoss : 0) + outlier(usualNoise, random);
      return Math.exp(level * (slow + ofProcess + ofLoad));
    },
  };
}

function outlier({ outlierShare, outlierLoss }: Noise, random: Random): number {
  return random.next() < outlierShare ? -Math.log(1 - random.next()) * outlierLoss : 0;
}
