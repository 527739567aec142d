import type { Random } from '../random.ts';
import type { ConstraintOutcome } from './arm.ts';
import { checkShareAbove, type RequestCounts } from './constraints.ts';
import { type Climber, chooseLevels, type LevelChoice, nextLevels, outcomeAtLevel } from './ladder.ts';
import { findLevels, type LevelSlice } from './level-finding.ts';
import type { MeasuredBlock } from './measured.ts';
import { normalUpperTail } from './normal.ts';
import { type Contender, nextStep, type ProcedureRules } from './procedure.ts';
import { type Noise, simulatedHost } from './simulate.ts';
import type { Verdict } from './verdict.ts';

/**
 * Variants whose rate differs by `effects` (natural log, the baseline first); with c outstanding they serve c / (c + 4) of their
 * most. `limit`: the p99 that is allowed, where a request that is alone takes 1.
 */
export type SimulatedCapacity = {
  readonly effects: readonly number[];
  readonly levels: readonly number[];
  readonly limit: number;
};

/** As fine as those of a plan that names none. */
export const simulatedLevels: readonly number[] = [
  1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256,
];

export type CapacitySweep = { readonly choices: readonly LevelChoice[]; readonly verdict: Verdict };

const slicesPerBlock = 4;
const requestsPerSlice = 3_000;
const halfFull = 4;
/** Of ln latency inside a slice. */
const latencySd = 0.25;
const allowedShare = 0.01;

/**
 * Chooses each variant's level, then decides at these levels, step by step, on a simulated host. One slice has twice the noise
 * of the four of a block. Variants are called by their index, the baseline is '0'.
 */
export function simulateCapacity(
  { effects, levels, limit }: SimulatedCapacity,
  { noise, rules }: { readonly noise: Noise; readonly rules: ProcedureRules },
  random: Random,
): CapacitySweep {
  const [climber, ...others] = effects.map((_, index) => ({ id: String(index), slices: [] as LevelSlice[] }));
  if (climber === undefined) throw new RangeError('a sweep has a baseline');
  const ladderNoise = { ...noise, runSd: 2 * noise.runSd, withinSd: 2 * noise.withinSd };
  const ladder = simulatedHost({ effects }, ladderNoise, random);
  const field = [climber, ...others];
  const climbers = (): [Climber, ...Climber[]] => {
    const found = ({ id, slices }: typeof climber): Climber => ({ id, findings: findLevels(slices) });
    return [found(climber), ...others.map(found)];
  };
  for (let next = nextLevels(levels, climbers()); next.length > 0; next = nextLevels(levels, climbers())) {
    const y = ladder.block(next.map(({ id }) => Number(id)));
    for (const [index, { id, level }] of next.entries()) {
      const { y: rate, share } = served(y[index] ?? Number.NaN, level, limit);
      const counts = countsOf(share, 1);
      field[Number(id)]?.slices.push({ level, y: rate, limits: [{ kind: 'share', counts, allowedShare }] });
    }
  }
  const choices = chooseLevels(levels, climbers());
  const host = simulatedHost({ effects }, noise, random);
  return { choices, verdict: decideAt(choices, { levels, limit, rules, block: (active) => host.block(active) }) };
}

type Deciding = Pick<SimulatedCapacity, 'levels' | 'limit'> & {
  readonly rules: ProcedureRules;
  readonly block: (active: readonly number[]) => number[];
};

function decideAt(choices: readonly LevelChoice[], { levels, limit, rules, block }: Deciding): Verdict {
  const taking = choices.filter(({ level }) => level !== null);
  const blocks: MeasuredBlock[] = [];
  const counts = new Map(taking.map(({ id }) => [id, [] as RequestCounts[]]));
  for (;;) {
    const [baseline, ...others] = taking.map((choice): Contender => {
      const tested = outcomeOf(counts.get(choice.id) ?? [], rules, taking.length - 1);
      const outcome = choice.id === '0' ? outcomeAtLevel(tested, choice.level, levels) : tested;
      return { id: choice.id, cost: [Number(choice.id)], constraints: [outcome] };
    });
    if (baseline === undefined) throw new RangeError('a sweep has a baseline');
    const step = nextStep([baseline, ...others], blocks, rules);
    if (step.kind === 'done') return step.verdict;
    const measured = block(step.active.map(Number)).map((y, index) => {
      const id = step.active[index] ?? '';
      const level = taking.find((choice) => choice.id === id)?.level ?? 1;
      return { id, ...served(y, level, limit) };
    });
    for (const { id, share } of measured) if (step.stage === 'confirm') counts.get(id)?.push(countsOf(share, 4));
    blocks.push({ stage: step.stage, round: step.round, y: new Map(measured.map(({ id, y }) => [id, y])) });
  }
}

/** What a rate (natural log) and a level make of throughput and of the share of requests above the limit. */
function served(rate: number, level: number, limit: number): { y: number; share: number } {
  const y = rate + Math.log(level / (level + halfFull));
  // Little's law; a request that is alone at the mean rate takes 1 + halfFull of what a slot takes.
  const latency = Math.log(level) - y - Math.log(1 + halfFull);
  return { y, share: normalUpperTail((Math.log(limit) - latency) / latencySd) };
}

function countsOf(share: number, slices: number): RequestCounts {
  const total = slices * requestsPerSlice;
  return { aboveLimit: Math.round(share * total), failed: 0, total };
}

function outcomeOf(
  counts: readonly RequestCounts[],
  { alpha }: ProcedureRules,
  variantCount: number,
): ConstraintOutcome {
  const rules = { alpha, constraintCount: 1, variantCount: Math.max(1, variantCount), slicesPerBlock };
  return checkShareAbove(counts, allowedShare, rules).outcome;
}
