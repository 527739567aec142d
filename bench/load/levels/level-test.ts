/** How one level is decided from repeated measurements, each of which says that it meets the limit or does not. */
export type LevelRules = {
  /** The chance of a wrong decision on a level whose measurements agree as often as `agreementRatio` says. */
  readonly errorRatio: number;
  /** Levels whose measurements agree less often are near the limit: either decision does for them. Above 0.5, below 1. */
  readonly agreementRatio: number;
  /** After so many measurements without a decision the level is `undecided`. */
  readonly mostMeasurements: number;
};

/** Three measurements that agree decide a level; at most nine are made. */
export const defaultLevelRules: LevelRules = { errorRatio: 0.02, agreementRatio: 0.8, mostMeasurements: 9 };

export type LevelVotes = { readonly passCount: number; readonly failCount: number };

export type LevelVerdict = 'passes' | 'fails' | 'undecided';

/**
 * Wald's sequential test of "a measurement passes with probability `agreementRatio`" against "... with 1 - `agreementRatio`".
 * A measurement is one vote, whatever the number of its requests: those of one measurement share its noise. Undefined
 * while another measurement is needed.
 */
export function decideLevel({ passCount, failCount }: LevelVotes, rules: LevelRules): LevelVerdict | undefined {
  const lead = leadNeeded(rules);
  if (passCount - failCount >= lead) return 'passes';
  if (failCount - passCount >= lead) return 'fails';
  return passCount + failCount >= rules.mostMeasurements ? 'undecided' : undefined;
}

/** By how many votes one side must lead. */
export function leadNeeded({ errorRatio, agreementRatio }: LevelRules): number {
  if (!(errorRatio > 0 && errorRatio < 0.5)) throw new RangeError(`an error ratio of ${errorRatio} decides nothing`);
  if (!(agreementRatio > 0.5 && agreementRatio < 1)) throw new RangeError(`agreement of ${agreementRatio} is none`);
  return Math.ceil(Math.log((1 - errorRatio) / errorRatio) / Math.log(agreementRatio / (1 - agreementRatio)));
}
