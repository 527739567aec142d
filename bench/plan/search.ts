import type { Settings, SettingValue } from '../modelconfig/settings.ts';
import { type Random, seededRandom } from '../random.ts';

/** Values to try, one by one, or a range to draw from. */
export type ParameterSpace =
  | readonly SettingValue[]
  | { readonly from: number; readonly to: number; readonly scale: 'linear' | 'log'; readonly whole: boolean };

/**
 * What a plan searches: every combination, each value by itself over the committed configuration, combinations drawn at
 * random, or a Latin hypercube, in which each parameter's values are spread evenly over the samples.
 */
export type Search = {
  readonly strategy: 'grid' | 'one-at-a-time' | 'random' | 'latin-hypercube';
  readonly parameters: Readonly<Record<string, ParameterSpace>>;
  readonly samples: number;
};

/** More variants than that no budget pays for. */
export const variantsMost = 1_000;
/** Draws that repeat an earlier one are drawn again that often; then the space is used up. */
const drawsPerSample = 50;

/** The settings of each variant of a search, no two the same. The same seed gives the same ones. */
export function expandSearch(search: Search, seed: number): Settings[] {
  const found = new Map<string, Settings>();
  for (const settings of settingsOf(search, seededRandom(seed))) found.set(JSON.stringify(settings), settings);
  return [...found.values()];
}

/** How many combinations a grid has, without making them. */
export function gridSize({ parameters }: Search): number {
  return Object.values(parameters).reduce((size, space) => size * (Array.isArray(space) ? space.length : 1), 1);
}

function* settingsOf(search: Search, random: Random): Generator<Settings> {
  const spaces = Object.entries(search.parameters);
  if (search.strategy === 'grid') yield* combinations(spaces);
  else if (search.strategy === 'one-at-a-time') {
    for (const [path, space] of spaces) for (const value of listOf(space)) yield { [path]: value };
  } else if (search.strategy === 'random') yield* randomSamples(spaces, search.samples, random);
  else yield* hypercube(spaces, search.samples, random);
}

function* combinations(spaces: readonly (readonly [string, ParameterSpace])[]): Generator<Settings> {
  const [first, ...rest] = spaces;
  if (first === undefined) {
    yield {};
    return;
  }
  const [path, space] = first;
  for (const value of listOf(space)) for (const others of combinations(rest)) yield { [path]: value, ...others };
}

function* randomSamples(
  spaces: readonly (readonly [string, ParameterSpace])[],
  samples: number,
  random: Random,
): Generator<Settings> {
  const seen = new Set<string>();
  for (let draw = 0; draw < samples * drawsPerSample && seen.size < samples; draw += 1) {
    const settings = Object.fromEntries(spaces.map(([path, space]) => [path, valueAt(space, random.next())]));
    const key = JSON.stringify(settings);
    if (seen.has(key)) continue;
    seen.add(key);
    yield settings;
  }
}

function* hypercube(
  spaces: readonly (readonly [string, ParameterSpace])[],
  samples: number,
  random: Random,
): Generator<Settings> {
  const places = spaces.map(() => random.permutation(samples));
  for (let sample = 0; sample < samples; sample += 1) {
    yield Object.fromEntries(
      spaces.map(([path, space], index) => [
        path,
        valueAt(space, ((places[index]?.[sample] ?? 0) + random.next()) / samples),
      ]),
    );
  }
}

/** The value at a share (0 to 1) of the way through a space. */
function valueAt(space: ParameterSpace, share: number): SettingValue {
  if (!isRange(space)) return space[Math.min(space.length - 1, Math.floor(share * space.length))] ?? null;
  const { from, to, scale, whole } = space;
  // Whole numbers get equal shares each, the ends included.
  const [low, high] = whole ? [from - 0.5, to + 0.5] : [from, to];
  const least = whole ? Math.max(low, 0.5) : low;
  const value = scale === 'log' ? least * (high / least) ** share : low + (high - low) * share;
  return whole ? Math.min(to, Math.max(from, Math.round(value))) : value;
}

function listOf(space: ParameterSpace): readonly SettingValue[] {
  if (isRange(space)) throw new RangeError('a range has no list of values');
  return space;
}

function isRange(space: ParameterSpace): space is Exclude<ParameterSpace, readonly SettingValue[]> {
  return !Array.isArray(space);
}
