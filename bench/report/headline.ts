import { gainWithInterval } from './after-sentences.ts';
import { change, count, duration, interval, share } from './format.ts';
import { limitText } from './limit-text.ts';
import { pickInWords } from './loads.ts';
import { blocksInWords, metricInWords, name, names, reasonInWords } from './phrases.ts';
import type { Results, VerdictResult } from './results.ts';
import { baselineToo } from './soak-limit-words.ts';

/** What to do, and how sure that is, in one sentence; `claimed` where the verdict says that a variant beats the baseline. */
export function headlineOf(results: Results, claimed: boolean): string {
  if (claimed && results.plan.expectEqual) return falseClaim(results);
  if (claimed && baselineFails(results)) {
    return `${deploy(results)}: it holds the constraints, which the baseline fails, with a gain in ${gainOfPick(results)} over the baseline.`;
  }
  return headlines[results.verdict.kind](results);
}

/** The kind of the verdict in words; nothing is called a winner in a rehearsal. */
export function labelOf({ verdict, engine, plan }: Results, claimed: boolean): string {
  if (plan.expectEqual) return `A/A plan: ${claimed ? 'a false claim' : labels[verdict.kind].toLowerCase()}`;
  if (engine.transferable) return labels[verdict.kind];
  return `Rehearsal: ${verdict.kind === 'WINNER' ? 'one variant ahead' : labels[verdict.kind].toLowerCase()}`;
}

type Kind = VerdictResult['kind'];

const labels: Record<Kind, string> = {
  WINNER: 'Winner',
  TIED_SET: 'Tied set',
  BETTER_TIED_AT_RESOLUTION: 'Better, tied at this resolution',
  SHORT_SLICE_BIAS: 'Only in short slices',
  NO_IMPROVEMENT: 'No improvement',
  INCONCLUSIVE: 'Inconclusive',
  INVALID: 'Invalid',
};

const headlines: Record<Kind, (results: Results) => string> = {
  WINNER: (results) =>
    `${deploy(results)}: the best ${among(results)}, with a gain in ${gainOfPick(results)} over the baseline.`,
  TIED_SET: (results) =>
    `${deploy(results)}: better than the baseline, with a gain in ${gainOfPick(results)}; ${tieOf(results)}.`,
  BETTER_TIED_AT_RESOLUTION: (results) =>
    `${deploy(results)}: better than the baseline, with a gain in ${gainOfPick(results)}; ${unresolved(results)}.`,
  SHORT_SLICE_BIAS: ({ after: { variantId, soak } }) => {
    const broken = soak?.constraints.filter(({ outcome }) => outcome === 'fails') ?? [];
    if (soak?.outcome !== 'broken' && broken.length > 0) {
      const limits = `${broken.map(limitText).join(' and ')} in short slices`;
      return `Keep the baseline: ${name(variantId ?? '')} held ${limits}, but breaks it in slices of ${duration(soak?.sliceMs ?? null)}${baselineToo(broken)}.`;
    }
    const short = `Keep the baseline: ${name(variantId ?? '')} showed ${gainWithInterval(soak?.confirmed ?? null)} in short slices`;
    if (soak?.outcome === 'broken') return `${short}, but its requests failed in long ones.`;
    return `${short}, but in slices of ${duration(soak?.sliceMs ?? null)} ${gainWithInterval(soak?.gain ?? null)}.`;
  },
  NO_IMPROVEMENT: (results) => {
    const { verdict } = results;
    const { largestPossibleGain: gain, practicalMargin } = verdict;
    if (gain === null) return 'Keep the baseline: none of the others holds the constraints.';
    return `Keep the baseline: the largest gain in ${metricInWords(verdict.objective)} still possible ${among(results)} is ${change(gain)}, within the practical margin of ${share(practicalMargin)}.`;
  },
  INCONCLUSIVE: (results) => {
    const { verdict } = results;
    const { largestPossibleGain: gain, reason, blocks } = verdict;
    const metric = metricInWords(verdict.objective);
    if (reason === 'no-variants') return 'Keep the baseline for now: there was nothing to compare it with.';
    if (reason === 'no-level')
      return 'Keep the baseline for now: no other variant is shown to keep the limits at any level.';
    if (gain !== null && gain <= 0) {
      return `Keep the baseline for now: no gain in ${metric} is shown, and none is likely ${among(results)}.`;
    }
    if (gain !== null) {
      return `Keep the baseline for now: no gain in ${metric} is shown, but one of up to ${change(gain)} is still possible ${among(results)}.`;
    }
    return `Keep the baseline for now: ${blocksInWords(blocks)} ${blocks === 1 ? 'is' : 'are'} too few to say anything about ${metric}.`;
  },
  INVALID: ({ verdict }) => `No verdict: ${reasonInWords(verdict.reason) ?? 'the measurements cannot be trusted'}.`,
};

/** What a screen left behind was measured as well, but nothing is known of it that would bound its gain. */
function among({ variants }: Results): string {
  return variants.some(({ status }) => status === 'screened out') ? 'among the finalists' : 'among those measured';
}

function deploy(results: Results): string {
  const { what, aside } = pickInWords(results);
  const pick = `${what}${levelOf(results, results.verdict.pick)}${aside}`;
  if (results.engine.transferable) return `Deploy ${pick}`;
  return `In this rehearsal ${pick}${aside === '' ? '' : ','} is ahead`;
}

/** " (16 outstanding)" of a variant that has a level of its own. */
function levelOf({ variants }: Results, id: string): string {
  const level = variants.find((variant) => variant.id === id)?.capacity?.level ?? null;
  return level === null ? '' : ` (${count(level)} outstanding)`;
}

function gainOfPick({ verdict, variants }: Results): string {
  const gain = variants.find(({ id }) => id === verdict.pick)?.comparison?.gain;
  const metric = metricInWords(verdict.objective);
  if (gain === undefined || gain.point === null) return `${metric} that has no estimate`;
  return `${metric} of ${change(gain.point)} (simultaneous ${share(gain.confidence)} interval ${interval(gain, change)})`;
}

function tieOf(results: Results): string {
  const { verdict } = results;
  const margin = share(verdict.practicalMargin);
  if (verdict.tied.length < 2) return `none ${among(results)} is better than it by more than ${margin}`;
  return `${names(verdict.tied)} are equal within ${margin}, and ${name(verdict.pick)} is the cheapest of them`;
}

function unresolved({ verdict }: Results): string {
  const open = `which of ${names(verdict.bestSet)} is best is not resolved`;
  if (verdict.resolution === null) return open;
  return `${open}: these blocks cannot tell differences below ±${share(verdict.resolution)} apart`;
}

function falseClaim(results: Results): string {
  return `A false claim: ${name(results.verdict.pick)} seems better than the baseline, with a gain in ${gainOfPick(results)}.`;
}

function baselineFails({ variants }: Results): boolean {
  const { constraints: outcomes = [], capacity = null } = variants.find(({ baseline }) => baseline) ?? {};
  // At a level of its own it fails only where it does so at the lowest.
  if (capacity !== null && capacity.holds !== 'no') return false;
  return outcomes.some(({ outcome }) => outcome === 'fails');
}
