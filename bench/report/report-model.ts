import { engineFacts, environmentFacts, type Fact, planFacts, runFacts } from './facts.ts';
import { type DiffLine, lineDiff } from './line-diff.ts';
import { loadsDiffer } from './loads.ts';
import { gainInWords, isCapacity, isWeighted, metricInWords, names } from './phrases.ts';
import { clipped, plainLines, plainText } from './plain-text.ts';
import type { Results } from './results.ts';
import { claimsGain, type VerdictInWords, verdictInWords } from './sentence.ts';
import { type VariantRow, variantRows } from './variant-rows.ts';

/** Results as text: what HTML and Markdown show, and in which order. Safe to print, not escaped. */
export type ReportModel = {
  readonly title: string;
  readonly verdict: VerdictInWords;
  /** What the gains are gains in: "throughput", "p99 latency". */
  readonly metric: string;
  /** How a gain is computed, but for the minus 1. */
  readonly gainFormula: string;
  /** True where the objective is no metric of its own, so that no column shows it. */
  readonly weighted: boolean;
  readonly confidence: number;
  readonly measured: readonly VariantRow[];
  readonly left: readonly VariantRow[];
  readonly withConstraints: boolean;
  /** The server's processor time is known of some variant. */
  readonly withCost: boolean;
  /** Variants were sent different loads. */
  readonly withLoads: boolean;
  /** Each variant has a level of its own. */
  readonly withLevels: boolean;
  /** All that have a ladder, in the order of the results. */
  readonly climbed: readonly VariantRow[];
  readonly diagnostics: readonly { variant: string; message: string; advice: string }[];
  /** Empty where the pick is the baseline. */
  readonly diff: readonly DiffLine[];
  readonly diffTitle: string;
  readonly facts: readonly { title: string; facts: readonly Fact[] }[];
  readonly planSource: string;
};

/** Whether there are numbers of a variant; those of one that was screened out come from the screen. */
export function isMeasured(status: VariantRow['status']): boolean {
  return status === 'measured' || status === 'screened out';
}

export function reportModel(results: Results): ReportModel {
  const rows = variantRows(results);
  const { plan, config } = results;
  return {
    title: clipped(plainText(`${plan.name}: ${plan.model}`), 160),
    verdict: verdictInWords(results),
    metric: metricInWords(results.verdict.objective),
    gainFormula: gainInWords(results.verdict.objective),
    weighted: isWeighted(results.verdict.objective),
    confidence:
      results.variants.find((v) => v.comparison !== null)?.comparison?.gain.confidence ?? 1 - results.verdict.alpha,
    measured: rows.filter(({ status }) => isMeasured(status)),
    left: rows.filter(({ status }) => !isMeasured(status)),
    withConstraints: plan.constraints.length > 0,
    withCost: results.variants.some(({ cpuSecondsPer1000 }) => cpuSecondsPer1000.point !== null),
    withLoads: loadsDiffer(results),
    withLevels: isCapacity(results.plan.objective),
    climbed: rows.filter(({ ladder }) => ladder !== ''),
    diagnostics: results.diagnostics.map((diagnostic) => ({
      variant: diagnostic.variantIds.length === 0 ? 'the run' : clipped(names(diagnostic.variantIds), 240),
      message: clipped(plainText(diagnostic.message), 600),
      advice: clipped(plainText(diagnostic.advice), 600),
    })),
    diff: claimsGain(results) ? lineDiff(plainLines(config.baseline), plainLines(config.pick)) : [],
    diffTitle: `config.pbtxt of ${clipped(plainText(results.verdict.pick), 60)} against the baseline`,
    facts: [
      { title: 'Engine', facts: engineFacts(results) },
      { title: 'Run', facts: runFacts(results) },
      { title: 'Plan', facts: planFacts(results) },
      { title: 'Host', facts: environmentFacts(results) },
    ],
    planSource: plainLines(plan.source),
  };
}
