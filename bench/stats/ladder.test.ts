import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../random.ts';
import { type Climber, chooseLevels, type LevelChoice, nextLevels, outcomeAtLevel } from './ladder.ts';
import { findLevels, type LevelSlice } from './level-finding.ts';

const levels = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/** The share of requests above the limit, and ln of the throughput, that a variant shows at a level. */
type World = (level: number) => { readonly share: number; readonly y?: number };

type Climb = {
  readonly choices: readonly LevelChoice[];
  readonly slices: readonly (readonly LevelSlice[])[];
  readonly climbers: readonly [Climber, ...Climber[]];
};

/** Measures as it is told to the end; the baseline's world comes first. */
function climb(worlds: readonly World[], grid: readonly number[] = levels): Climb {
  const slices = worlds.map((): LevelSlice[] => []);
  const climbers = (): [Climber, ...Climber[]] => {
    const [baseline, ...others] = slices.map((own, index) => ({ id: String(index), findings: findLevels(own) }));
    assert(baseline !== undefined);
    return [baseline, ...others];
  };
  for (let next = nextLevels(grid, climbers()); next.length > 0; next = nextLevels(grid, climbers())) {
    for (const { id, level } of next) {
      const { share, y = 0 } = worlds[Number(id)]?.(level) ?? { share: 1 };
      const counts = { aboveLimit: Math.round(1_000 * share), failed: 0, total: 1_000 };
      slices[Number(id)]?.push({ level, y, limits: [{ kind: 'share', counts, allowedShare: 0.01 }] });
    }
  }
  return { choices: chooseLevels(grid, climbers()), slices, climbers: climbers() };
}

/** Keeps the limit up to a level and breaks it clearly above. */
const upTo =
  (most: number): World =>
  (level) => ({ share: level <= most ? 0 : 0.5 });

describe('the ladder', () => {
  it('doubles up to the first level that breaks the limit, and goes by halves from there', () => {
    const { choices, slices } = climb([upTo(12)]);
    assert.deepEqual(choices, [{ id: '0', level: 12, holds: 'shown' }]);
    assert.deepEqual(
      slices[0]?.map(({ level }) => level),
      [1, 2, 4, 8, 16, 16, 16, 12, 12, 12],
    );
  });

  it('leads the others straight to the level of the baseline, once the lowest seems to hold', () => {
    const { choices, slices } = climb([upTo(8), upTo(8), upTo(16)]);
    assert.deepEqual(
      choices.map(({ level }) => level),
      [8, 8, 16],
    );
    assert.deepEqual(
      slices[1]?.slice(0, 3).map(({ level }) => level),
      [1, 8, 16],
    );
  });

  it('gives no level to a variant that breaks the limit at the lowest, and the lowest to such a baseline', () => {
    const { choices, slices } = climb([upTo(0), upTo(0), upTo(4)]);
    assert.deepEqual(choices, [
      { id: '0', level: 1, holds: 'no' },
      { id: '1', level: null, holds: 'no' },
      { id: '2', level: 4, holds: 'shown' },
    ]);
    assert.deepEqual(
      slices[1]?.map(({ level }) => level),
      [1, 1, 1],
    );
  });

  it('finds the highest level that keeps the limit in every world without noise, and measures nothing far above it', () => {
    const grids = fc.uniqueArray(fc.integer({ min: 1, max: 4_096 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        grids,
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 4 }),
        (given, most) => {
          const grid = given.toSorted((a, b) => a - b);
          const { choices, slices } = climb(most.map(upTo), grid);
          for (const [index, { level, holds }] of choices.entries()) {
            const best = grid.findLast((each) => each <= (most[index] ?? 0)) ?? null;
            assert.equal(level, best === null && index === 0 ? grid[0] : best);
            assert.equal(holds, best === null ? 'no' : 'shown');
          }
          const rung = grid.find((level) => level > (most[0] ?? 0)) ?? 0;
          const highest = Math.max(...(slices[0] ?? []).map(({ level }) => level));
          const wanted = Math.max(...choices.map(({ level }) => level ?? 0));
          assert(highest <= Math.max(wanted, grid.find((level) => level >= 2 * rung) ?? grid.at(-1) ?? 0));
        },
      ),
      { seed: 1, numRuns: 100 },
    );
  });

  it('ends in every world with noise, and goes above the baseline only where that was shown to fail', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: 1, max: 6 }), (seed, count) => {
        const random = seededRandom(seed);
        const worlds = Array.from({ length: count }, (): World => {
          const centre = 40 * random.next();
          return (level) => ({ share: 0.05 * random.next() * (level / centre), y: random.next() });
        });
        const { choices, slices, climbers } = climb(worlds);
        for (const own of slices) assert(own.length <= 12 * levels.length);
        const baseline = choices[0]?.level ?? 0;
        for (const { id, level, holds } of choices.slice(1)) {
          assert.equal(holds === 'no', level === null);
          if (level === null || level <= baseline) continue;
          const kept = climbers[0].findings.values().filter(({ verdict }) => verdict === 'holds');
          const mostKept = Math.max(0, ...kept.map((finding) => finding.level));
          const failed = climbers[0].findings.values().filter(({ shownToFail }) => shownToFail);
          assert(level <= mostKept || failed.some((finding) => finding.level <= level), `${id} at ${level}`);
        }
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it('asks the same of the same slices, whatever was asked before', () => {
    const { slices } = climb([upTo(6), upTo(12)]);
    const begun = slices.map((own, index) => ({
      id: String(index),
      findings: findLevels(own.slice(0, index === 0 ? 9 : 2)),
    }));
    const [baseline, other] = begun;
    assert(baseline !== undefined && other !== undefined);
    assert.deepEqual(nextLevels(levels, [baseline, other]), nextLevels(levels, [baseline, other]));
    assert.deepEqual(nextLevels(levels, [baseline, other]), [{ id: '1', level: 12 }]);
  });
});

describe('the level of a variant', () => {
  const doubtful: World = (level) => ({ share: level <= 4 ? 0 : level < 16 ? 0.01 : 0.5 });

  it('is that of the baseline where the baseline may hold a higher one too', () => {
    // Eight slices at the limit itself decide nothing of 6, 8 and 12; at 16 it is shown to fail.
    let odd = false;
    const uneven: World = (level) => {
      odd = !odd;
      return level > 4 && level < 16 ? { share: odd ? 0.002 : 0.021 } : doubtful(level);
    };
    const { choices } = climb([uneven, upTo(8), upTo(16)]);
    assert.deepEqual(
      choices.map(({ level }) => level),
      [4, 4, 16],
    );
  });

  it('is a lower one where that serves clearly more', () => {
    const noise = [0.01, -0.01, 0];
    const count = new Map<number, number>();
    const thrashing: World = (level) => {
      const seen = (count.get(level) ?? 0) + 1;
      count.set(level, seen);
      return { share: 0, y: (level === 8 ? 1 : level > 8 ? 0.5 : 0.2) + (noise[seen % 3] ?? 0) };
    };
    assert.deepEqual(climb([thrashing]).choices, [{ id: '0', level: 8, holds: 'shown' }]);
    assert.deepEqual(climb([(level) => ({ share: 0, y: Math.log(level) })]).choices[0]?.level, 32);
  });

  it('is the best guess where time was up', () => {
    const slice = (level: number, aboveLimit: number): LevelSlice => ({
      level,
      y: 0,
      limits: [{ kind: 'share', counts: { aboveLimit, failed: 0, total: 1_000 }, allowedShare: 0.01 }],
    });
    const climber = (id: string, ...slices: LevelSlice[]): Climber => ({ id, findings: findLevels(slices) });
    const baseline = climber('baseline', slice(1, 0), slice(2, 0), slice(4, 0));
    assert.deepEqual(chooseLevels(levels, [baseline, climber('none'), climber('some', slice(1, 0), slice(4, 800))]), [
      { id: 'baseline', level: 4, holds: 'likely' },
      { id: 'none', level: 4, holds: 'likely' },
      { id: 'some', level: 1, holds: 'likely' },
    ]);
  });

  it('does not ask for ever of a baseline that cannot be measured where another holds', () => {
    const own: LevelSlice[] = Array(3).fill({
      level: 1,
      y: 0,
      limits: [{ kind: 'share', counts: { aboveLimit: 0, failed: 0, total: 1_000 }, allowedShare: 0.01 }],
    });
    const baseline = { id: '0', findings: findLevels(own, [2, 3, 4, 6, 8, 12, 16, 24, 32]) };
    const variant = {
      id: '1',
      findings: findLevels(
        [1, 1, 1, 2, 2, 2].flatMap((level) => ({ ...own[0], level }) as LevelSlice),
        [3],
      ),
    };
    assert.deepEqual(nextLevels(levels, [baseline, variant]), []);
    assert.deepEqual(chooseLevels(levels, [baseline, variant])[1], { id: '1', level: 1, holds: 'shown' });
  });
});

describe('a limit that the baseline breaks in the blocks', () => {
  it('is the last word at its lowest level alone', () => {
    assert.equal(outcomeAtLevel('fails', 1, levels), 'fails');
    assert.equal(outcomeAtLevel('fails', 4, levels), 'undecided');
    assert.equal(outcomeAtLevel('holds', 4, levels), 'holds');
  });
});
