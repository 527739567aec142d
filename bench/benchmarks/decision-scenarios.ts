import { type Noise, usualNoise } from '../stats/simulate.ts';

/** True effects (natural log, the baseline first) under a noise; `unequal` draws each variant's deviation anew, 0.5 to 2. */
export type Scenario = {
  readonly name: string;
  readonly effects: readonly number[];
  readonly noise: Noise;
  readonly spread?: 'unequal' | 'noisy-baseline';
};

const percent = (...effects: number[]): number[] => effects.map((effect) => Math.log(1 + effect / 100));
const equal = (variants: number): number[] => Array<number>(variants + 1).fill(0);
const seedLike = percent(0, 1, 3, 2, 0, 4, 2, 3, 3, 0, 6);
const one = percent(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3);
const large = percent(0, -10, -5, -3, 0, 2, 5, 8, 10, 12, 15);

const main = (name: string, effects: readonly number[]): Scenario => ({ name, effects, noise: usualNoise });

/** Eleven variants with the baseline, sigma 4 %. */
export const mainScenarios: readonly Scenario[] = [
  main('equal', equal(10)),
  main('seed-like', seedLike),
  main('one +3 %', one),
  main('large', large),
];

/** For the most throughput within a limit, each variant at its own level. */
export const capacityScenarios: readonly Scenario[] = [
  main('equal, 4 with the baseline', equal(3)),
  main('equal, 11', equal(10)),
  main('one +10 %', percent(0, 0, 10, 0, 0, 0, 0, 0)),
  main('one +20 %', percent(0, 0, 20, 0, 0)),
];

export const stressScenarios: readonly Scenario[] = [
  { name: 'equal, unequal deviations', effects: equal(10), noise: usualNoise, spread: 'unequal' },
  { name: 'equal, noisy baseline', effects: equal(10), noise: usualNoise, spread: 'noisy-baseline' },
  { name: 'equal, drift 6 %', effects: equal(10), noise: { ...usualNoise, driftSd: 0.06 } },
  { name: 'equal, outliers', effects: equal(10), noise: { ...usualNoise, outlierShare: 0.1, outlierLoss: 0.2 } },
  { name: 'equal, sigma 6 %', effects: equal(10), noise: { ...usualNoise, runSd: 0.06 } },
  main('equal, 4 with the baseline', equal(3)),
  main('equal, 21', equal(20)),
  main('equal, 41', equal(40)),
  { name: 'seed-like, sigma 2 %', effects: seedLike, noise: { ...usualNoise, runSd: 0.02 } },
  { name: 'seed-like, sigma 6 %', effects: seedLike, noise: { ...usualNoise, runSd: 0.06 } },
  { name: 'seed-like, unequal', effects: seedLike, noise: usualNoise, spread: 'unequal' },
  { name: 'seed-like, drift 6 %', effects: seedLike, noise: { ...usualNoise, driftSd: 0.06 } },
  { name: 'seed-like, outliers', effects: seedLike, noise: { ...usualNoise, outlierShare: 0.1, outlierLoss: 0.2 } },
  main('seed-like twice, 21', [...seedLike, ...seedLike.slice(1)]),
];
