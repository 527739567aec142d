import type { Random } from '../random.ts';
import { normalQuantile } from './normal.ts';

/** Noise of one trial (one variant's slices in one block), on the natural log scale of a throughput. */
export type Noise = {
  /** Standard deviation between trials of the same variant. */
  readonly runSd: number;
  /** Standard deviation of the measurement inside a trial. */
  readonly withinSd: number;
  /** A drift of the whole host, autoregressive: its standard deviation and its time constant in trials. */
  readonly driftSd: number;
  readonly driftTrials: number;
  /** A noisy neighbour: chance to begin in a trial, what it costs, how many trials it stays on average. */
  readonly neighbourChance: number;
  readonly neighbourLoss: number;
  readonly neighbourTrials: number;
  /** Slow outliers: their share, and the mean of their exponential loss. */
  readonly outlierShare: number;
  readonly outlierLoss: number;
};

/** What a busy host was seen to do. */
export const usualNoise: Noise = {
  runSd: 0.04,
  withinSd: 0.01,
  driftSd: 0.03,
  driftTrials: 15,
  neighbourChance: 0.01,
  neighbourLoss: 0.08,
  neighbourTrials: 8,
  outlierShare: 0.03,
  outlierLoss: 0.1,
};

/**
 * Variants to simulate: their true effects (natural log, baseline first) and, where they differ, how much noisier each
 * one is.
 */
export type SimulatedArms = { readonly effects: readonly number[]; readonly runSdRatios?: readonly number[] };

/** A host that measures one block after another; its drift and its neighbour go on from block to block. */
export type SimulatedHost = {
  /** One block of the variants in `active` (indices), in an order drawn anew: y of each, in the order of `active`. */
  block(active: readonly number[]): number[];
};

/** A simulated host on which every random number comes from `random`. */
export function simulatedHost(
  { effects, runSdRatios = [] }: SimulatedArms,
  noise: Noise,
  random: Random,
): SimulatedHost {
  const disturbance = disturbances(noise, random);
  const trial = (arm: number): number =>
    (effects[arm] ?? 0) + normal(random) * noise.runSd * (runSdRatios[arm] ?? 1) + disturbance();
  return {
    block: (active) => {
      const y = active.map(() => 0);
      for (const place of random.permutation(active.length)) y[place] = trial(active[place] ?? 0);
      return y;
    },
  };
}

/** What a trial suffers whatever its variant is: measurement error, drift, neighbour, outliers. */
function disturbances(noise: Noise, random: Random): () => number {
  const memory = Math.exp(-1 / noise.driftTrials);
  let drift = normal(random) * noise.driftSd;
  let neighbour = false;
  return () => {
    drift = memory * drift + Math.sqrt(1 - memory ** 2) * normal(random) * noise.driftSd;
    neighbour = neighbour ? random.next() >= 1 / noise.neighbourTrials : random.next() < noise.neighbourChance;
    const outlier = random.next() < noise.outlierShare ? -Math.log(1 - random.next()) * noise.outlierLoss : 0;
    return normal(random) * noise.withinSd + drift - (neighbour ? noise.neighbourLoss : 0) - outlier;
  };
}

function normal(random: Random): number {
  return normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
}
