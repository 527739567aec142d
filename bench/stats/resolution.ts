import { seededRandom } from '../random.ts';
import { crossingProbability } from './boundaries.ts';
import { normalQuantile } from './normal.ts';
import { leastScreened, mostFinalists, screenRounds } from './screen.ts';
import { smallestWhere } from './search.ts';
import { dueLooks, type Look } from './spending.ts';
import { studentUpperQuantile } from './student.ts';

/** A sweep to be planned; `residualSd` is that of one variant in one block (natural log), as the pilot saw it. */
export type ResolutionPlan = {
  readonly residualSd: number;
  /** Degrees of freedom with which that is known; exactly unless told. */
  readonly freedom?: number;
  /** Beside the baseline. */
  readonly variantCount: number;
  readonly alpha: number;
  readonly looks: readonly number[];
  /** The blocks of confirm that the budget pays for. */
  readonly confirmBlocks: number;
  /** As many as the procedure takes unless told. */
  readonly finalists?: number;
};

/**
 * The true gain (natural log) of a single better variant that the whole procedure claims with the given power, 0.8
 * unless told: it has to come through the screen and then to cross a boundary of confirm. Null below five blocks, which
 * claim nothing.
 */
export function resolution(plan: ResolutionPlan, power = 0.8): number | null {
  const { residualSd, confirmBlocks } = plan;
  if (confirmBlocks < 5) return null;
  if (residualSd === 0) return 0;
  const power1 = powerAtUnitSd(plan);
  let [low, high] = [0, 1];
  while (power1(high) < power && high < 1e6) high *= 2;
  for (let step = 0; step < 25; step++) {
    const middle = (low + high) / 2;
    if (power1(middle) < power) low = middle;
    else high = middle;
  }
  return high * residualSd;
}

/** The probability that the procedure claims a single variant whose true gain is `gain` (natural log). */
export function powerOf(gain: number, plan: ResolutionPlan): number {
  if (plan.confirmBlocks < 5) return 0;
  if (plan.residualSd === 0) return gain > 0 ? 1 : 0;
  return powerAtUnitSd(plan)(gain / plan.residualSd);
}

/**
 * The fewest blocks of confirm, at least 5, in which a gain of `difference` (natural log) is claimed with 80 % power,
 * where the looks are those of `plan` stretched to end there; null where no sensible number would do.
 */
export function confirmBlocksFor(difference: number, plan: ResolutionPlan): number | null {
  const last = plan.looks.at(-1) ?? 1;
  return smallestWhere(5, (blocks) => {
    const looks = [...new Set(plan.looks.map((look) => Math.max(5, Math.round((look * blocks) / last))))];
    return powerOf(difference, { ...plan, looks, confirmBlocks: blocks }) >= 0.8;
  });
}

function powerAtUnitSd(plan: ResolutionPlan): (gain: number) => number {
  const { variantCount, alpha, looks, confirmBlocks } = plan;
  const few = variantCount <= leastScreened ? variantCount : mostFinalists;
  const finalists = Math.min(variantCount, plan.finalists ?? few);
  const maxBlocks = Math.min(confirmBlocks, looks.at(-1) ?? 0);
  const due = dueLooks(maxBlocks, { alpha, looks, maxBlocks, familySize: finalists });
  const needed = gainsToPass(variantCount, finalists);
  const { freedom = Number.POSITIVE_INFINITY } = plan;
  return overUncertainty(freedom, (gain) => passing(needed, gain) * confirmPower(gain, due, alphaOf(finalists)));
}

/** Equally likely parts of what the true deviation may be. */
const parts = 12;

/**
 * The power that is to be expected where the deviation that gains are counted in is itself an estimate: a pilot that happens to
 * see little noise promises too much more often than one that sees much promises too little.
 */
function overUncertainty(freedom: number, power: (gain: number) => number): (gain: number) => number {
  if (freedom === Number.POSITIVE_INFINITY) return power;
  const ratios = Array.from({ length: parts }, (_, part) => deviationRatio((part + 0.5) / parts, freedom));
  const known = interpolated(power);
  return (gain) => ratios.reduce((sum, ratio) => sum + known(gain * ratio), 0) / parts;
}

/** Of a standard deviation: the power between two such gains is as good as straight. */
const gainStep = 0.02;

/** Each power takes an integration over all looks, so that they are looked up where many are asked for. */
function interpolated(power: (gain: number) => number): (gain: number) => number {
  const powers = new Map<number, number>();
  const at = (step: number): number => {
    const known = powers.get(step) ?? power(step * gainStep);
    powers.set(step, known);
    return known;
  };
  return (gain) => {
    const step = Math.floor(gain / gainStep);
    return at(step) + (at(step + 1) - at(step)) * (gain / gainStep - step);
  };
}

/** Estimated by true standard deviation, as exceeded with probability 1 - p (Wilson and Hilferty). */
function deviationRatio(p: number, freedom: number): number {
  const third = 2 / (9 * freedom);
  return Math.max(0, 1 - third + normalQuantile(p) * Math.sqrt(third)) ** 1.5;
}

const alphaOf =
  (finalists: number) =>
  ({ alpha }: Look): number =>
    alpha / finalists;

/**
 * The normal theory of the boundaries with the t statistic's two departures from it: at a look the chance that a
 * noncentral t exceeds its critical value is that of a normal one at a shifted boundary.
 */
function confirmPower(gain: number, looks: readonly Look[], levelOf: (look: Look) => number): number {
  const last = looks.at(-1)?.blocks ?? 1;
  const critical = looks.map((look) => {
    const df = look.blocks - 1;
    const t = studentUpperQuantile(levelOf(look), df);
    const centre = gain * Math.sqrt(look.blocks / 2);
    return centre + (t * (1 - 1 / (4 * df)) - centre) / Math.sqrt(1 + t ** 2 / (2 * df));
  });
  return crossingProbability(
    looks.map(({ blocks }) => blocks / last),
    critical,
    gain * Math.sqrt(last / 2),
  );
}

const sweeps = 2000;
const seed = 20_250_101;
const remembered = new Map<string, readonly number[]>();

/** The share of simulated screens that a variant with this gain comes through. */
function passing(needed: readonly number[], gain: number): number {
  let [low, high] = [0, needed.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((needed[middle] ?? 0) <= gain) low = middle + 1;
    else high = middle;
  }
  return low / needed.length;
}

/** For each of many simulated screens of unit sd the gain that would just have passed it, ascending. */
function gainsToPass(variantCount: number, finalists: number): readonly number[] {
  const key = `${variantCount}/${finalists}`;
  const known = remembered.get(key) ?? simulateScreens(variantCount, finalists);
  remembered.set(key, known);
  return known;
}

function simulateScreens(variantCount: number, finalists: number): number[] {
  const rounds = screenRounds(variantCount, finalists);
  if (rounds.length === 0) return [Number.NEGATIVE_INFINITY];
  const random = seededRandom(seed);
  const normal = (): number => normalQuantile(Math.max(random.next(), Number.MIN_VALUE));
  const screen = (): number => {
    let own = 0;
    let rivals = Array<number>(variantCount - 1).fill(0);
    let needed = Number.NEGATIVE_INFINITY;
    let measured = 0;
    for (const { blocks, keep } of rounds) {
      measured += blocks;
      own += normal() * Math.sqrt(blocks);
      rivals = rivals.map((sum) => sum + normal() * Math.sqrt(blocks)).sort((a, b) => b - a);
      needed = Math.max(needed, ((rivals[keep - 1] ?? Number.NEGATIVE_INFINITY) - own) / measured);
      rivals = rivals.slice(0, keep - 1);
    }
    return needed;
  };
  return Array.from({ length: sweeps }, screen).sort((a, b) => a - b);
}
