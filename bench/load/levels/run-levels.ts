import { LevelSearch, type SearchResult, type SearchRules } from './search.ts';

/** Measures the levels one after the other; each is told as soon as it is measured. */
export async function* runLevels<T>(
  levels: readonly number[],
  measure: (level: number) => Promise<T>,
): AsyncGenerator<{ readonly level: number; readonly measurement: T }> {
  for (const level of levels) yield { level, measurement: await measure(level) };
}

/** So many measurements in a row that cannot be used end a search: something else than the load is wrong. */
const mostUnusable = 3;

/**
 * Searches the highest of the levels that meets a limit. `measure` tells whether its measurement of a level met it, or
 * undefined for a measurement that says nothing (an invalid one), which is repeated; after three of those in a row the
 * search ends as it is, not complete.
 */
export async function searchLevels(
  levels: readonly number[],
  measure: (level: number) => Promise<boolean | undefined>,
  rules?: SearchRules,
): Promise<SearchResult> {
  const search = new LevelSearch(levels, rules);
  let unusableCount = 0;
  for (let level = search.next(); level !== undefined && unusableCount < mostUnusable; level = search.next()) {
    const passes = await measure(level);
    unusableCount = passes === undefined ? unusableCount + 1 : 0;
    if (passes !== undefined) search.record(passes);
  }
  return search.result;
}
