import type { Estimate } from './estimate.ts';
import { simultaneous } from './simultaneous.ts';

/** A gain under another load than that of the verdict: still one, a loss, or not to be told from the blocks there are. */
export type LevelOutcome = 'holds' | 'turns round' | 'undecided';

export type JudgedLevel = { readonly outcome: LevelOutcome; readonly gain: Estimate | null };

/** `differences`: ln(pick) - ln(baseline), larger is better, by level, then block. All levels share `alpha`. */
export function judgeLevels(differences: readonly (readonly number[])[], alpha: number): JudgedLevel[] {
  return simultaneous(differences, alpha).map((gain) => ({ outcome: outcomeOf(gain), gain }));
}

/** Up to where a gain holds, level by level, away from the load that the verdict was made under. */
export type Reach = {
  readonly from: number;
  readonly to: number;
  /** Levels where the baseline is the better one, ascending. */
  readonly turnsAt: readonly number[];
};

export function reachOf(
  levels: readonly { readonly concurrency: number; readonly outcome: LevelOutcome }[],
  confirmedAt: number,
): Reach {
  const sorted = levels.toSorted((a, b) => a.concurrency - b.concurrency);
  const furthest = (outward: typeof sorted): number => {
    const end = outward.findIndex(({ outcome }) => outcome !== 'holds');
    return outward.slice(0, end === -1 ? outward.length : end).at(-1)?.concurrency ?? confirmedAt;
  };
  return {
    from: furthest(sorted.filter(({ concurrency }) => concurrency < confirmedAt).toReversed()),
    to: furthest(sorted.filter(({ concurrency }) => concurrency > confirmedAt)),
    turnsAt: sorted.filter(({ outcome }) => outcome === 'turns round').map(({ concurrency }) => concurrency),
  };
}

function outcomeOf(gain: Estimate | null): LevelOutcome {
  if (gain === null) return 'undecided';
  if (gain.lower > 0) return 'holds';
  return gain.upper < 0 ? 'turns round' : 'undecided';
}
