import { decideLevel, defaultLevelRules, type LevelRules, type LevelVerdict } from './level-test.ts';

/** What is known of one level that was measured. */
export type LevelRecord = {
  readonly level: number;
  readonly passCount: number;
  readonly failCount: number;
  /** Null where the measurements were used up before it was decided. */
  readonly verdict: LevelVerdict | null;
};

export type SearchResult = {
  /** The highest level that was shown to meet the limit; null where none was. */
  readonly highest: number | null;
  /** The lowest above it that was not: it failed, or stayed undecided. Null where the highest of all levels passed. */
  readonly beyond: number | null;
  /** False where the measurements were used up: the highest may lie between these two. */
  readonly complete: boolean;
  /** In the order of the levels. */
  readonly levels: readonly LevelRecord[];
  readonly measurementCount: number;
};

export type SearchRules = LevelRules & {
  /** Of all levels together. */
  readonly mostInAll: number;
};

export const defaultSearchRules: SearchRules = { ...defaultLevelRules, mostInAll: 100 };

/**
 * Finds the highest level that meets a limit by bisection; decides only, and measures nothing. It takes for granted that what meets
 * the limit at one level meets it at all lower ones. The lowest level comes first, levels far above the limit are
 * avoided, and an undecided level counts as one that does not meet it: a limit must be shown to be met.
 */
export class LevelSearch {
  readonly #levels: readonly number[];
  readonly #rules: SearchRules;
  readonly #votes = new Map<number, { passCount: number; failCount: number }>();
  /** Indexes: of the highest level that passed, and of the lowest that did not. */
  #passed = -1;
  #failed: number;
  #measurementCount = 0;

  /** `levels` ascend. */
  constructor(levels: readonly number[], rules: SearchRules = defaultSearchRules) {
    if (levels.length === 0) throw new RangeError('there is no level to search');
    if (levels.some((level, index) => index > 0 && level <= (levels[index - 1] ?? 0))) {
      throw new RangeError('the levels of a search must ascend');
    }
    this.#levels = levels;
    this.#rules = rules;
    this.#failed = levels.length;
  }

  /** The level to measure next; undefined when the search has ended. */
  next(): number | undefined {
    if (this.#passed + 1 === this.#failed || this.#measurementCount >= this.#rules.mostInAll) return undefined;
    return this.#levels[this.#index];
  }

  /** Takes a measurement of the level that `next` gave: whether it met the limit. */
  record(passes: boolean): void {
    const level = this.next();
    if (level === undefined) throw new RangeError('the search has ended');
    const index = this.#index;
    const votes = this.#votes.get(index) ?? { passCount: 0, failCount: 0 };
    if (passes) votes.passCount += 1;
    else votes.failCount += 1;
    this.#votes.set(index, votes);
    this.#measurementCount += 1;
    const verdict = decideLevel(votes, this.#rules);
    if (verdict === 'passes') this.#passed = index;
    else if (verdict !== undefined) this.#failed = index;
  }

  get result(): SearchResult {
    return {
      highest: this.#levels[this.#passed] ?? null,
      beyond: this.#levels[this.#failed] ?? null,
      complete: this.#passed + 1 === this.#failed,
      levels: [...this.#votes]
        .sort(([a], [b]) => a - b)
        .map(([index, votes]) => ({
          level: this.#levels[index] ?? 0,
          ...votes,
          verdict: decideLevel(votes, this.#rules) ?? null,
        })),
      measurementCount: this.#measurementCount,
    };
  }

  get #index(): number {
    // Where the lowest level fails nothing is left to search, so it comes first.
    return this.#passed === -1 ? 0 : Math.floor((this.#passed + this.#failed) / 2);
  }
}
