import { slicesToMeetStalls } from '../stats/constraints.ts';
import { count } from './format.ts';
import { clause, names } from './phrases.ts';
import type { Results, VariantResult } from './results.ts';

/** What the verdict leaves open: constraints that are undecided, and variants of which nothing is known since they left. */
export function openQuestions(results: Results): string[] {
  return results.verdict.kind === 'INVALID' ? [] : [...undecidedConstraints(results), ...left(results)];
}

function undecidedConstraints({ verdict, run, plan }: Results): string[] {
  const { undecided, blocks } = verdict;
  if (undecided.length === 0) return [];
  const slices = blocks * run.slicesPerBlock;
  const onPercentiles = plan.constraints.some((text) => /^latency\.p\d/.test(text));
  const why =
    onPercentiles && slices < slicesToMeetStalls
      ? `: a limit on a percentile takes ${count(slicesToMeetStalls)} slices of a variant to be shown, and there were ${count(slices)}`
      : '';
  return [
    `Whether ${names(undecided)} ${undecided.length === 1 ? 'holds' : 'hold'} the constraints is undecided${why}.`,
  ];
}

/** The client being too slow for it is a reason, too: what left may have been the best. */
function left({ variants }: Results): string[] {
  const unstable = variants.filter(({ status, baseline }) => status === 'unstable' && !baseline);
  if (unstable.length === 0) return [];
  const ids = unstable.map(({ id }) => id);
  return [`${names(ids)} left as unstable, and nothing is known of ${what(unstable)}.`];
}

function what([only, ...more]: readonly VariantResult[]): string {
  if (only === undefined || more.length > 0) return 'what they would gain';
  return `what it would gain${only.reason === null ? '' : ` (${clause(only.reason)})`}`;
}
