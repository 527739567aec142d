import type { Arm } from './arm.ts';
import { confirmBlocksOf, finalistsAffordable, mayScreenMore } from './budget.ts';
import { bestOfScreen, type MeasuredBlock, type Stage, trialsOf, valuesOf } from './measured.ts';
import { mean } from './moments.ts';
import { leastScreened, mostFinalists, screenRounds } from './screen.ts';
import { type DecisionRules, decide, invalid, type Verdict } from './verdict.ts';

/** A variant as the procedure sees it, without its blocks: they are given apart, since stages share them out. */
export type Contender = Pick<Arm, 'id' | 'cost' | 'constraints'> & {
  /** Why its slices could not be measured; it leaves what follows, but still counts in the error of the others. */
  readonly unstable?: string;
  /** Goes through the screen by right, where more than one does: earlier blocks of another run have chosen it. */
  readonly seeded?: true;
};

/** `trialsLeft`: how many trials (one variant in one block) can still be paid for; Infinity without a budget. */
export type ProcedureRules = Omit<DecisionRules, 'maxBlocks' | 'comparisonCount'> & {
  readonly trialsLeft: number;
  /** False takes every variant straight to confirm, whatever that costs; true unless told. */
  readonly screen?: boolean;
};

export type Step =
  | {
      readonly kind: 'block';
      readonly stage: Stage;
      readonly round: number;
      /** Ids to measure, the baseline first. */
      readonly active: readonly string[];
    }
  | { readonly kind: 'done'; readonly verdict: Verdict; readonly finalists: readonly string[] };

/** A sweep: 5 % error, a margin of 2 %, stops at the first claim; five looks at up to 30 blocks of confirm. */
export const procedureRules: ProcedureRules = {
  alpha: 0.05,
  delta: Math.log(1.02),
  goal: 'improve',
  looks: [8, 12, 17, 23, 30],
  trialsLeft: Number.POSITIVE_INFINITY,
};

/**
 * What to do next, from what has been measured so far and nothing else: screen, then confirm on fresh blocks, until the
 * verdict. The baseline, in every block and never ranked, is the first of `contenders`. A resumed sweep that passes the
 * same blocks gets the same answer: whoever is in the first block of a round is in that round.
 */
export function nextStep(
  contenders: readonly [Contender, ...Contender[]],
  blocks: readonly MeasuredBlock[],
  rules: ProcedureRules,
): Step {
  const [baseline, ...variants] = contenders;
  if (baseline.unstable !== undefined)
    return {
      kind: 'done',
      verdict: invalid(`the baseline is unstable: ${baseline.unstable}`, baseline.id),
      finalists: [],
    };
  const screened = blocks.filter(({ stage }) => stage === 'screen');
  const confirmed = blocks.filter(({ stage }) => stage === 'confirm');
  const field: Field = { baseline, variants, screened, confirmed, rules };
  const [first] = confirmed;
  if (first !== undefined)
    return confirm(
      field,
      variants.filter(({ id }) => first.y.has(id)),
    );
  const { active, round } = screenSoFar(field);
  if (round === null) return confirm(field, active);
  return { kind: 'block', stage: 'screen', round, active: [baseline.id, ...active.map(({ id }) => id)] };
}

type Field = {
  readonly baseline: Contender;
  readonly variants: readonly Contender[];
  readonly screened: readonly MeasuredBlock[];
  readonly confirmed: readonly MeasuredBlock[];
  readonly rules: ProcedureRules;
};

/** Who is measured next: in round `round` of the screen, or in confirm where that is null. */
function screenSoFar({ variants, screened, rules }: Field): { active: Contender[]; round: number | null } {
  const { trialsLeft } = rules;
  const total = trialsOf(screened) + trialsLeft;
  const few = variants.length <= leastScreened && finalistsAffordable(total) >= variants.length;
  const straight = few || rules.screen === false;
  const finalists = straight ? variants.length : Math.min(mostFinalists, finalistsAffordable(total));
  let active = variants.filter(isStable);
  let done = 0;
  for (const [index, { blocks, keep }] of screenRounds(variants.length, finalists).entries()) {
    const round = index + 1;
    const own = screened.filter((block) => block.round === round);
    const [first] = own;
    if (first !== undefined) active = active.filter(({ id }) => first.y.has(id));
    done += own.length;
    const next = { trials: active.length + 1, spent: trialsOf(screened), left: trialsLeft };
    if (own.length < blocks && active.length > finalists && mayScreenMore(next)) return { active, round };
    active = ranked(active, screened.slice(0, done), own.length < blocks ? finalists : keep);
  }
  const affordable = straight ? active.length : Math.min(finalists, finalistsAffordable(trialsLeft));
  return { active: ranked(active, screened, affordable), round: null };
}

function ranked(contenders: readonly Contender[], screened: readonly MeasuredBlock[], keep: number): Contender[] {
  const seeded = keep > 1 ? contenders.filter((contender) => contender.seeded === true) : [];
  const best = bestOfScreen(
    contenders
      .filter((contender) => !seeded.includes(contender))
      .map((contender) => ({ ...contender, y: valuesOf(contender.id, screened) })),
    keep - seeded.length,
  );
  const kept = new Set([...seeded, ...best].map(({ id }) => id));
  return contenders.filter(({ id }) => kept.has(id));
}

function confirm({ baseline, screened, confirmed, rules }: Field, finalists: readonly Contender[]): Step {
  const { trialsLeft, ...decision } = rules;
  const stable = finalists.filter(isStable);
  const active = [baseline, ...stable];
  const measured = confirmed.length;
  const maxBlocks = confirmBlocksOf(measured, active.length, trialsLeft);
  const next = { kind: 'block', stage: 'confirm', round: 1, active: active.map(({ id }) => id) } as const;
  const end = Math.min(maxBlocks, rules.looks.at(-1) ?? 0);
  if (stable.length > 0 && measured < end && !rules.looks.includes(measured)) return next;
  const verdict = decide(
    armOf(baseline, screened, confirmed),
    stable.map((own) => armOf(own, screened, confirmed)),
    {
      ...decision,
      maxBlocks,
      comparisonCount: Math.max(1, finalists.length),
    },
  );
  return verdict.stop ? { kind: 'done', verdict, finalists: finalists.map(({ id }) => id) } : next;
}

function armOf(
  { id, cost, constraints }: Contender,
  screened: readonly MeasuredBlock[],
  confirmed: readonly MeasuredBlock[],
): Arm {
  const arm = { id, cost, y: valuesOf(id, confirmed), ...(constraints === undefined ? {} : { constraints }) };
  return screened.length === 0
    ? arm
    : { ...arm, screenMean: mean(valuesOf(id, screened)), screenBlocks: screened.length };
}

function isStable({ unstable }: Contender): boolean {
  return unstable === undefined;
}
