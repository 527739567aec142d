import { type Arm, bestFirst, cheapestFirst, checkArms, constraintsOf, firstBlocks } from './arm.ts';
import { type Evidence, holmAgainst, weigh } from './evidence.ts';
import { emptyFindings, type Findings, type Verdict } from './findings.ts';
import { pairResolution } from './mcb.ts';
import { blocksNeeded } from './power.ts';
import { alphaBeforeLooks, dueLooks, type Look, type Spending } from './spending.ts';

export type { Arm } from './arm.ts';
export type { Comparison } from './evidence.ts';
export { invalid, type Reason, type Verdict } from './findings.ts';

/**
 * `improve` stops at the first claim; `best` goes on until a claimed variant is within the practical margin of the
 * best.
 */
export type Goal = 'improve' | 'best';

export type DecisionRules = {
  /** The probability of any false claim, over all variants and looks; below 0.5. */
  readonly alpha: number;
  /** ln of the practical margin: differences below it do not matter. */
  readonly delta: number;
  readonly goal: Goal;
  /** Numbers of blocks, ascending from 2, at which the data are looked at. A single look spends alpha whole. */
  readonly looks: readonly number[];
  /** The blocks that the budget pays for; a run that ended early passes the blocks it has. */
  readonly maxBlocks: number;
  /** How many variants confirm began with, where some have left it as unstable; otherwise those given. */
  readonly comparisonCount?: number;
  /** How the looks share the error; `joint` unless told. */
  readonly spending?: Spending;
};

/** Bounds from fewer blocks are wider than anything a user could take them for; looks may be earlier only where they are asked to. */
const leastBounded = 5;

/**
 * The verdict on the confirm stage from all of its blocks so far. Every look that is due is taken in order and claims
 * of earlier looks stand, so it may be called after each block or once at the end. Throws a RangeError on input that
 * only a bug makes.
 */
export function decide(baseline: Arm, others: readonly Arm[], rules: DecisionRules): Verdict {
  checkArms([baseline, ...others]);
  checkRules(others, rules);
  const start = emptyFindings(baseline, others);
  if (others.length === 0) return { ...start, kind: 'INCONCLUSIVE', reason: 'no-variants', stop: true };
  const stage = stageOf(start.blocks, others, rules);
  if (start.blocks < 2 || (stage.looks.length === 0 && start.blocks < leastBounded)) {
    return { ...start, kind: 'INCONCLUSIVE', reason: stage.ended ?? 'blocks', stop: stage.ended !== null };
  }
  return conclude(
    firstBlocks(baseline, stage.current.blocks),
    others.map((arm) => firstBlocks(arm, stage.current.blocks)),
    stage,
  );
}

/** Where the confirm stage stands: the looks taken, and the one that the verdict rests on. */
type Stage = {
  readonly rules: DecisionRules;
  readonly familySize: number;
  readonly looks: readonly Look[];
  /** Before the first look the data so far, from which bounds but no claims are taken. */
  readonly current: Look;
  readonly ended: 'budget' | 'looks' | null;
};

function stageOf(blocks: number, others: readonly Arm[], rules: DecisionRules): Stage {
  const last = rules.looks.at(-1) ?? 0;
  const familySize = rules.comparisonCount ?? others.length;
  const looks = dueLooks(blocks, { ...rules, familySize });
  const usedUp = blocks >= rules.maxBlocks ? 'budget' : null;
  return {
    rules,
    familySize,
    looks,
    current: looks.at(-1) ?? { blocks, alpha: alphaBeforeLooks(blocks, rules) },
    ended: blocks >= last ? 'looks' : usedUp,
  };
}

function conclude(baseline: Arm, others: readonly Arm[], stage: Stage): Verdict {
  const { rules, looks, current, familySize, ended } = stage;
  const claimed = new Set(looks.flatMap((look) => claimsAt(look, baseline, others, stage)));
  const confidence = 1 - 2 * rules.alpha;
  const evidence = weigh(baseline, others, { look: current, familySize, claimed, confidence });
  const baselineFails = constraintsOf(baseline) === 'fails';
  const holding = others.filter((arm) => constraintsOf(arm) === 'holds');
  const better =
    looks.length === 0 ? [] : bestFirst(baselineFails ? holding : holding.filter(({ id }) => claimed.has(id)));
  const findings = { ...emptyFindings(baseline, others), ...setsOf(better, evidence, baseline, rules), looks };
  const { largestPossibleGain: gain, equivalent } = findings;
  const hopeless = looks.length > 0 && (gain === null || (!baselineFails && gain <= rules.delta));
  const reached = rules.goal === 'best' ? equivalent.length > 0 : better.length > 0;
  const settled = { ...findings, stop: hopeless || reached || ended !== null };
  if (better.length > 0) return { ...settled, kind: kindOfClaim(settled) };
  if (hopeless) return { ...settled, kind: 'NO_IMPROVEMENT', ...(gain === null ? { reason: 'constraints' } : {}) };
  const blocked = baselineFails || others.some((arm) => claimed.has(arm.id) && constraintsOf(arm) === 'undecided');
  if (blocked) return { ...settled, kind: 'INCONCLUSIVE', reason: 'constraints' };
  return { ...settled, kind: 'INCONCLUSIVE', reason: ended ?? 'blocks', ...furtherBlocks(evidence, stage) };
}

function claimsAt(look: Look, baseline: Arm, others: readonly Arm[], { familySize }: Stage): string[] {
  const seen = others.map((arm) => firstBlocks(arm, look.blocks));
  const pHolm = holmAgainst(firstBlocks(baseline, look.blocks), seen, familySize);
  return others.filter((_, index) => (pHolm[index] ?? 1) <= look.alpha).map(({ id }) => id);
}

type Sets = Pick<
  Findings,
  'pick' | 'better' | 'bestSet' | 'equivalent' | 'largestPossibleGain' | 'resolution' | 'comparisons'
>;

function setsOf(better: readonly Arm[], evidence: Evidence, baseline: Arm, rules: DecisionRules): Sets {
  const { bestSet, comparisons, critical } = evidence;
  const tied = better.filter((arm) => bestSet.includes(arm));
  const lowerOf = (arm: Arm): number =>
    comparisons.find(({ variantId }) => variantId === arm.id)?.mcb?.lower ?? -Infinity;
  const equivalent = cheapestFirst(tied.filter((arm) => lowerOf(arm) >= -rules.delta));
  const pick = equivalent[0] ?? tied[0] ?? better[0] ?? baseline;
  const possible = comparisons.filter(({ constraint }) => constraint !== 'fails').flatMap(({ gain }) => gain ?? []);
  return {
    pick: pick.id,
    better: better.map(({ id }) => id),
    bestSet: bestSet.map(({ id }) => id),
    equivalent: equivalent.map(({ id }) => id),
    largestPossibleGain: possible.length === 0 ? null : Math.max(...possible.map(({ upper }) => upper)),
    resolution: pairResolution(
      bestSet.map(({ y }) => y),
      critical,
    ),
    comparisons,
  };
}

function kindOfClaim({ better, bestSet, equivalent }: Findings): 'WINNER' | 'TIED_SET' | 'BETTER_TIED_AT_RESOLUTION' {
  const [only, second] = bestSet;
  if (only !== undefined && second === undefined && better.includes(only)) return 'WINNER';
  return equivalent.length > 0 ? 'TIED_SET' : 'BETTER_TIED_AT_RESOLUTION';
}

/**
 * Planned for the variant that could still gain most: to find its gain so far, or the practical margin where that is
 * larger.
 */
function furtherBlocks({ comparisons, critical }: Evidence, stage: Stage): { blocksNeeded?: number } {
  const { rules, familySize, current, ended } = stage;
  const gains = comparisons.filter(({ constraint }) => constraint !== 'fails').flatMap(({ gain }) => gain ?? []);
  const leader = gains.toSorted((a, b) => b.upper - a.upper)[0];
  if (leader === undefined) return {};
  const residualSd = ((leader.upper - leader.point) / critical) * Math.sqrt(current.blocks / 2);
  const difference = Math.max(rules.delta, Math.abs(leader.point));
  const needed = blocksNeeded(difference, { alpha: rules.alpha / familySize, residualSd });
  if (needed === null) return {};
  return { blocksNeeded: ended === null ? Math.max(1, needed - current.blocks) : needed };
}

function checkRules(
  others: readonly Arm[],
  { alpha, delta, looks, comparisonCount = others.length }: DecisionRules,
): void {
  if (!(alpha > 0 && alpha < 0.5)) throw new RangeError(`alpha lies between 0 and 0.5, not ${alpha}`);
  if (!(delta >= 0)) throw new RangeError(`the practical margin is at least 0, not ${delta}`);
  const ascending = looks.every((look, index) => Number.isInteger(look) && look >= 2 && look > (looks[index - 1] ?? 0));
  if (looks.length === 0 || !ascending) throw new RangeError(`looks must ascend from 2, not ${looks.join(', ')}`);
  if (comparisonCount < others.length) throw new RangeError(`${others.length} variants, but ${comparisonCount} began`);
}
