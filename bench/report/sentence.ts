import { afterSentences } from './after-sentences.ts';
import { appliedSentence, startWith } from './applied-sentence.ts';
import { claimBesideInterval } from './claim-beside-interval.ts';
import { count, minutes, share } from './format.ts';
import { headlineOf, labelOf } from './headline.ts';
import { comparisonOfLoads, loadsMeasured, nextWithLoad } from './loads.ts';
import { lostSlices } from './lost-slices.ts';
import { openQuestions } from './open-questions.ts';
import {
  blocksInWords,
  clause,
  isCapacity,
  limitInWords,
  loadInWords,
  metricInWords,
  name,
  names,
  reasonInWords,
} from './phrases.ts';
import { placementSentence } from './placement-sentence.ts';
import { plainText } from './plain-text.ts';
import type { Results, VerdictResult } from './results.ts';
import { withinMargin } from './within-margin.ts';

/**
 * The verdict in words. `label` names its kind, `headline` says what to do and how sure that is, `sentences` say for which load,
 * at which error rate, and what comes next. Plain text: every name in it is safe to print, but not escaped for HTML or Markdown.
 */
export type VerdictInWords = {
  readonly tone: 'gain' | 'keep' | 'open' | 'void';
  readonly label: string;
  readonly headline: string;
  readonly sentences: readonly string[];
  /** What to type next, where the last sentence ends in a colon. */
  readonly command: string | null;
};

export function verdictInWords(results: Results): VerdictInWords {
  const { verdict } = results;
  const claimed = claimsGain(results);
  return {
    tone: claimed && results.plan.expectEqual ? 'void' : tones[verdict.kind],
    label: labelOf(results, claimed),
    headline: headlineOf(results, claimed),
    sentences: [
      ...interruption(results),
      ...sameOnPurpose(results, claimed),
      ...rehearsal(results),
      ...oneProcess(results),
      ...details(results),
      ...comparisonOfLoads(results),
      loadSentence(results),
      ...unshownLevels(results),
      appliedSentence(results),
      placementSentence(results),
      ...afterSentences(results),
      ...errorRate(results),
      ...resolving(results),
      ...nextStep(results, claimed),
    ],
    command: nextCommand(results),
  };
}

/** True where the verdict names a variant that beats the baseline. */
export function claimsGain(results: Results): boolean {
  const { kind, pick } = results.verdict;
  const claiming = kind === 'WINNER' || kind === 'TIED_SET' || kind === 'BETTER_TIED_AT_RESOLUTION';
  return claiming && pick !== baselineIdOf(results);
}

type Kind = VerdictResult['kind'];

const tones: Record<Kind, VerdictInWords['tone']> = {
  WINNER: 'gain',
  TIED_SET: 'gain',
  BETTER_TIED_AT_RESOLUTION: 'gain',
  SHORT_SLICE_BIAS: 'open',
  NO_IMPROVEMENT: 'keep',
  INCONCLUSIVE: 'open',
  INVALID: 'void',
};

/** Fewer blocks never earn a claim, whatever ended them. */
const leastBlocks = 5;
const tooFew = `fewer than ${leastBlocks} blocks were measured, and no claim rests on so few`;

function interruption({ run, verdict }: Results): string[] {
  if (run.complete) return [];
  return [
    `The run was interrupted after ${count(verdict.blocks)} of ${blocksInWords(run.blocksPlanned)}: all of this rests on those alone.`,
  ];
}

function sameOnPurpose({ plan, verdict }: Results, claimed: boolean): string[] {
  if (!plan.expectEqual) return [];
  const meaning = claimed
    ? `the claim is false by construction, as at most ${share(verdict.alpha)} of such sweeps are expected to make one`
    : 'any claim would be a false one, and there is none';
  return [`This is an A/A plan, its variants are the same on purpose: ${meaning}.`];
}

function rehearsal({ engine }: Results): string[] {
  if (engine.transferable) return [];
  const backend = engine.backend === '' ? `the ${plainText(engine.kind)} engine` : plainText(engine.backend);
  return [
    `This is a rehearsal: it ran on a stand-in (${backend}), and neither gains nor losses seen there carry over to Triton with its C++ backends.`,
  ];
}

function oneProcess({ engine }: Results): string[] {
  if (engine.sharedProcess !== true) return [];
  return [
    'All blocks ran on one server process, which was there before: what differs from one process to the next is in no interval here.',
  ];
}

function details(results: Results): string[] {
  const { verdict, variants } = results;
  const { kind } = verdict;
  const sentences = lowerPercentile(results);
  const reason = verdict.blocks < leastBlocks && verdict.reason === 'budget' ? tooFew : reasonInWords(verdict.reason);
  if (kind !== 'INVALID' && reason !== null) sentences.push(`Why: ${reason}.`);
  if (kind === 'BETTER_TIED_AT_RESOLUTION' && results.plan.goal === 'best')
    sentences.push('The plan asks for the best of them, which these blocks do not resolve.');
  const screenedOut = variants.filter((v) => v.status === 'screened out');
  if (screenedOut.length > 0 && kind !== 'INVALID') sentences.push(screening(results, screenedOut.length));
  return [
    ...sentences,
    ...claimBesideInterval(results),
    ...lostSlices(results),
    ...withinMargin(results),
    ...openQuestions(results),
  ];
}

/** A percentile that the plan asks for and its budget does not pay for is never estimated from fewer requests. */
function lowerPercentile({ plan, verdict }: Results): string[] {
  if (verdict.objective === plan.objective) return [];
  const [asked, decided] = [plan.objective, verdict.objective].map(metricInWords);
  return [
    `The plan asks for ${asked}; its budget pays for too few requests in a block, so this was decided on ${decided} instead.`,
  ];
}

function loadSentence(results: Results): string {
  const { verdict, variants } = results;
  const measured = variants.filter(({ status, baseline }) => status === 'measured' && !baseline).length;
  const beside = `${count(measured)} ${measured === 1 ? 'variant' : 'variants'} beside the baseline`;
  const loads = loadsMeasured(variants).length;
  if (isCapacity(verdict.objective))
    return `Measured at each variant's own level, the highest that keeps the ${limitInWords(verdict.objective)}: ${levelsInWords(results)}; ${loadInWords(results)}; ${blocksInWords(verdict.blocks)}, ${beside}.`;
  const under =
    loads > 1 ? `Measured under ${count(loads)} loads, of which the baseline has` : 'Measured under one load:';
  return `${under} ${loadInWords(results)}; ${blocksInWords(verdict.blocks)}, ${beside}.`;
}

/** "baseline 8, count-2 16 outstanding", of those that the verdict is about. */
function levelsInWords({ variants, run }: Results): string {
  const shown = variants.filter(({ id, baseline }) => baseline || run.finalists.includes(id)).slice(0, 8);
  const parts = shown.flatMap(({ id, capacity }) =>
    capacity === null || capacity.level === null ? [] : [`${name(id)} ${count(capacity.level)}`],
  );
  return parts.length === 0 ? 'not chosen yet' : `${parts.join(', ')} outstanding`;
}

/** Levels that were not shown to keep the limits: the baseline's that has none, and those that time was too short for. */
function unshownLevels({ variants, verdict }: Results): string[] {
  if (verdict.kind === 'INVALID') return [];
  const baseline = variants.find((variant) => variant.baseline);
  const without =
    baseline?.capacity?.holds === 'no'
      ? [
          `No level of the baseline is shown to keep the limits (${clause(baseline.capacity.reason ?? '')}); it was measured at the lowest.`,
        ]
      : [];
  const likely = variants.filter(({ capacity }) => capacity?.holds === 'likely').map(({ id }) => id);
  if (likely.length === 0) return without;
  const whose = `${names(likely)} ${likely.length === 1 ? 'keeps' : 'keep'}`;
  return [
    ...without,
    `Time was up before it was shown that ${whose} the limits at the level chosen; the blocks test it.`,
  ];
}

function errorRate({ verdict: { kind, alpha }, attempt, continues }: Results): string[] {
  if (kind === 'INVALID') return [];
  if (continues !== null) {
    const all = attempt === 2 ? 'over both attempts' : `over all ${count(attempt)} attempts`;
    return [
      `Attempt ${count(attempt)}, on fresh blocks alone: if all variants were equal, it would claim a gain in at most ${share(alpha)} of cases, and ${all} there would be a false claim in at most ${share(continues.alphaOverAttempts)} of cases.`,
    ];
  }
  return [`If all variants were equal, at most ${share(alpha)} of such sweeps would claim a gain.`];
}

function resolving({ run, verdict }: Results): string[] {
  if (verdict.kind === 'INVALID' || run.resolvable === null) return [];
  return [`What these blocks can resolve: differences of ${share(run.resolvable)} and more, with 80 % power.`];
}

/** What the screen did, and that no claim rests on it. */
function screening({ run, continues }: Results, outCount: number): string {
  const seeded = continues?.seeded ?? null;
  const byRight =
    seeded !== null && run.finalists.includes(seeded)
      ? ` ${name(seeded)}, which led the attempt before, was one of them by right.`
      : '';
  const kept = run.finalists.length;
  return `Of ${count(outCount + kept)} variants the best ${kept === 1 ? 'one' : count(kept)} of a screen of ${blocksInWords(run.screenBlocks)} went on to fresh blocks; the others were not followed up, and nothing is claimed about them.${byRight}`;
}

function nextStep(results: Results, claimed: boolean): string[] {
  const { verdict, run, plan, engine } = results;
  if (verdict.kind === 'INVALID') return ['Next: remove the cause, then measure again:'];
  if (verdict.kind === 'INCONCLUSIVE') return [whatWouldDecide(results)];
  if (verdict.kind === 'SHORT_SLICE_BIAS')
    return ['Next: see what changes in it under steady load (memory, heat, queues), then measure again:'];
  if (!run.complete) return ['Next: measure the whole plan:'];
  if (plan.expectEqual) return [];
  if (!engine.transferable) return ['Next: run the same plan on the Triton that you deploy.'];
  const withLoad = claimed ? nextWithLoad(results) : null;
  if (withLoad !== null) return [withLoad];
  if (claimed) return [deployment(results)];
  return ['Next: nothing to change for this load; another load, or other settings, would be a new question.'];
}

/** A variant may be another config.pbtxt, flags of the server, or both. */
function deployment({ verdict, variants, config }: Results): string {
  const pick = variants.find(({ id }) => id === verdict.pick);
  const given = pick?.differsIn.includes('server') ? startWith(pick) : '';
  if (given !== '' && config.pick === config.baseline) return `Next: ${given}; config.pbtxt stays as it is.`;
  return `Next: put winner.config.pbtxt in the place of the model's config.pbtxt${given === '' ? '' : `, and ${given}`}.`;
}

function whatWouldDecide({ verdict, run }: Results): string {
  const { blocksNeeded, minutesNeeded } = verdict;
  if (isOutOfReach(verdict))
    return `Next: keep the baseline; about ${count(blocksNeeded)} more blocks would be needed to decide, which is more than is worth measuring.`;
  if (blocksNeeded === null)
    return `Next: how many more blocks would decide cannot be told from these; to ${run.nextCommand === null ? 'measure again' : 'go on all the same'}:`;
  const time = minutesNeeded === null ? '' : ` (about ${minutes(minutesNeeded)})`;
  const blocks = blocksNeeded === 1 ? '1 more block' : `${count(blocksNeeded)} more blocks`;
  return `Next: about ${blocks}${time} would probably decide:`;
}

/** More blocks than that are no advice. */
export const blocksMost = 1_000;

/** Nor is the same plan once more: it would be a second chance that no error rate knows of. */
function isOutOfReach({ kind, blocksNeeded }: VerdictResult): boolean {
  return kind === 'INCONCLUSIVE' && blocksNeeded !== null && blocksNeeded > blocksMost;
}

function nextCommand({ verdict, run }: Results): string | null {
  if (isOutOfReach(verdict)) return null;
  if (verdict.kind === 'INVALID' || verdict.kind === 'SHORT_SLICE_BIAS') return clause(run.command);
  if (verdict.kind === 'INCONCLUSIVE') return clause(run.nextCommand ?? run.command);
  return run.complete ? null : clause(run.command);
}

function baselineIdOf({ variants }: Results): string {
  return variants.find(({ baseline }) => baseline)?.id ?? 'baseline';
}
