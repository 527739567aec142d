import type { Random } from '../random.ts';
import { type CommitPair, flagRegressions } from '../stats/gate.ts';
import { simulatedHost, usualNoise } from '../stats/simulate.ts';
import type { Tally } from './decision-tally.ts';

const rules = { alpha: 0.05, delta: Math.log(1.02) };
const configurations = 4;

/**
 * One build: four configurations of either commit in 10 interleaved blocks, what is flagged again in 15 fresh ones; the
 * first of them changed by `change` (natural log). Beside it the usual 5 % threshold on two files of three runs each.
 */
export function gate(change: number, random: Random): Tally {
  const effects = Array.from({ length: 2 * configurations }, (_, arm) => (arm === configurations ? change : 0));
  const host = simulatedHost({ effects }, usualNoise, random);
  const measure = (ids: readonly number[], blocks: number): CommitPair[] => {
    const arms = ids.flatMap((id) => [id, id + configurations]);
    const rows = Array.from({ length: blocks }, () => host.block(arms));
    const column = (place: number): number[] => rows.map((row) => row[place] ?? Number.NaN);
    return ids.map((id, index) => ({ id: String(id), before: column(2 * index), after: column(2 * index + 1) }));
  };
  const flaggedIn = (pairs: readonly CommitPair[]): number[] =>
    flagRegressions(pairs, rules).flatMap(({ id, flagged }) => (flagged ? [Number(id)] : []));
  const first = flaggedIn(measure([0, 1, 2, 3], 10));
  const confirmed = first.length === 0 ? [] : flaggedIn(measure(first, 15));
  return {
    sweeps: 1,
    flagged: first.length > 0 ? 1 : 0,
    alarms: confirmed.length > 0 ? 1 : 0,
    found: confirmed.includes(0) ? 1 : 0,
    ...twoFiles(effects, random),
  };
}

function twoFiles(effects: readonly number[], random: Random): Tally {
  const file = (from: number): number[] => {
    const host = simulatedHost({ effects }, usualNoise, random);
    return Array.from({ length: configurations }, (_, index) => {
      const runs = [1, 2, 3].map(() => host.block([from + index])[0] ?? Number.NaN);
      return runs.reduce((sum, run) => sum + run, 0) / runs.length;
    });
  };
  const [before, after] = [file(0), file(configurations)];
  const slower = after.map((value, index) => value - (before[index] ?? 0) < Math.log(0.95));
  return { thresholdAlarms: slower.includes(true) ? 1 : 0, thresholdFound: slower[0] === true ? 1 : 0 };
}
