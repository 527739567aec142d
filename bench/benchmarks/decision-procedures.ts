import type { Random } from '../random.ts';
import { mean } from '../stats/moments.ts';
import { type ProcedureRules, procedureRules } from '../stats/procedure.ts';
import { type Noise, simulatedHost } from '../stats/simulate.ts';
import { simulateCapacity, simulatedLevels } from '../stats/simulate-capacity.ts';
import { type SimulatedSweep, simulateSweep } from '../stats/simulate-sweep.ts';
import { welch } from '../stats/welch.ts';
import type { Scenario } from './decision-scenarios.ts';

/** What one sweep said: indices of the variants called better than the baseline (0), and the one to deploy. */
export type Outcome = {
  readonly better: readonly number[];
  readonly pick: number;
  readonly blocks: number;
  readonly trials: number;
  readonly sweep?: SimulatedSweep;
};

type Procedure = (scenario: Scenario, random: Random) => Outcome;

export const tritune = 'screen + confirm';

/** Tritune's own procedure beside what people do by hand and with other tools. */
export const procedures: Readonly<Record<string, Procedure>> = {
  [tritune]: sweepWith(procedureRules),
  'the same, additive spending': sweepWith({ ...procedureRules, spending: 'additive' }),
  'the same, 60 trials': sweepWith({ ...procedureRules, trialsLeft: 60 }),
  'single run, take the max': (scenario, random) => largestMean(scenario, 1, random),
  '3 runs, take the max mean': (scenario, random) => largestMean(scenario, 3, random),
  '3 stable windows, take the max': stableWindows,
  '10 sequential repeats, Welch': sequentialWelch,
};

/** Those whose lines are shown for every main scenario; the others are for the first one and the seed-like. */
export const rivals: readonly string[] = Object.keys(procedures).slice(1);

/** A sweep for capacity under a limit between that of about 3 and that of about 48 requests outstanding. */
export const forCapacity: Procedure = ({ effects, noise }, random) => {
  const limit = 1.79 * ((3 * 16 ** random.next() + 4) / 5);
  const { verdict } = simulateCapacity(
    { effects, levels: simulatedLevels, limit },
    { noise, rules: procedureRules },
    random,
  );
  return { better: verdict.better.map(Number), pick: Number(verdict.pick), blocks: verdict.blocks, trials: 0 };
};

function sweepWith(rules: ProcedureRules): Procedure {
  return (scenario, random) => {
    const sweep = simulateSweep(armsOf(scenario, random), { noise: scenario.noise, rules }, random);
    const { verdict, blocks, trials } = sweep;
    return { better: verdict.better.map(Number), pick: Number(verdict.pick), blocks: blocks.length, trials, sweep };
  };
}

function armsOf({ effects, spread }: Scenario, random: Random): { effects: readonly number[]; runSdRatios?: number[] } {
  if (spread === undefined) return { effects };
  if (spread === 'noisy-baseline') return { effects, runSdRatios: effects.map((_, index) => (index === 0 ? 2 : 0.5)) };
  return { effects, runSdRatios: effects.map(() => 2 ** (2 * random.next() - 1)) };
}

/** Each variant's runs one after the other, as a table made by hand; whatever leads is the winner. */
function largestMean(scenario: Scenario, runs: number, random: Random): Outcome {
  return leader(sequential(scenario, runs, random), runs);
}

function leader(values: readonly (readonly number[])[], runs: number): Outcome {
  const means = values.map(mean);
  const pick = means.indexOf(Math.max(...means));
  return { better: pick === 0 ? [] : [pick], pick, blocks: 0, trials: runs * values.length };
}

/**
 * As a profiler does that waits until three windows of a run agree within 10 % and ranks their mean: more windows of the
 * same run make the measurement itself more exact, not the run.
 */
function stableWindows(scenario: Scenario, random: Random): Outcome {
  const noise: Noise = { ...scenario.noise, withinSd: scenario.noise.withinSd / Math.sqrt(3) };
  return leader(sequential({ ...scenario, noise }, 1, random), 1);
}

/** Ten runs of each variant in a row, each against the baseline by Welch's test at 5 %, as if runs in a row were independent. */
function sequentialWelch(scenario: Scenario, random: Random): Outcome {
  const values = sequential(scenario, 10, random);
  const [baseline = []] = values;
  const means = values.map(mean);
  const better = values.flatMap((own, index) => {
    const test = index === 0 ? null : welch(own, baseline, 0.95);
    return test !== null && test.pTwoSided < 0.05 && test.difference.point > 0 ? [index] : [];
  });
  const pick = better.toSorted((a, b) => (means[b] ?? 0) - (means[a] ?? 0))[0] ?? 0;
  return { better, pick, blocks: 0, trials: 10 * values.length };
}

function sequential(scenario: Scenario, runs: number, random: Random): number[][] {
  const host = simulatedHost(armsOf(scenario, random), scenario.noise, random);
  return scenario.effects.map((_, arm) => Array.from({ length: runs }, () => host.block([arm])[0] ?? Number.NaN));
}
