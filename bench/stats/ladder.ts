import type { ConstraintOutcome } from './arm.ts';
import type { LevelFinding } from './level-finding.ts';
import { mean } from './moments.ts';
import { pooledSd } from './pooled-sd.ts';

/** What is known of one variant, by level. */
export type Findings = ReadonlyMap<number, LevelFinding>;

/** A variant on its way up the levels. */
export type Climber = { readonly id: string; readonly findings: Findings };

/**
 * The level of a variant. `holds`: its limits were shown to hold there; `likely`: time was up before that; `no`: not even the
 * lowest level was shown to hold, and the level is null of all but the baseline.
 */
export type LevelChoice = {
  readonly id: string;
  readonly level: number | null;
  readonly holds: 'shown' | 'likely' | 'no';
};

/** The baseline is measured so often where another variant was shown to hold and it was not shown to fail. */
const challengeSlices = 12;

/**
 * The level to measure next of each variant that is not at its end; none when the levels can be chosen. The baseline is
 * the first, and done before the others begin, which go straight to its level from the lowest. A variant doubles its level, a slice each, up to the first that breaks a limit; goes by halves between that and the
 * last that did not; and shows that where this ends the limits hold. Then the baseline is measured where others hold and it does
 * not, since a higher level than the baseline's is for those alone that go where it is shown to fail.
 */
export function nextLevels(
  levels: readonly number[],
  climbers: readonly [Climber, ...Climber[]],
): { readonly id: string; readonly level: number }[] {
  const [baseline, ...variants] = climbers;
  const first = nextOf(levels, baseline.findings, -1);
  if (first !== null) return [{ id: baseline.id, level: first }];
  const guide = highest(levels, baseline.findings).index;
  const climbing = variants.flatMap(({ id, findings }) => {
    const level = nextOf(levels, findings, guide);
    return level === null ? [] : [{ id, level }];
  });
  if (climbing.length > 0) return climbing;
  const challenge = challengeOf(levels, baseline, variants);
  return challenge === null ? [] : [{ id: baseline.id, level: challenge }];
}

/**
 * The level of each variant: the highest that holds, or a lower one that serves clearly more. Between the baseline's highest
 * and the lowest at which it was shown to fail, noise alone may tell a variant from it: there a variant gets the baseline's.
 */
export function chooseLevels(
  levels: readonly number[],
  [baseline, ...variants]: readonly [Climber, ...Climber[]],
): LevelChoice[] {
  const own = highest(levels, baseline.findings);
  const floor = Math.max(0, own.index);
  const failsAt = firstShownToFail(levels, baseline.findings);
  const chosen = (id: string, findings: Findings, index: number, shown: boolean): LevelChoice => ({
    id,
    level: mostThroughput(levels.slice(0, index + 1), findings),
    holds: shown ? 'shown' : 'likely',
  });
  const others = variants.map(({ id, findings }): LevelChoice => {
    const { index, shown } = highest(levels, findings);
    // Time was up before its turn: the baseline's level is the best guess, and the blocks test the limits there.
    if (findings.size === 0) return chosen(id, findings, floor, false);
    if (index < 0) return { id, level: null, holds: 'no' };
    return chosen(id, findings, index > floor && index < failsAt ? floor : index, shown);
  });
  const lowest: LevelChoice = { id: baseline.id, level: levels[0] ?? null, holds: 'no' };
  return [own.index < 0 ? lowest : chosen(baseline.id, baseline.findings, own.index, own.shown), ...others];
}

/** Indexes: of the highest level that was shown to hold, of the highest that seems to, of the lowest that does not; -1 for none. */
type Reach = { readonly shown: number; readonly likely: number; readonly failed: number };

/** What breaks the limits at one level breaks them above. */
function reachOf(levels: readonly number[], findings: Findings): Reach {
  const first = levels.findIndex((level) => findings.get(level)?.verdict === 'not');
  const failed = first === -1 ? levels.length : first;
  const below = levels.slice(0, failed);
  return {
    shown: below.findLastIndex((level) => findings.get(level)?.verdict === 'holds'),
    likely: below.findLastIndex((level) => findings.get(level)?.within === true),
    failed,
  };
}

/** Null where the highest level that holds is found, or that there is none. `guide`: an index to go on with after the lowest level. */
function nextOf(levels: readonly number[], findings: Findings, guide: number): number | null {
  const { shown, likely, failed } = reachOf(levels, findings);
  const top = Math.max(shown, likely);
  const doubtful = levels.slice(top + 1, failed).find((level) => findings.get(level)?.verdict === 'open');
  if (doubtful !== undefined) return doubtful;
  if (failed === levels.length && top < levels.length - 1)
    return top >= 0 && guide > top ? (levels[guide] ?? null) : rungAbove(levels, top);
  const middle = Math.floor((top + failed) / 2);
  if (failed < levels.length && middle > top) return levels[middle] ?? null;
  return top > shown ? (levels[top] ?? null) : null;
}

/** The first level that is at least double, or the last. */
function rungAbove(levels: readonly number[], index: number): number | null {
  const level = levels[index] ?? 0;
  return levels.find((each) => each > level && each >= 2 * level) ?? levels.at(-1) ?? null;
}

/** A level that was shown to hold comes before a higher one that only seems to. */
function highest(levels: readonly number[], findings: Findings): { index: number; shown: boolean } {
  const { shown, likely } = reachOf(levels, findings);
  return { index: shown >= 0 ? shown : likely, shown: shown >= 0 };
}

/** The highest of the others' levels that the baseline is neither shown to hold nor to fail; null where nothing is left to see. */
function challengeOf(levels: readonly number[], { findings }: Climber, variants: readonly Climber[]): number | null {
  const floor = Math.max(0, highest(levels, findings).index);
  const failsAt = firstShownToFail(levels, findings);
  const wanted = variants.map((variant) => highest(levels, variant.findings).index);
  const level = levels[Math.max(-1, ...wanted.filter((index) => index > floor && index < failsAt))];
  if (level === undefined) return null;
  const known = findings.get(level);
  return known !== undefined && (known.given || known.y.length >= challengeSlices) ? null : level;
}

/** The index of the lowest level at which a variant was shown to fail; the number of levels where there is none. */
function firstShownToFail(levels: readonly number[], findings: Findings): number {
  const index = levels.findIndex((level) => findings.get(level)?.shownToFail === true);
  return index === -1 ? levels.length : index;
}

/** Lower levels are worth it only where they serve more than noise explains: so many standard errors. */
const clearly = 4;

/** The last of `levels`, or a lower one that was seen to serve clearly more, as it does where a server has too much to do at once. */
function mostThroughput(levels: readonly number[], findings: Findings): number | null {
  const last = levels.at(-1) ?? null;
  const measured = levels.flatMap((level) => findings.get(level) ?? []).filter(({ y }) => y.length > 0);
  const own = measured.find(({ level }) => level === last);
  const sd = pooledSd(measured.map(({ y }) => y));
  if (own === undefined || sd === null) return last;
  const better = measured.filter(({ y }) => {
    const error = sd * Math.sqrt(1 / y.length + 1 / own.y.length);
    return mean(y) - mean(own.y) > clearly * error;
  });
  return better.toSorted((a, b) => mean(b.y) - mean(a.y) || b.level - a.level)[0]?.level ?? last;
}

/**
 * What a broken limit of the baseline says: of a baseline that broke it at its lowest level that no level holds; of any other
 * that its level was chosen too high, which is no reason to deploy something else.
 */
export function outcomeAtLevel(
  outcome: ConstraintOutcome,
  level: number | null,
  levels: readonly number[],
): ConstraintOutcome {
  return outcome === 'fails' && level !== levels[0] ? 'undecided' : outcome;
}
